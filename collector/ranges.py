"""Sets of sequence numbers as ranges: what arrived, what is held, what is missing.

A year of one agent's batches is a handful of ranges, so a set of a million numbers fits into a
row of the ledger, and a birth that claims to hold a quadrillion costs no more than its text.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

import msgspec

Span = tuple[int, int]
"""First and last number of a range, both included."""


class Ranges(msgspec.Struct, frozen=True):
    """An immutable set of whole numbers from 0; `spans` are sorted, apart and never touch."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "Ranges":
        """Return the union of *spans*, which come in any order and may overlap."""
        merged: list[Span] = []
        for first, last in sorted(spans):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def decode(cls, packed: bytes) -> "Ranges":
        """Return the set that `encode` packed."""
        numbers, spans, end = _numbers(packed), [], 0
        for gap in numbers:
            first = end + gap
            end = first + next(numbers)
            spans.append((first, end))
        return cls(tuple(spans))

    def encode(self) -> bytes:
        """Return the set as bytes: the distance to each range and its length, 7 bits a byte."""
        packed, end = bytearray(), 0
        for first, last in self.spans:
            _pack(first - end, packed)
            _pack(last - first, packed)
            end = last
        return bytes(packed)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        at = self._at(number)
        return at >= 0 and number <= self.spans[at][1]

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.spans)

    def __bool__(self) -> bool:
        return bool(self.spans)

    @property
    def highest(self) -> int:
        """The highest number, 0 where there is none."""
        return self.spans[-1][1] if self.spans else 0

    def add(self, number: int) -> "Ranges":
        """Return the set with *number* in it."""
        if number in self:
            return self
        if self.spans and number == self.highest + 1:
            return Ranges((*self.spans[:-1], (self.spans[-1][0], number)))
        return Ranges.of((*self.spans, (number, number)))

    def __or__(self, other: "Ranges") -> "Ranges":
        return Ranges.of(self.spans + other.spans)

    def __sub__(self, other: "Ranges") -> "Ranges":
        left: list[Span] = []
        holes, at = other.spans, 0
        for first, last in self.spans:
            start = first
            while at < len(holes) and holes[at][0] <= last:
                if holes[at][0] > start:
                    left.append((start, holes[at][0] - 1))
                start = max(start, holes[at][1] + 1)
                if holes[at][1] > last:
                    break  # this hole reaches into the next range too
                at += 1
            if start <= last:
                left.append((start, last))
        return Ranges(tuple(left))

    def __and__(self, other: "Ranges") -> "Ranges":
        return self - (self - other)

    def missing(self, high: int) -> "Ranges":
        """Return the numbers from 1 to *high* that are not in the set."""
        return Ranges(((1, high),) if high else ()) - self

    def above(self, number: int) -> int:
        """Return how many numbers of the set are higher than *number*."""
        count = 0
        for first, last in reversed(self.spans):
            if last <= number:
                break
            count += last - max(first - 1, number)
        return count

    def _at(self, number: int) -> int:
        # The index of the last range that begins at or before the number; -1 where none does.
        return bisect_right(self.spans, number, key=_first) - 1


def _first(span: Span) -> int:
    return span[0]


def _pack(number: int, into: bytearray) -> None:
    while number > 127:
        into.append(number & 127 | 128)
        number >>= 7
    into.append(number)


def _numbers(packed: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
