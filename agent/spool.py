"""The agent's durability: what is committed here is sent until the collector has it.

wire.md, "The agent", rules 1, 5 and 6. Every method is one transaction and blocks on the disk,
so the uplink calls it from a worker thread, and from one only.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from agent.spoolfile import open_spool_file
from agent.spoolrows import (
    EPOCHS_OLDEST_FIRST,
    WAITING,
    Part,
    delete,
    has,
    record_drop,
    reports,
)
from core import clock, wire
from core.errors import SpoolError
from core.messages import EpochReport
from core.types import LANES, Batch, BatchKey, Lane

DAY: Final = 86_400 * clock.SECOND

MAX_BATCH_BYTES: Final = 200_000
"""Of lines in one batch: leaves room under the limit for what is sent, even uncompressed."""


class Waiting(NamedTuple):
    """A sealed batch that has no receipt yet; `sealed_at` in ns, `size` in unpacked bytes."""

    key: BatchKey
    sealed_at: int
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a spool may hold before it drops: bytes, and the age in ns."""

    max_bytes: int = 256_000_000
    max_age: int = 7 * DAY


class Spool:
    """One process's hold on the spool: `epoch` is new with every process."""

    def __init__(
        self,
        path: Path,
        limits: Limits = Limits(),
        now: clock.Clock = clock.now,
        new_epoch: Callable[[], str] = wire.new_epoch,
    ) -> None:
        self._path, self._limits, self._now, self._new_epoch = path, limits, now, new_epoch
        self._db = open_spool_file(path)
        self.epoch = ""
        self.dropped_batches = 0
        """Since this process started, whatever the reason."""
        self._dropping = 0
        self.id: str = self._rows("SELECT value FROM meta WHERE key = 'spool'")[0][0]
        self.renew_epoch()

    def renew_epoch(self) -> None:
        """Begin a new epoch; what is open is sealed under it with the next batch."""
        epoch = self._new_epoch()
        with self._transaction() as db:
            # An epoch under which nothing was sealed has nothing to account for.
            db.execute("DELETE FROM epoch WHERE high = 0")
            for lane in LANES:
                db.execute("INSERT INTO epoch (epoch, lane, high) VALUES (?, ?, 0)", (epoch, lane))
        self.epoch = epoch

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
            rows = rows[: _fitting(len(row[1]) + 1 for row in rows)]
            unchecked = any(row[2] for row in rows)
            waiting = self._commit_batch(db, [row[1] for row in rows], unchecked=unchecked)
            db.execute("DELETE FROM open_reading WHERE id <= ?", (rows[-1][0],))
            self._make_room(db)
        return waiting

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
            row = db.execute(
                "SELECT body FROM batch WHERE epoch = ? AND lane = ? AND seq = ? AND crc = ?",
                (*key, crc),
            ).fetchone()
            if row is None:
                return False
            header, rest = wire.split_header(row[0])
            unchecked = header is None or header.clock_unchecked
            self._commit_batch(db, rest.split(b"\n")[:-1], unchecked=unchecked, lane=key.lane)
            delete(db, key, crc)
        return True

    def closed(self, epochs: Iterable[str]) -> None:
        """Forget epochs that the collector closed, but not one of which a batch is still held."""
        with self._transaction() as db:
            for epoch in epochs:
                held = db.execute("SELECT 1 FROM batch WHERE epoch = ?", (epoch,)).fetchone()
                if epoch != self.epoch and not held:
                    db.execute("DELETE FROM epoch WHERE epoch = ?", (epoch,))
                    db.execute("DELETE FROM dropped WHERE epoch = ?", (epoch,))

    def drop_old(self) -> int:
        """Drop what is older than the limit, recorded as `old`; return how many."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT epoch, lane, seq FROM batch WHERE sealed_at < ?",
                (self._now() - self._limits.max_age,),
            ).fetchall()
            self._drop(db, [BatchKey(*row) for row in rows], "old")
        return len(rows)

    def size(self) -> tuple[int, int]:
        """Return how many batches wait, and their bytes."""
        count, total = self._rows("SELECT count(*), coalesce(sum(bytes), 0) FROM batch")[0]
        return count, total

    def report(self, max_epochs: int = 200) -> tuple[list[EpochReport], bool]:
        """Return what a birth says of each epoch, oldest first, and whether there are more.

        The current epoch is always among them.
        """
        with self._transaction() as db:
            names = [row[0] for row in db.execute(EPOCHS_OLDEST_FIRST) if row[0] != self.epoch]
            chosen = [*names[: max_epochs - 1], self.epoch]
            found = [
                report
                for name in chosen
                for report in reports(db, name, current=name == self.epoch)
            ]
        return found, len(names) >= max_epochs

    def close(self) -> None:
        """Close the file; what is open stays open and is sealed by the next process."""
        self._db.close()

    def _commit_batch(
        self,
        db: sqlite3.Connection,
        lines: Sequence[bytes],
        *,
        unchecked: bool,
        lane: Lane = "readings",
    ) -> Waiting:
        seq: int = db.execute(
            "UPDATE epoch SET high = high + 1 WHERE epoch = ? AND lane = ? RETURNING high",
            (self.epoch, lane),
        ).fetchone()[0]
        body = wire.seal(wire.Header(self.epoch, seq, len(lines), unchecked), lines)
        key = BatchKey(self.epoch, lane, seq)
        waiting = Waiting(key, self._now(), len(body), wire.crc(body))
        db.execute(
            "INSERT INTO batch (epoch, lane, seq, sealed_at, bytes, crc, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*key, waiting.sealed_at, waiting.size, waiting.crc, body),
        )
        return waiting

    def _make_room(self, db: sqlite3.Connection) -> None:
        total = db.execute("SELECT coalesce(sum(bytes), 0) FROM batch").fetchone()[0]
        # The oldest readings go first, events last (rule 6).
        while total > self._limits.max_bytes:
            row = db.execute(
                "SELECT epoch, lane, seq, bytes FROM batch ORDER BY lane = 'events', id LIMIT 1"
            ).fetchone()
            self._drop(db, [BatchKey(*row[:3])], "full")
            total -= row[3]

    def _drop(self, db: sqlite3.Connection, keys: Sequence[BatchKey], why: str) -> None:
        for key in keys:
            db.execute("DELETE FROM batch WHERE epoch = ? AND lane = ? AND seq = ?", key)
            record_drop(db, key, why)
        self._dropping += len(keys)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._transaction() as db:
            return db.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._dropping = 0
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.rollback()
                raise
            self._db.execute("COMMIT")
            self.dropped_batches += self._dropping
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.rollback()
            raise SpoolError(f"spool {self._path}: {error}") from error


def _fitting(sizes: Iterable[int]) -> int:
    """Return how many lines from the first fit into one batch; always at least one."""
    total = count = 0
    for size in sizes:
        total += size
        if count and total > MAX_BATCH_BYTES:
            break
        count += 1
    return count
