"""What the tree over the log, its signed head and its witnesses say, for 8.1.4.3 c (I-24).

The root is computed again from the lines themselves; `schoolwatch audit verify` looks closer.
"""

import hashlib
from typing import Final

from collector.evidence.notary import at_of
from collector.evidence.reader import LogReader
from collector.evidence.report.finding import Counted, Found, Gap
from collector.evidence.report.logtally import LogTally
from collector.evidence.report.sources import Sources
from core.alerts import Text
from core.clock import SECOND
from core.merkle.note import Checkpoint, Note, NoteError
from core.merkle.witnessing import TIME

OLD: Final = 86_400 * SECOND
TAMPERED: Final = (
    *("audit_altered", "audit_inconsistent", "audit_went_back"),
    *("witness_disagrees", "witness_ahead"),
)
"""Kinds by which the log, agents and witnesses tell that it is not as it was signed."""
AGREES: Final = "agrees"
VERIFY: Final = Text(
    "用 schoolwatch audit verify 查明位置；保留现场，与见证者和备份比对",
    "find the place with schoolwatch audit verify; keep all as it is, compare witnesses and backup",
)
NONE: Final = Gap(
    Text(
        "审计日志尚未由签名检查点和见证者保护",
        "no signed checkpoints and witnesses guard the audit log yet",
    ),
    Text("升级并启动中心，等待一分钟", "upgrade, start the collector, and wait for a minute"),
)


def found(sources: Sources) -> Found:
    """Return what the tree says of the log."""
    log = sources.log
    told = _told(log)
    try:
        note, head = sources.head_note, sources.head
    except (OSError, NoteError) as error:
        what = Text(f"检查点文件损坏：{error}", f"the checkpoint is damaged: {error}")
        return Found(what, gaps=[*told, Gap(what, VERIFY, hole=True)])
    if note is None or head is None:
        return Found(
            Text("尚无签名检查点", "no signed checkpoint yet"),
            gaps=[*told, NONE],
            unknown=True,
        )
    gaps = [*told, *_lines(log, head), *_signature(note, sources), *_age(head, sources.now)]
    agree, witnesses = _witnesses(sources)
    if not agree:
        gaps.append(
            Gap(
                Text("没有见证者持有并认同检查点", "no witness holds a checkpoint and agrees"),
                Text(
                    "升级采集端（采集端即见证者），或在审计员的电脑上做见证",
                    "upgrade the agents, which are witnesses, or have the auditor's host be one",
                ),
            )
        )
    digest = hashlib.sha256(note.encode()).hexdigest()
    return Found(
        Text(
            f"签名检查点覆盖 {head.size} 行（{head.extension(TIME)}），"
            + ("根哈希由日志行重新算出，一致" if log.root == head.root else "根哈希未能核对一致")
            + f"；见证者认同 {agree} / {witnesses}",
            f"a signed checkpoint of {head.size} rows ({head.extension(TIME)}), "
            + ("the root computed anew is its own" if log.root == head.root else "not confirmed")
            + f"; {agree} of {witnesses} witnesses agree",
        ),
        [Counted("audit/checkpoint", "signed note", head.size, digest, f"1–{head.size}")],
        gaps,
    )


def _lines(log: LogTally, head: Checkpoint) -> list[Gap]:
    first = log.segments[0].first if log.segments else 0
    if log.edge is None:
        return [
            Gap(
                Text(
                    f"日志从第 {first} 行开始，无法在此重新计算根哈希",
                    f"the log begins with row {first}: the root cannot be computed here",
                ),
                Text("运行 schoolwatch audit verify", "run schoolwatch audit verify"),
            )
        ]
    last = log.segments[-1].last if log.segments else 0
    if last < head.size:
        what = Text(
            f"签名时有 {head.size} 行，现在只到第 {last} 行：日志被截断",
            f"{head.size} rows were signed and {last} are there: the log was cut",
        )
    elif log.root != head.root:
        what = Text(
            "日志与签名的根哈希不符：有记录被改动", "the log is not what was signed: it was changed"
        )
    else:
        return []
    return [Gap(what, VERIFY, hole=True)]


def _signature(note: Note, sources: Sources) -> list[Gap]:
    """Return what is wrong with who signed; a row that announced a key may have gone by age."""
    log = sources.log
    if note.is_by(log.keys):
        return []
    known = note.is_by(LogReader(sources.audit).keys())
    if known and log.segments and log.segments[0].first > 1:
        return []
    if known:
        what = Text(
            "签名的密钥尚未在日志中公布", "the key that signed is not announced in the log yet"
        )
        return [Gap(what, Text("启动中心，等待一分钟", "start the collector, wait for a minute"))]
    what = Text("检查点的签名与已知的密钥都不符", "no key that is known signed the checkpoint")
    return [Gap(what, VERIFY, hole=True)]


def _age(head: Checkpoint, now: int) -> list[Gap]:
    said, at = head.extension(TIME), at_of(head)
    if now - at <= OLD:
        return []
    return [
        Gap(
            Text(
                f"最近的检查点已超过一天（{said}）",
                f"the newest checkpoint is over a day old ({said})",
            ),
            Text("查看中心是否在运行", "see whether the collector runs"),
        )
    ]


def _told(log: LogTally) -> list[Gap]:
    """Return what somebody told of the log and has not taken back."""
    lines = [log.newest[kind] for kind in TAMPERED if kind in log.newest]
    return [
        Gap(
            Text(f"第 {line.row} 行：{line.kind}", f"row {line.row}: {line.kind}"),
            VERIFY,
            hole=True,
        )
        for line in lines
        if line.active
    ]


def _witnesses(sources: Sources) -> tuple[int, int]:
    """Return how many witnesses agree with the log, and how many there are."""
    if "witness" not in sources.tables():
        return 0, 0
    ((agree, total),) = sources.rows(
        "SELECT coalesce(sum(verdict = ?), 0), count(*) FROM witness", AGREES
    )
    return int(agree), int(total)
