"""How batches get their sequence and their bytes; the spool decides when.

Every function works inside the transaction that `agent.spool` has begun.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from agent import eventbatch
from agent.spoolrows import Apart, Waiting, insert
from core import clock, wire
from core.events import Header
from core.types import BatchKey, Event, Lane

MAX_BATCH_BYTES: Final = 200_000
"""Of lines in one batch: leaves room under the limit for what is sent, even uncompressed."""


def never_checked() -> bool:
    """Say that the clock was not checked, where nothing checks it."""
    return True


@dataclass(slots=True)
class Sealer:
    """Gives keys of `epoch`; `unchecked` tells whether the clock behind `now` was not checked."""

    now: clock.Clock
    unchecked: Callable[[], bool] = never_checked
    epoch: str = ""

    def lines(self, db: sqlite3.Connection, lines: Sequence[bytes], *, unchecked: bool) -> Waiting:
        """Seal *lines* of readings as one batch."""
        key = self._next_key(db, "readings")
        body = wire.seal(wire.Header(key.epoch, key.seq, len(lines), unchecked), lines)
        return insert(db, key, body, self.now())

    def events(
        self,
        db: sqlite3.Connection,
        events: Iterable[Event],
        apart: Apart = "",
        full_at: int | None = None,
    ) -> list[Waiting]:
        """Seal *events* as the batches that they need; with *full_at* also an empty list."""
        batches = list(eventbatch.split(events, MAX_BATCH_BYTES))
        if full_at is not None and not batches:
            batches = [[]]
        if len(batches) > 1:
            # Each would end what stands in the others. As ordinary batches they end nothing, and
            # what the collector knows to be open changes nothing.
            full_at = None
        return [self._event_lines(db, lines, apart, full_at) for lines in batches]

    def anew(self, db: sqlite3.Connection, lane: Lane, body: bytes, apart: Apart) -> None:
        """Seal the same content under a new key, its clock mark kept."""
        if lane == "events":
            key = self._next_key(db, lane)
            insert(db, key, eventbatch.rekeyed(body, key.epoch, key.seq), self.now(), apart)
        else:
            header, rest = wire.split_header(body)
            unchecked = header is None or header.clock_unchecked
            self.lines(db, rest.split(b"\n")[:-1], unchecked=unchecked)

    def _event_lines(
        self, db: sqlite3.Connection, lines: Sequence[bytes], apart: Apart, full_at: int | None
    ) -> Waiting:
        key = self._next_key(db, "events")
        header = Header(
            *(key.epoch, key.seq, len(lines), self.unchecked()),
            full=full_at is not None,
            at=full_at or 0,
        )
        return insert(db, key, eventbatch.seal(header, lines), self.now(), apart)

    def _next_key(self, db: sqlite3.Connection, lane: Lane) -> BatchKey:
        seq: int = db.execute(
            "UPDATE epoch SET high = high + 1 WHERE epoch = ? AND lane = ? RETURNING high",
            (self.epoch, lane),
        ).fetchone()[0]
        return BatchKey(self.epoch, lane, seq)


def fitting(sizes: Iterable[int]) -> int:
    """Return how many lines from the first fit into one batch; always at least one."""
    total = count = 0
    for size in sizes:
        total += size
        if count and total > MAX_BATCH_BYTES:
            break
        count += 1
    return count
