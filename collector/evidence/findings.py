"""What a check of the log may find, each by one word. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final

WORDS: Final = {
    # Somebody changed something.
    "altered": ("内容被改动", "a record is not what was signed"),
    "dropped": ("记录被删除", "records that were signed are gone"),
    "inserted": ("插入了记录", "a record stands where none was signed"),
    "reordered": ("顺序被打乱", "records stand in another order than was signed"),
    "swapped": ("分段文件被对调", "whole files stand in each other's place"),
    "cut": ("末尾被截断", "the end of the log is gone"),
    "rewritten": ("签名后被改写", "the log was rewritten and signed anew"),
    "made_anew": ("哈希树曾重新生成", "tree and checkpoints were gone, and were made anew"),
    "foreign": ("属于另一监测中心", "it is of another collector, or by another key"),
    "checkpoint_altered": ("检查点被改动", "a checkpoint's signature does not hold"),
    "checkpoint_order": ("检查点顺序不对", "checkpoints do not stand in order"),
    "seal_differs": ("封存记录不符", "a packed file is not the one that was sealed"),
    "unsigned": ("没有任何签名", "nothing is signed, so nothing can be told"),
    # Damage or doubt, without anything lost.
    "tile_damaged": ("哈希瓦片损坏", "the tree's files are damaged; the records are whole"),
    "clock_back": ("时钟被调回", "the collector's clock was set back"),
    "renamed": ("文件名与记录的日期不符", "a segment has another day's name than its rows"),
    "side_damaged": ("附属文件损坏", "a small file is damaged; the records are whole"),
    "old_key": (
        "最新检查点仍由旧密钥签名",
        "the newest checkpoint is by the key before the one given",
    ),
    "unreadable": ("无法读取", "a file cannot be read"),
    # Nothing is wrong.
    "retention": ("按保存期限删除", "older records were removed, and a row says so"),
    "torn": ("断电残留", "the last write before a crash, which nobody relied on"),
    "tail": ("末尾尚未签名", "the last rows are not signed yet"),
    "key_of_folder": ("公钥取自日志目录", "the key came from the folder itself"),
    "no_witness": ("没有见证", "no witness was asked"),
    "gap": ("检查点有缺", "no checkpoint stands where there should be some"),
    "clock_told": ("时钟调整已记录", "the clock was set back, and a row says so"),
}
"""For each word what it means, in Chinese and English."""

HARMLESS: Final = frozenset(
    {"retention", "torn", "tail", "key_of_folder", "no_witness", "gap", "clock_told"}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, and where: 0 and "" where that cannot be told."""

    word: str
    what: str
    file: str = ""
    line: int = 0
    row: int = 0

    @property
    def bad(self) -> bool:
        """Whether the log is not as it should be."""
        return self.word not in HARMLESS

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        zh, en = WORDS[self.word]
        place = {"file": self.file, "line": self.line, "row": self.row}
        return {"word": self.word, "bad": self.bad, "zh": zh, "en": en, "what": self.what, **place}


@dataclass(slots=True)
class Report:
    """What a check came to; the bad findings begin with the first bad record."""

    origin: str = ""
    rows: int = 0
    first: int = 0
    last: int = 0
    signed: int = 0
    signed_at: str = ""
    root: str = ""
    key: str = ""
    checkpoints: int = 0
    segments: int = 0
    witnesses: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Whether nothing bad was found."""
        return not any(one.bad for one in self.findings)

    def add(self, word: str, what: str, file: str = "", line: int = 0, row: int = 0) -> None:
        """Add a finding."""
        self.findings.append(Finding(word, what, file, line, row))

    def as_dict(self) -> dict[str, Any]:
        """Return it for programs."""
        names = ("origin", "rows", "first", "last", "signed", "signed_at", "root", "key")
        said = {name: getattr(self, name) for name in names}
        counts = {name: getattr(self, name) for name in ("checkpoints", "segments", "witnesses")}
        found = [one.as_dict() for one in self.findings]
        return {"fine": self.fine, **said, **counts, "findings": found}
