"""One row of the ledger: what is known of one lane of one epoch of one agent.

Pure. The crcs of the last thousand batches lie beside the ranges without their numbers: they
belong to the highest numbers received, in order, so a row stays under 4 kB and a closed epoch's
is a few bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from collector.ranges import Ranges
from core.messages import Drop

KEPT_CRCS: Final = 1_000
_CRC_BYTES: Final = 4

Standing = Literal["new", "repeated", "conflict", "forgotten"]
"""How a batch stands to what was received before: *forgotten* is a repeat, by its key, whose crc
is not known any more; a readings batch is then written once more before its receipt."""


@dataclass(frozen=True, slots=True)
class LaneRow:
    """Keys received (`received`), counts, and times in ns; `high` is the highest known to exist."""

    received: Ranges = field(default_factory=Ranges)
    crcs: bytes = b""
    high: int = 0
    refused_lines: int = 0
    repeats: int = 0
    conflicts: int = 0
    spool: str = ""
    dropped: tuple[Drop, ...] = ()
    first_at: int = 0
    last_at: int = 0

    def standing(self, seq: int, crc: int) -> Standing:
        """Return how a batch with this sequence and crc stands to what was received."""
        if seq not in self.received:
            return "new"
        kept = self._crc(seq)
        if kept is None:
            return "forgotten"
        return "repeated" if kept == crc else "conflict"

    def with_batch(self, seq: int, crc: int, refused_lines: int, at: int) -> "LaneRow":
        """Return the row with a batch that was not in it."""
        return replace(
            self,
            received=self.received.add(seq),
            crcs=self._with_crc(seq, crc),
            high=max(self.high, seq),
            refused_lines=self.refused_lines + refused_lines,
            first_at=self.first_at or at,
            last_at=max(self.last_at, at),
        )

    def with_report(self, high: int, dropped: Iterable[Drop], spool: str) -> "LaneRow":
        """Return the row with what a birth says of it."""
        return replace(
            self,
            high=max(self.high, high),
            dropped=merged(self.dropped, dropped),
            spool=self.spool or spool,
        )

    def _crc(self, seq: int) -> int | None:
        place = self._place(self.received.above(seq) + 1)
        if place < 0:
            return None
        return int.from_bytes(self.crcs[place : place + _CRC_BYTES], "big")

    def _with_crc(self, seq: int, crc: int) -> bytes:
        place = self._place(self.received.above(seq))
        if place < 0:
            return self.crcs  # deeper than what is kept
        packed = crc.to_bytes(_CRC_BYTES, "big")
        return (self.crcs[:place] + packed + self.crcs[place:])[-KEPT_CRCS * _CRC_BYTES :]

    def _place(self, from_top: int) -> int:
        return len(self.crcs) - from_top * _CRC_BYTES


def merged(old: Iterable[Drop], new: Iterable[Drop]) -> tuple[Drop, ...]:
    """Return both lists of drops as one, ranges of the same reason joined."""
    by_why: dict[str, list[tuple[int, int]]] = {}
    for first, last, why in (*old, *new):
        by_why.setdefault(why, []).append((first, last))
    return tuple(
        (first, last, why)
        for why, spans in sorted(by_why.items())
        for first, last in Ranges.of(spans).spans
    )
