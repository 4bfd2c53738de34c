"""A log's rows against checkpoints that others kept: every row is read, no tile is trusted.

Of rows that retention removed there are the hashes; what they make is held to the same checkpoints.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from collector.evidence.lines import said
from collector.evidence.reader import LogReader
from collector.evidence.rows import RETENTION_ROW, removed_to
from collector.evidence.segments import first_row, segments
from collector.evidence.tree import leaves_in
from core.errors import ConfigError, LogDamaged
from core.merkle.hashing import Edge, leaf_hash
from core.merkle.note import Checkpoint, NoteError, checkpoint_in
from core.merkle.notes import read_framed

Agrees = Literal["agrees", "differs", "ahead"]
_REMOVAL: Final = RETENTION_ROW.encode()


@dataclass(frozen=True, slots=True)
class Compared:
    """How each checkpoint stands to the log of `rows` rows; `damage` stopped the reading.

    Of the first `removed` rows only the hashes were there.
    """

    rows: int
    found: Sequence[tuple[Checkpoint, Agrees]]
    damage: str = ""
    removed: int = 0

    @property
    def fine(self) -> bool:
        """Whether all agree, and there were some."""
        return bool(self.found) and not self.damage and all(w == "agrees" for _, w in self.found)

    def lines(self) -> Iterator[str]:
        """Yield the lines for people."""
        words = {
            "agrees": "一致 agrees",
            "differs": "不一致：记录被改写 DIFFERS: rows were rewritten",
            "ahead": "日志更短：被截断或恢复 THE LOG IS SHORTER: it was cut, or restored",
        }
        for one, word in self.found:
            yield f"{one.origin}  {one.size} 行 rows  {one.extension('time')}  {words[word]}"
        if self.damage:
            yield self.damage
        elif self.removed:
            yield (
                f"前 {self.removed} 行已按保存期限删除，日志中有记录；以其哈希比对 / the first "
                f"{self.removed} rows were removed, as a row says: their hashes were compared"
            )
        some = len(self.found)
        yield f"共 {self.rows} 行，{some} 个检查点 / {self.rows} rows, {some} checkpoints"


def read_all(files: Iterable[Path], keys: Sequence[str]) -> list[Checkpoint]:
    """Return the checkpoints in *files*, with *keys* only those that one of them signed.

    Raises ConfigError that names the file.
    """
    found = []
    for path in files:
        try:
            for note in read_framed(path.read_bytes()):
                if keys and not note.is_by(keys):
                    raise NoteError("a note is by none of the keys")
                found.append(checkpoint_in(note.text))
        except (OSError, NoteError) as error:
            raise ConfigError(f"{path}: {error}") from None
    return found


def compared(folder: Path, checkpoints: Iterable[Checkpoint]) -> Compared:
    """Return how *checkpoints* stand to the log in *folder*."""
    wanted = {one.size for one in checkpoints}
    roots, edge, damage = dict[int, bytes](), Edge(), ""
    removed = next(filter(None, map(first_row, segments(folder))), 1) - 1

    def take(leaf: bytes) -> None:
        edge.append(leaf)
        if edge.size in wanted:
            roots[edge.size] = edge.root()

    if 0 in wanted:
        roots[0] = edge.root()
    try:
        for leaf in leaves_in(folder, 0, removed):
            take(leaf)
        told = not removed
        for _, line in LogReader(folder).lines(removed + 1):
            take(leaf_hash(line))
            told = told or (_REMOVAL in line and removed_to(said(line)) >= removed)
        if not told:
            damage = f"rows 1 to {removed} are gone, and no row says that they were removed"
    except (LogDamaged, OSError) as error:
        damage = str(error)

    def stands(one: Checkpoint) -> Agrees:
        if one.size not in roots:
            return "ahead"
        return "agrees" if roots[one.size] == one.root else "differs"

    ordered = sorted(checkpoints, key=lambda one: (one.origin, one.size))
    return Compared(edge.size, [(one, stands(one)) for one in ordered], damage, removed)
