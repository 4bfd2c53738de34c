"""The log as who checks it reads it: lines, checkpoints and proofs; nothing here writes."""

from collections.abc import Iterator
from pathlib import Path

from collector.evidence import segments
from collector.evidence.removed import Removed, removal_of, removed_in
from collector.evidence.signing import Checkpoints
from collector.evidence.tree import leaf_of, leaves_in, node_of
from core.errors import LogDamaged
from core.merkle import note, proofs
from core.merkle.note import Checkpoint, Note
from core.merkle.proofs import Node


class LogReader:
    """The log in *folder*, `audit/` of a collector, which may be running.

    Proofs are made of tiles only, in time and memory that go with the log of its size. Every method
    may raise OSError, and LogDamaged, which names file and record.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._checkpoints = Checkpoints(folder)
        self.node: Node = node_of(folder)
        """Gives the hash of a complete subtree."""

    @property
    def size(self) -> int:
        """The rows that the newest checkpoint covers: what there are proofs for."""
        found = self.checkpoint()
        return found.size if found else 0

    def note(self) -> Note | None:
        """Return the newest checkpoint with its signature, which is not checked here."""
        return self._checkpoints.last()

    def notes(self) -> Iterator[Note]:
        """Return every checkpoint that was signed with its signature, the first first."""
        return self._checkpoints.notes()

    def checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint."""
        found = self.note()
        return note.checkpoint_in(found.text) if found else None

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Return every checkpoint that was signed, the first first."""
        return (note.checkpoint_in(found.text) for found in self.notes())

    def keys(self) -> list[str]:
        """Return the verifier keys that the folder names; the rows `audit_key` are the proof."""
        return self._checkpoints.keys()

    def lines(self, first_row: int = 1) -> Iterator[tuple[int, bytes]]:
        """Return row and line, without its newline, from *first_row* on.

        Raises LogDamaged where a row is missing, or stands in another's place.
        """
        expected = 0
        for path in segments.segment_of(self.folder, first_row):
            for number, line in segments.numbered_lines(path):
                if not line.endswith(b"\n"):
                    return  # it is just being written
                row = segments.row_in(path, number, line)
                expected = expected or (row if row <= first_row else first_row)
                if row != expected:
                    raise LogDamaged(path, expected, self._gap(number, row, expected))
                expected += 1
                if row >= first_row:
                    yield row, line[:-1]

    def removed(self) -> list[Removed]:
        """Return the segments that retention removed, the first first."""
        return removed_in(self.folder)

    def root(self, size: int) -> bytes:
        """Return the root over the first *size* rows."""
        return proofs.subtree(0, size, self.node)

    def leaf(self, index: int) -> bytes:
        """Return the hash that the tree has of row *index* + 1."""
        return self.node(0, index)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that row *index* + 1 is among the first *size*; raises ValueError."""
        return proofs.inclusion(index, size, self.node)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that *new* rows continue *old* ones; raises ValueError."""
        return proofs.consistency(old, new, self.node)

    def check_segment(self, path: Path, upto: int, *, growing: bool = False) -> tuple[int, int]:
        """Return first and last row of a segment; 0, 0 of an empty one.

        Of one that is *growing* the last line may be half there.

        Raises LogDamaged for a row that is not the next one, or, up to row *upto*, not what the
        tree has.
        """
        first = row = 0
        leaves: Iterator[bytes] = iter(())
        for number, line in segments.numbered_lines(path):
            if growing and row >= upto and not line.endswith(b"\n"):
                break
            found = segments.row_in(path, number, line)
            if not first:
                first = found
                leaves = leaves_in(self.folder, first - 1, max(first - 1, upto))
            elif found != row + 1:
                raise LogDamaged(path, row + 1, _wrong(number, found, row + 1))
            row = found
            if row <= upto and leaf_of(line) != next(leaves):
                raise LogDamaged(path, row, f"row {row} is not what was signed as row {row}")
        return first, row

    def check_line(self, row: int, line: bytes) -> None:
        """Raise LogDamaged unless *line* is what the tree has as *row*."""
        if leaf_of(line) != self.leaf(row - 1):
            path = segments.segment_of(self.folder, row)[0]
            raise LogDamaged(path, row, f"row {row} is not what the tree has")

    def _gap(self, number: int, row: int, expected: int) -> str:
        by = removal_of(self.removed(), expected)
        if number == 1 and by:
            return f"row {expected} was removed by retention in row {by.row}"
        return _wrong(number, row, expected)


def _wrong(number: int, row: int, expected: int) -> str:
    if number == 1 and row > expected:
        return f"it begins with row {row}; {expected} is gone"
    return f"line {number} is row {row} and not {expected}"
