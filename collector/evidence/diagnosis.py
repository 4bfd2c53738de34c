"""Which record is the first that is not what was signed, and what was done to it.

The tiles say what stood in each place, and are believed only as far as they lead to the signed
root. Where they do not, the numbers of the rows are all there is to go by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.evidence.findings import Finding
from collector.evidence.lines import one, said
from collector.evidence.segments import numbered_lines
from collector.evidence.tree import leaf_of, node_of
from core.errors import LogDamaged
from core.merkle import proofs
from core.merkle.note import Checkpoint
from core.merkle.proofs import ProofError

_OURS = "collector/"


@dataclass(frozen=True, slots=True)
class Place:
    """A line in the files: `row` is what it says it is, 0 where it is no record."""

    path: Path
    line: int
    leaf: bytes
    row: int
    text: bytes

    @property
    def where(self) -> tuple[str, int]:
        """File and line, as a finding has them."""
        return self.path.name, self.line


class Diagnosis:
    """*files* are the segments in order, of which the first begins with row *first*.

    Up to row *good* all is as it was signed; *head* is not.
    """

    def __init__(
        self, folder: Path, files: Sequence[Path], first: int, good: int, head: Checkpoint
    ) -> None:
        self._files, self._first, self._good, self._head = files, first, good, head
        self._node = node_of(folder)

    def find(self) -> Finding:
        """Return the first thing that is wrong; raises OSError."""
        try:
            whole = proofs.subtree(0, self._head.size, self._node) == self._head.root
        except (LogDamaged, ValueError):
            whole = False
        found = self._by_tiles() if whole else None
        return found or self._by_numbers()

    def _by_tiles(self) -> Finding | None:
        row = self._first - 1
        for place in self._places():
            row += 1
            if row > self._head.size:
                return None
            if row <= self._good:
                continue
            try:
                signed = self._node(0, row - 1)
                if place.leaf == signed or not self._holds(row, signed):
                    continue  # a damaged tile is another thing
            except (LogDamaged, ValueError):
                continue
            return self._differs(row, signed, place)
        if row < self._head.size:
            return self._cut(row)
        return None

    def _differs(self, row: int, signed: bytes, place: Place) -> Finding:
        rows = f"row {row}"
        if place.row and self._is_signed(place):
            if place.row < row:
                what = f"a copy of row {place.row} stands where {rows} was signed"
                return Finding("inserted", what, *place.where, row)
            later = self._later(place, signed)
            if later is None:
                gone = f"rows {row} to {place.row - 1} are" if place.row - row > 1 else f"{rows} is"
                what = f"{gone} gone; row {place.row} stands in its place"
                return Finding("dropped", what, *place.where, row)
            return self._moved(row, place, later)
        foreign = self._foreign(place)
        if foreign:
            what = f"{rows} and what follows in this file is of {foreign}, another collector's log"
            return Finding("foreign", what, *place.where, row)
        later = self._later(place, signed)
        if later is not None:
            what = f"a line that was never signed stands before {rows}"
            return Finding("inserted", what, *place.where, row)
        shown = "" if place.row == row else f"; it says that it is row {place.row}"
        what = f"{rows} is not what was signed{shown}" if place.row else f"{rows} is no record"
        return Finding("altered", what, *place.where, row)

    def _by_numbers(self) -> Finding:
        row = self._first - 1
        for place in self._places():
            row += 1
            if place.row != row:
                return self._misnumbered(row, place)
        if row < self._head.size:
            return self._cut(row)
        what = (
            f"one of the rows {self._good + 1} to {self._head.size} is not what was signed; the "
            "tiles were changed too, so it cannot be told which"
        )
        return Finding("altered", what, "", 0, self._good + 1)

    def _misnumbered(self, row: int, place: Place) -> Finding:
        if not place.row:
            return Finding("altered", f"row {row} is no record", *place.where, row)
        foreign = self._foreign(place)
        what = f"row {place.row} stands where row {row} belongs"
        if foreign:
            what = f"from row {row} on this file is of {foreign}, another collector's log"
            return Finding("foreign", what, *place.where, row)
        if place.row < row:
            return Finding("inserted", what, *place.where, row)
        later = next((x for x in self._places() if x.row == row), None)
        if later is not None:
            return self._moved(row, place, later)
        return Finding("dropped", f"{what}, which is gone", *place.where, row)

    def _cut(self, row: int) -> Finding:
        what = f"rows {row + 1} to {self._head.size} were signed, and are gone"
        name = self._files[-1].name if self._files else ""
        return Finding("cut", what, name, 0, row + 1)

    def _moved(self, row: int, place: Place, later: Place) -> Finding:
        if place.line == 1 and later.line == 1 and place.path != later.path:
            what = f"it has row {place.row} first, and row {row} begins {later.path.name}"
            return Finding("swapped", what, *place.where, row)
        what = f"row {place.row} stands where row {row} belongs, which is in line {later.line} of "
        return Finding("reordered", what + later.path.name, *place.where, row)

    def _foreign(self, place: Place) -> str:
        """Return whose the rest of the file is, "" where it may be ours."""
        own, other = self._head.origin.rpartition("/")[2], ""
        for number, line in numbered_lines(place.path):
            if number < place.line:
                continue
            found = one(line)
            known = Place(place.path, number, leaf_of(line), found.row if found else 0, b"")
            if known.row and self._is_signed(known):
                return ""
            agent = said(line).agent
            if agent.startswith(_OURS) and agent != _OURS + own:
                other = other or agent
        return other

    def _is_signed(self, place: Place) -> bool:
        try:
            return place.row <= self._head.size and self._holds(place.row, place.leaf)
        except (LogDamaged, ValueError):
            return False

    def _holds(self, row: int, leaf: bytes) -> bool:
        """Return whether the signed tree has *leaf* as this row."""
        size, root = self._head.size, self._head.root
        try:
            path = proofs.inclusion(row - 1, size, self._node)
            proofs.check_inclusion(row - 1, size, leaf, path, root)
        except ProofError:
            return False
        return True

    def _later(self, place: Place, leaf: bytes) -> Place | None:
        """Return where *leaf* stands behind *place*."""
        behind = False
        for found in self._places():
            if behind and found.leaf == leaf:
                return found
            behind = behind or found.where == place.where
        return None

    def _places(self) -> Iterator[Place]:
        for path in self._files:
            try:
                for number, line in numbered_lines(path):
                    if not line.endswith(b"\n"):
                        continue
                    found = one(line)
                    row = found.row if found else 0
                    yield Place(path, number, leaf_of(line), row, line)
            except (LogDamaged, OSError):
                continue  # it is said elsewhere that it cannot be read
