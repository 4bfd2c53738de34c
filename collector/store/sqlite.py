"""The time-series store of a trial or a single school: one SQLite file.

Two connections: one writes, one reads, so that a page never waits for a write, nor a write for a
page (the write-ahead log lets a reader see what was there when it began).
"""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from collector.store import sqlite_file
from collector.store.base import (
    Curves,
    CurvesQuery,
    LastValue,
    RangeQuery,
    RefusedLine,
    Series,
)
from collector.store.sqlite_curves import read_curves
from collector.store.sqlite_door import Door
from collector.store.sqlite_expire import BEFORE_ALL, Curve, expire_piece, forget_empty
from collector.store.sqlite_read import read_last, read_range
from collector.store.sqlite_write import Writer
from core import clock

Connect = Callable[[Path, float], sqlite3.Connection]


class SqliteStore:
    """Keeps the contract of `collector.store.base.Store` in the file at *path*.

    `keep_ns`: older points are refused, 0 for no limit. `busy_seconds`: how long another
    process may hold the file before StoreBusy. Opening may raise StoreBusy and StoreStopped.
    """

    def __init__(
        self,
        path: Path,
        *,
        keep_ns: int = 0,
        busy_seconds: float = 5.0,
        now: clock.Clock = clock.now,
        connect: Connect = sqlite_file.connect,
    ) -> None:
        self._keep_ns, self._now = keep_ns, now
        self._writing = Door(path, lambda: connect(path, busy_seconds), Writer, "BEGIN IMMEDIATE")
        self._reading = Door(path, lambda: connect(path, busy_seconds), _reader, "BEGIN")
        with self._writing.transaction():
            pass  # says at start what is wrong with the file, and makes it where it is missing

    def write(self, lines: bytes) -> list[RefusedLine]:
        """Store line protocol; on return it is on the disk. See `Store.write`."""
        oldest = self._now() - self._keep_ns if self._keep_ns else -(2**63)
        with self._writing.transaction() as writer:
            return writer.write(lines, oldest)

    def range(self, query: RangeQuery) -> list[Series]:
        """Answer *query*; raises QueryError. See `Store.range`."""
        with self._reading.transaction() as db:
            return read_range(db, query)

    def last(self, measurement: str, tags: Mapping[str, str], since: int) -> list[LastValue]:
        """Return newest values. See `Store.last`."""
        with self._reading.transaction() as db:
            return read_last(db, measurement, tags, since)

    def curves(self, query: CurvesQuery) -> list[Curves]:
        """Return whole series. See `Store.curves`."""
        with self._reading.transaction() as db:
            return read_curves(db, query)

    def expire(self, before: int) -> int:
        """Delete points older than *before*; writes go on in between. See `Store.expire`."""
        place: Curve | None = BEFORE_ALL
        gone = 0
        while place is not None:
            with self._writing.transaction() as writer:
                count, place = expire_piece(writer.db, before, place)
                if place is None:
                    forget_empty(writer.db)
                    writer.forget()
            gone += count
        return gone

    def counter(self) -> int:
        """Return the last commit counter written, 0 where none was."""
        with self._reading.transaction() as db:
            row = db.execute("SELECT value FROM counter").fetchone()
            return int(row[0]) if row else 0

    def set_counter(self, value: int) -> None:
        """Keep *value* durably. See `Store.set_counter`."""
        with self._writing.transaction() as writer:
            writer.db.execute("INSERT OR REPLACE INTO counter VALUES (1, ?)", (value,))

    def close(self) -> None:
        """Let go of the file; a transaction under way ends first."""
        self._reading.close()
        self._writing.close()


def _reader(db: sqlite3.Connection) -> sqlite3.Connection:
    db.execute("PRAGMA query_only = ON")
    return db
