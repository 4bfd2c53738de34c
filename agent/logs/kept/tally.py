"""What a day's file comes to, line by line: rows, gaps, times, its SHA-256 and its Merkle root."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from agent.logs.kept.rows import Row, noted, read
from agent.logs.line import MOST_BYTES
from core.merkle.hashing import Edge, leaf_hash

LONGEST: Final = 2 * MOST_BYTES + 100
"""Bytes of a line: all of a row could be backslashes."""
BLOCK: Final = 256
"""Lines of a block: the root of each is kept beside the seal, so that a bad row can be found."""


@dataclass(slots=True)
class Tally:
    """A leaf of the tree is a line without its newline; the SHA-256 is that of the whole file."""

    rows: int = 0
    size: int = 0
    """Bytes."""
    first: int = 0
    """Of the earliest row (ns), 0 without one; `last` of the latest."""
    last: int = 0
    gaps: Counter[str] = field(default_factory=Counter)
    blocks: list[bytes] = field(default_factory=list)
    unreadable: int = 0
    """Lines that are none of ours."""
    backwards: int = 0
    """The first line, from 1, whose time goes back without a mark; 0 for none."""
    latest: int = 0
    """Of the line that stands last."""
    _tree: Edge = field(default_factory=Edge)
    _block: Edge = field(default_factory=Edge)
    _sha256: Any = field(default_factory=hashlib.sha256)

    @property
    def lines(self) -> int:
        """Return how many lines there are, notes among them."""
        return self._tree.size

    def add(self, line: bytes, row: Row | None = None, *, is_whole: bool = True) -> None:
        """Add *line*, without its newline; *row* is what it says, where that is known.

        One that is not *is_whole* has no newline: the file ends there, or the line is too long.
        """
        leaf = leaf_hash(line)
        self._tree.append(leaf)
        self._block.append(leaf)
        if self._block.size == BLOCK:
            self.blocks.append(self._block.root())
            self._block = Edge()
        written = line + b"\n" if is_whole else line
        self._sha256.update(written)
        self.size += len(written)
        row = row or read(line)
        if row is None:
            self.unreadable += 1
            return
        if row.at < self.latest and not row.is_back and not self.backwards:
            self.backwards = self.lines
        self.latest = row.at
        why, count = noted(row)
        if why:
            self.gaps[why] += count
            return
        self.rows += 1
        self.gaps["clock_back"] += row.is_back
        self.first = min(self.first or row.at, row.at)
        self.last = max(self.last, row.at)

    def root(self) -> bytes:
        """Return the root of the tree over all lines."""
        return self._tree.root()

    def sha256(self) -> str:
        """Return the SHA-256 of the file."""
        return str(self._sha256.hexdigest())

    def all_blocks(self) -> list[bytes]:
        """Return the roots of all blocks, that of the last one also where it is not full."""
        return [*self.blocks, self._block.root()] if self._block.size else list(self.blocks)


def lines_of(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines of *file* without their newline, and whether they had one; memory is bounded.

    What is longer than a row can be comes in pieces.
    """
    while line := file.readline(LONGEST):
        is_whole = line.endswith(b"\n")
        yield (line[:-1] if is_whole else line), is_whole


def tally_of(lines: Iterable[tuple[bytes, bool]]) -> Tally:
    """Return what *lines* come to."""
    found = Tally()
    for line, is_whole in lines:
        found.add(line, is_whole=is_whole)
    return found
