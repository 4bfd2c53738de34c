"""A witness in an agent's spool: triggers that keep each reading and each batch ever committed.

So what an agent took is known from its own commits, not from what arrived or from what it says.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from collector.ranges import Ranges
from core.types import BatchKey, Identity, Lane

_TRIGGERS = """
    CREATE TABLE witness_line (id INTEGER PRIMARY KEY, line BLOB NOT NULL);
    CREATE TRIGGER witness_take AFTER INSERT ON open_reading
    BEGIN INSERT INTO witness_line (line) VALUES (NEW.line); END;
    CREATE TABLE witness_batch (
        id INTEGER PRIMARY KEY, epoch TEXT, lane TEXT, seq INTEGER, crc INTEGER, body BLOB
    );
    CREATE TRIGGER witness_seal AFTER INSERT ON batch
    BEGIN INSERT INTO witness_batch (epoch, lane, seq, crc, body)
        VALUES (NEW.epoch, NEW.lane, NEW.seq, NEW.crc, NEW.body); END;
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch as it was committed."""

    key: BatchKey
    crc: int
    body: bytes


@dataclass(frozen=True)
class Witnessed:
    """What one spool has and ever had at one moment: lines taken, batches sealed, what is left."""

    who: Identity
    taken: list[bytes]
    sealed: list[Sealed]
    open: list[bytes]
    held: dict[BatchKey, int]
    """With the crc of each."""
    dropped: dict[tuple[str, Lane], Ranges]

    @cached_property
    def left(self) -> list[Sealed]:
        """What was sealed and is not in the spool any more, whatever became of it."""
        return [one for one in self.sealed if self.held.get(one.key) != one.crc]


def watch(spool: Path) -> None:
    """Put the witness into a spool that is not in use."""
    with closing(sqlite3.connect(spool)) as db:
        db.executescript(_TRIGGERS)


def hear(spool: Path, who: Identity) -> Witnessed:
    """Return what the witness in *spool* has seen; the agent may be running."""
    with closing(_opened(spool)) as db:
        db.execute("BEGIN")  # all of it at the same moment
        return Witnessed(
            who,
            [line for (line,) in db.execute("SELECT line FROM witness_line ORDER BY id")],
            [
                Sealed(BatchKey(*row[:3]), row[3], bytes(row[4]))
                for row in db.execute(
                    "SELECT epoch, lane, seq, crc, CAST(body AS BLOB) FROM witness_batch"
                )
            ],
            [line for (line,) in db.execute("SELECT line FROM open_reading ORDER BY id")],
            {
                BatchKey(*row[:3]): row[3]
                for row in db.execute("SELECT epoch, lane, seq, crc FROM batch")
            },
            _by_lane(db.execute("SELECT epoch, lane, first, last FROM dropped")),
        )


def count_taken(spool: Path) -> int:
    """Return how many readings were ever committed."""
    return _count(spool, "SELECT count(*) FROM witness_line")


def count_sealed(spool: Path) -> int:
    """Return how many batches were ever sealed; as many as the highest `upto` of `count_held`."""
    return _count(spool, "SELECT count(*) FROM witness_batch")


def count_held(spool: Path, upto: int | None = None) -> int:
    """Return how many batches wait, of the first *upto* that were ever sealed."""
    if upto is None:
        return _count(spool, "SELECT count(*) FROM batch")
    sql = """SELECT count(*) FROM batch JOIN witness_batch USING (epoch, lane, seq)
        WHERE witness_batch.id <= ?"""
    return _count(spool, sql, upto)


def _count(spool: Path, sql: str, *values: object) -> int:
    with closing(_opened(spool)) as db:
        (found,) = db.execute(sql, values).fetchone()
    return int(found)


def _opened(spool: Path) -> sqlite3.Connection:
    return sqlite3.connect(spool, timeout=10, isolation_level=None)


def _by_lane(rows: Iterable[tuple[str, Lane, int, int]]) -> dict[tuple[str, Lane], Ranges]:
    found: dict[tuple[str, Lane], Ranges] = {}
    for epoch, lane, first, last in rows:
        before = found.get((epoch, lane), Ranges())
        found[epoch, lane] = before | Ranges.of([(first, last)])
    return found
