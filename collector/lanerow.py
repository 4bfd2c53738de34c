"""One row of the ledger: what is known of one lane of one epoch of one agent.

Pure. The crcs of the last thousand batches lie beside the ranges without their numbers: they
belong to the highest numbers received, in order, so a row stays under 4 kB and a closed epoch's
is a few bytes.
"""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from collector.ranges import Ranges
from core.messages import SUPERSEDED, Drop, EpochReport

KEPT_CRCS: Final = 1_000
_CRC_BYTES: Final = 4
NEVER: Final = -1
MAX_MARKS: Final = 50
"""In one row; of more the two oldest become one, with the later time."""

Mark = tuple[int, int]
"""A sequence, and the time (ns) from which it and all before it were known to exist."""

Standing = Literal["new", "repeated", "conflict", "forgotten"]
"""How a batch stands to what was received before: *forgotten* is a repeat, by its key, whose crc
is not known any more; a readings batch is then written once more before its receipt."""


class LaneRow(msgspec.Struct, frozen=True):
    """Keys received (`received`), counts, and times in ns; `high` is the highest known to exist.

    `told` and `held` are what the last birth said that listed it (its `high`, NEVER where none
    did; what was held then); up to `restored` it was known when the agent had answered a request
    made after a restore. `marks` is empty while nothing is missing.
    """

    received: Ranges = msgspec.field(default_factory=Ranges)
    crcs: bytes = b""
    high: int = 0
    refused_lines: int = 0
    repeats: int = 0
    conflicts: int = 0
    spool: str = ""
    dropped: tuple[Drop, ...] = ()
    first_at: int = 0
    last_at: int = 0
    told: int = NEVER
    held: Ranges = msgspec.field(default_factory=Ranges)
    restored: int = 0
    marks: tuple[Mark, ...] = ()

    @property
    def missing(self) -> Ranges:
        """What is known to exist and was not received; not what is worth nothing any more."""
        worthless = Ranges.of((a, b) for a, b, why in self.dropped if why == SUPERSEDED)
        return self.received.missing(self.high) - worthless

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
        marks = (*self.marks, (seq - 1, at)) if seq > self.high + 1 else self.marks
        return replace(
            self,
            received=self.received.add(seq),
            crcs=self._with_crc(seq, crc),
            high=max(self.high, seq),
            refused_lines=self.refused_lines + refused_lines,
            first_at=self.first_at or at,
            last_at=max(self.last_at, at),
            marks=marks,
        )._pruned()

    def with_report(self, report: EpochReport, spool: str, at: int) -> "LaneRow":
        """Return the row with what a birth that was taken in at *at* says of it."""
        held = Ranges.of(report.held_ranges())
        known = max(report.high, held.highest, *(last for _, last, _ in report.dropped), 0)
        marks = (*self.marks, (known, at)) if known > self.high else self.marks
        return replace(
            self,
            high=max(self.high, known),
            dropped=merged(self.dropped, report.dropped),
            spool=self.spool or spool,
            told=report.high,
            held=held - self.received,
            marks=marks,
        )._pruned()

    def since(self, seq: int) -> int:
        """Return since when at the latest *seq* was known to exist (ns)."""
        return next((at for upto, at in self.marks if seq <= upto), self.last_at)

    def _pruned(self) -> "LaneRow":
        """Return the row without the marks under which nothing is missing any more."""
        if not self.marks:
            return self
        missing, kept, done = self.missing, list[Mark](), 0
        for upto, at in self.marks:
            if missing & Ranges(((done + 1, upto),)):
                kept.append((upto, at))
                done = upto
        while len(kept) > MAX_MARKS:
            del kept[0]  # what it covered is known from the next mark on, which is later
        return replace(self, marks=tuple(kept))

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
