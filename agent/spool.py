"""The agent's durability: what is committed here is sent until the collector has it.

wire.md, "The agent", rules 1, 5 and 6. Every method is one transaction and blocks on the disk,
so the uplink calls it from a worker thread, and from one only.
"""

import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent import conditions
from agent.conditions import Tellable
from agent.spooldb import SpoolDb
from agent.spoolrows import (
    WAITING,
    Apart,
    Part,
    Waiting,
    body_of,
    close_epochs,
    counted_bytes,
    delete,
    first_to_go,
    forget,
    has,
    report,
    reserve_bytes,
    sealed_before,
    those_apart,
)
from agent.spoolsalvage import SALVAGED
from agent.spoolseal import Sealer, fitting, never_checked
from agent.spooltrouble import RESERVE_BYTES, Trouble
from core import clock, wire
from core.messages import SUPERSEDED, EpochReport
from core.types import LANES, Batch, BatchKey, Event, Lane

__all__ = ["DAY", "Limits", "Spool", "Waiting"]

DAY: Final = 86_400 * clock.SECOND
NAMES: Final = "names"
"""In `meta`: the key of the sensor's subjects."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a spool may hold before it drops: bytes, and the age in ns."""

    max_bytes: int = 256_000_000
    max_age: int = 7 * DAY


class Spool(SpoolDb):
    """One process's hold on the spool: `epoch` is new with every process.

    `agent` is the target of the events about the spool itself; `unchecked` tells whether the
    clock behind `now` was checked.
    """

    def __init__(
        self,
        path: Path,
        limits: Limits = Limits(),
        now: clock.Clock = clock.now,
        new_epoch: Callable[[], str] = wire.new_epoch,
        *,
        agent: str = "agent",
        unchecked: Callable[[], bool] = never_checked,
        monotonic: clock.Monotonic = clock.monotonic,
    ) -> None:
        self._limits, self._now, self._new_epoch = limits, now, new_epoch
        self._sealer = Sealer(now, unchecked)
        self._trouble = Trouble(agent, path, monotonic)
        super().__init__(path, monotonic)
        self.id = self._spool_id()
        self._before_us: int = self._rows("SELECT coalesce(max(id), 0) FROM batch")[0][0]
        self.renew_epoch()
        with self._transaction() as db:
            self._tell_set_aside(db)

    def renew_epoch(self) -> None:
        """Begin a new epoch; what is open is sealed under it with the next batch."""
        epoch = self._new_epoch()
        with self._transaction() as db:
            # An epoch under which nothing was sealed has nothing to account for.
            db.execute("DELETE FROM epoch WHERE high = 0")
            for lane in LANES:
                db.execute("INSERT INTO epoch (epoch, lane, high) VALUES (?, ?, 0)", (epoch, lane))
        self._sealer.epoch = epoch

    @property
    def epoch(self) -> str:
        """The epoch that new batches get."""
        return self._sealer.epoch

    def take(self, lines: Sequence[bytes], *, unchecked: bool = True) -> int:
        """Commit *lines* to the open batch; return its size in bytes."""
        with self._transaction() as db:
            db.executemany(
                "INSERT INTO open_reading (line, unchecked) VALUES (?, ?)",
                [(line, unchecked) for line in lines],
            )
            size: int = db.execute(
                "SELECT coalesce(sum(length(line) + 1), 0) FROM open_reading"
            ).fetchone()[0]
        return size

    def seal(self, max_lines: int = 5_000) -> Waiting | None:
        """Give the open readings, at most *max_lines* of them, a sequence; None without any."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT id, line, unchecked FROM open_reading ORDER BY id LIMIT ?", (max_lines,)
            ).fetchall()
            if not rows:
                return None
            rows = rows[: fitting(len(row[1]) + 1 for row in rows)]
            unchecked = any(row[2] for row in rows)
            waiting = self._sealer.lines(db, [row[1] for row in rows], unchecked=unchecked)
            db.execute("DELETE FROM open_reading WHERE id <= ?", (rows[-1][0],))
            self._make_room(db)
        return waiting

    def tell(self, events: Iterable[Tellable]) -> list[Waiting]:
        """Seal those of *events* that change which conditions are open; [] where none does."""
        with self._transaction() as db:
            told = self._tell(db, events)
            self._make_room(db)
        return told

    def seal_events(self, events: Iterable[Event]) -> list[Waiting]:
        """Give *events* as many batches as they need, at once."""
        with self._transaction() as db:
            sealed = self._sealer.events(db, events)
            self._make_room(db)
        return sealed

    def names(self, kinds: Collection[str]) -> tuple[str, list[Event]]:
        """Return what is open of *kinds*, and before it the key that made their subjects.

        Where nothing is open, so that no name has to stay, the key is a new one.
        """
        with self._transaction() as db:
            going_on = [one for one in conditions.open_ones(db) if one.kind in kinds]
            row = db.execute("SELECT value FROM meta WHERE key = ?", (NAMES,)).fetchone()
            if row and going_on:
                return row[0], going_on
            key = secrets.token_hex(16)
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (NAMES, key))
        return key, going_on

    def seal_conditions(self) -> list[BatchKey]:
        """Seal the list of what is open, even an empty one; return what it replaces.

        A list that no receipt came for is of no use beside a newer one: it is recorded as
        dropped, `SUPERSEDED`, so that at most one waits however often we connect.
        """
        with self._transaction() as db:
            replaced = those_apart(db, "full")
            for key in replaced:
                forget(db, key, SUPERSEDED)
            self._sealer.events(db, conditions.open_ones(db), apart="full", full_at=self._now())
            self._make_room(db)
        return replaced

    def waiting(
        self, lane: Lane, part: Part, *, since: int, besides: Collection[BatchKey], limit: int
    ) -> list[Waiting]:
        """Return up to *limit* batches of *lane*, oldest first, that are not among *besides*.

        `fresh` is what this process sealed at or after *since* (ns), `backlog` the rest.
        """
        if limit <= 0:
            return []
        out = [key for key in besides if key.lane == lane]
        rows = self._rows(WAITING[part], [lane, self.epoch, since, limit + len(out)])
        found = [Waiting(BatchKey(*row[:3]), *row[3:]) for row in rows]
        return [batch for batch in found if batch.key not in out][:limit]

    def read(self, key: BatchKey) -> Batch | None:
        """Return the batch *key* ready to send; None where it is gone.

        One whose bytes no longer have their crc is dropped as `corrupt`, and None.
        """
        rows = self._rows(
            "SELECT CAST(body AS BLOB), crc, sealed_at FROM batch"
            " WHERE epoch = ? AND lane = ? AND seq = ?",
            key,
        )
        if not rows:
            return None
        body, crc, sealed_at = rows[0]
        if wire.crc(body) != crc:
            with self._transaction() as db:
                self._drop(db, [key], "corrupt")
            return None
        return Batch(key, body, crc, sealed_at)

    def left_of(self, keys: Iterable[BatchKey]) -> set[BatchKey]:
        """Return those of *keys* that wait here, with whatever crc."""
        sql = "SELECT 1 FROM batch WHERE epoch = ? AND lane = ? AND seq = ?"
        with self._transaction() as db:
            return {key for key in keys if db.execute(sql, key).fetchone()}

    def received(self, keys: Iterable[tuple[BatchKey, int]]) -> list[BatchKey]:
        """Delete what the collector has: where key and crc both agree; return those."""
        with self._transaction() as db:
            return [key for key, crc in keys if delete(db, key, crc)]

    def holds(self, keys: Iterable[tuple[BatchKey, int]]) -> list[tuple[BatchKey, int]]:
        """Return those of *keys* that are here with that crc."""
        with self._transaction() as db:
            return [(key, crc) for key, crc in keys if has(db, key, crc)]

    def drop(self, keys: Iterable[tuple[BatchKey, int]], why: str) -> list[BatchKey]:
        """Drop batches for good, where key and crc both agree; return those."""
        with self._transaction() as db:
            gone = [key for key, crc in keys if has(db, key, crc)]
            self._drop(db, gone, why)
        return gone

    def recommit(self, key: BatchKey, crc: int) -> bool:
        """Give a batch whose key carries another content elsewhere a new key of this epoch.

        The caller has renewed the epoch if *key* carries it. Returns whether there was one.
        """
        with self._transaction() as db:
            row = body_of(db, key, crc)
            if row is None:
                return False
            if wire.crc(row[0]) != crc:
                self._drop(db, [key], "corrupt")
                return False
            self._sealer.anew(db, key.lane, *row)
            delete(db, key, crc)
        return True

    def closed(self, epochs: Iterable[str], told: Iterable[EpochReport] = ()) -> None:
        """Forget epochs that the collector closed.

        But not one of which a batch is still held; nor one with a drop that the birth which said
        *told* left out: it closed then for what another machine of this name had told.
        """
        with self._transaction() as db:
            close_epochs(db, set(epochs) - {self.epoch}, told)

    def limit(self, limits: Limits) -> None:
        """Hold *limits* from now on, those of the size from the next batch that is sealed."""
        self._limits = limits

    def drop_old(self) -> int:
        """Drop what is older than the limit, recorded as `old`; return how many."""
        with self._transaction() as db:
            old = sealed_before(db, self._now() - self._limits.max_age)
            self._drop(db, old, "old")
        return len(old)

    def end_what_passed(self) -> None:
        """Tell the end of dropping, of rotten batches, and of files set aside; call each minute."""
        with self._transaction() as db:
            filled = counted_bytes(db) / max(1, self._limits.max_bytes)
            at = self._now()
            over = [*self._trouble.over(filled, at), self._trouble.set_aside(at)]
            self._tell(db, over, apart="reserve")

    def shift_times(self, by: int) -> None:
        """Move what this process sealed by *by* ns: the clock that stamped it was corrected.

        Else what a machine sealed in 1970, before its clock was set, would be too old at once.
        """
        with self._transaction() as db:
            db.execute(
                "UPDATE batch SET sealed_at = sealed_at + ? WHERE id > ?", (by, self._before_us)
            )

    def size(self) -> tuple[int, int]:
        """Return how many batches wait, and their bytes."""
        count, total = self._rows("SELECT count(*), coalesce(sum(bytes), 0) FROM batch")[0]
        return count, total

    def report(self, max_epochs: int = 200) -> tuple[list[EpochReport], bool]:
        """Return what a birth says of each epoch, oldest first, and whether there are more.

        The current epoch is always among them.
        """
        with self._transaction() as db:
            return report(db, self.epoch, max_epochs)

    def _tell(
        self, db: sqlite3.Connection, events: Iterable[Tellable], apart: Apart = ""
    ) -> list[Waiting]:
        told = self._sealer.events(db, conditions.news(db, events), apart)
        while told and reserve_bytes(db) > RESERVE_BYTES:
            forget(db, those_apart(db, "reserve")[0], "full")
            self._dropping += 1
        return told

    def _make_room(self, db: sqlite3.Connection) -> None:
        # The oldest readings go first, events last (rule 6).
        total = counted_bytes(db)
        while total > self._limits.max_bytes and (oldest := first_to_go(db)):
            key, size = oldest
            self._drop(db, [key], "full")
            total -= size

    def _drop(self, db: sqlite3.Connection, keys: Sequence[BatchKey], why: str) -> None:
        for key in keys:
            forget(db, key, why)
        self._dropping += len(keys)
        # From the reserve, since the spool may be full.
        self._tell(db, self._trouble.lost(why, len(keys), self._now()), apart="reserve")

    def _replaced(self) -> None:
        if not self._rows("SELECT 1 FROM epoch WHERE epoch = ?", (self.epoch,)):
            self.id = self._spool_id()
            self._before_us = 0
            self.renew_epoch()
        with self._transaction() as db:
            self._tell_set_aside(db)

    def _spool_id(self) -> str:
        found: str = self._rows("SELECT value FROM meta WHERE key = 'spool'")[0][0]
        return found

    def _tell_set_aside(self, db: sqlite3.Connection) -> None:
        """Tell of files beside the spool, and how much could not be read of the last one."""
        at = self._now()
        sql = "DELETE FROM meta WHERE key = ? RETURNING CAST(value AS INTEGER)"
        lost = sum(row[0] for row in db.execute(sql, (SALVAGED,)).fetchall())
        self._dropping += lost
        self._tell(db, [self._trouble.set_aside(at), *self._trouble.lost("corrupt", lost, at)])
