"""The spool's statements: what to choose, what a birth tells, how drops are recorded.

Every function works inside the transaction that `agent.spool` has begun.
"""

import sqlite3
from collections.abc import Iterable
from itertools import chain
from typing import Final, Literal, NamedTuple

from core import wire
from core.messages import EpochReport
from core.types import BatchKey

Part = Literal["fresh", "backlog", "all"]
"""`fresh` is what this process sealed lately, `backlog` the rest."""

Apart = Literal["", "full", "reserve"]
"""An event batch that the next full one replaces, or one that lies outside the limit."""


class Waiting(NamedTuple):
    """A sealed batch that has no receipt yet; `sealed_at` in ns, `size` in unpacked bytes."""

    key: BatchKey
    sealed_at: int
    size: int
    crc: int


_SELECT_WAITING: Final = (
    "SELECT epoch, lane, seq, sealed_at, bytes, crc FROM batch "
    "WHERE lane = ?1 AND {} ORDER BY id LIMIT ?4"
)
WAITING: Final[dict[Part, str]] = {
    "fresh": _SELECT_WAITING.format("epoch = ?2 AND sealed_at >= ?3"),
    "backlog": _SELECT_WAITING.format("NOT (epoch = ?2 AND sealed_at >= ?3)"),
    "all": _SELECT_WAITING.format("?2 IS NOT NULL AND ?3 IS NOT NULL"),
}

EPOCHS_OLDEST_FIRST: Final = "SELECT epoch FROM epoch GROUP BY epoch ORDER BY min(number)"

_HELD_RANGES: Final = """
SELECT min(seq), max(seq) FROM (
    SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island
    FROM batch WHERE epoch = ? AND lane = ?
) GROUP BY island ORDER BY 1
"""


def report(db: sqlite3.Connection, current: str, max_epochs: int) -> tuple[list[EpochReport], bool]:
    """Return what a birth says, oldest epoch first and *current* last; whether there are more."""
    names = [row[0] for row in db.execute(EPOCHS_OLDEST_FIRST) if row[0] != current]
    chosen = [*names[: max_epochs - 1], current]
    found = chain.from_iterable(reports(db, name, current=name == current) for name in chosen)
    return list(found), len(names) >= max_epochs


def close_epochs(
    db: sqlite3.Connection, epochs: Iterable[str], told: Iterable[EpochReport]
) -> None:
    """Forget *epochs*, but not one of which a batch is still held, or a drop was not *told*."""
    known = {(report.epoch, report.lane, *drop) for report in told for drop in report.dropped}
    dropped = "SELECT epoch, lane, first, last, why FROM dropped WHERE epoch = ?"
    for epoch in epochs:
        held = db.execute("SELECT 1 FROM batch WHERE epoch = ?", (epoch,)).fetchone()
        if not held and known.issuperset(db.execute(dropped, (epoch,))):
            db.execute("DELETE FROM epoch WHERE epoch = ?", (epoch,))
            db.execute("DELETE FROM dropped WHERE epoch = ?", (epoch,))


def reports(db: sqlite3.Connection, epoch: str, *, current: bool) -> list[EpochReport]:
    """Return what a birth says of *epoch*; of the *current* one also what it has not used yet."""
    lanes = db.execute("SELECT lane, high FROM epoch WHERE epoch = ? ORDER BY lane", (epoch,))
    return [
        EpochReport(
            epoch,
            lane,
            high,
            held=[*chain.from_iterable(db.execute(_HELD_RANGES, (epoch, lane)))],
            dropped=db.execute(
                "SELECT first, last, why FROM dropped WHERE epoch = ? AND lane = ? ORDER BY first",
                (epoch, lane),
            ).fetchall(),
        )
        for lane, high in lanes.fetchall()
        if high or current
    ]


def insert(
    db: sqlite3.Connection, key: BatchKey, body: bytes, sealed_at: int, apart: Apart = ""
) -> Waiting:
    """Add a sealed batch."""
    waiting = Waiting(key, sealed_at, len(body), wire.crc(body))
    row = db.execute(
        "INSERT INTO batch (epoch, lane, seq, sealed_at, bytes, crc, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*key, sealed_at, waiting.size, waiting.crc, body),
    ).lastrowid
    if apart:
        db.execute("INSERT INTO apart VALUES (?, ?)", (row, apart))
    return waiting


def counted_bytes(db: sqlite3.Connection) -> int:
    """Return the bytes that count against the limit: all but the reserve."""
    total: int = db.execute("SELECT coalesce(sum(bytes), 0) FROM batch").fetchone()[0]
    return total - reserve_bytes(db)


def reserve_bytes(db: sqlite3.Connection) -> int:
    """Return how much of the reserve is used."""
    sql = "SELECT coalesce(sum(bytes), 0) FROM apart JOIN batch USING (id) WHERE kind = 'reserve'"
    found: int = db.execute(sql).fetchone()[0]
    return found


def first_to_go(db: sqlite3.Connection) -> tuple[BatchKey, int] | None:
    """Return key and size of what a full spool drops next: the oldest readings, then events."""
    chosen = "SELECT epoch, lane, seq, bytes FROM batch WHERE lane = ? {} ORDER BY id LIMIT 1"
    row = (
        db.execute(chosen.format(""), ("readings",)).fetchone()
        or db.execute(
            chosen.format("AND id NOT IN (SELECT id FROM apart WHERE kind = 'reserve')"),
            ("events",),
        ).fetchone()
    )
    return (BatchKey(*row[:3]), row[3]) if row else None


def sealed_before(db: sqlite3.Connection, at: int) -> list[BatchKey]:
    """Return what was sealed before *at* (ns), oldest first.

    Not a list of conditions that nobody answered: the next connect replaces it, nothing is lost.
    """
    sql = (
        "SELECT epoch, lane, seq FROM batch WHERE sealed_at < ?"
        " AND id NOT IN (SELECT id FROM apart WHERE kind = 'full') ORDER BY id"
    )
    return [BatchKey(*row) for row in db.execute(sql, (at,))]


def body_of(db: sqlite3.Connection, key: BatchKey, crc: int) -> tuple[bytes, Apart] | None:
    """Return the bytes of a batch, and how it is apart; None where key and crc do not agree."""
    found: tuple[bytes, Apart] | None = db.execute(
        "SELECT CAST(body AS BLOB), coalesce(apart.kind, '') FROM batch LEFT JOIN apart USING (id)"
        " WHERE epoch = ? AND lane = ? AND seq = ? AND crc = ?",
        (*key, crc),
    ).fetchone()
    return found


def those_apart(db: sqlite3.Connection, apart: Apart) -> list[BatchKey]:
    """Return the batches that are *apart*, oldest first."""
    sql = "SELECT epoch, lane, seq FROM apart JOIN batch USING (id) WHERE kind = ? ORDER BY id"
    return [BatchKey(*row) for row in db.execute(sql, (apart,))]


def forget(db: sqlite3.Connection, key: BatchKey, why: str) -> None:
    """Delete a batch that will never be sent, and record why."""
    db.execute("DELETE FROM batch WHERE epoch = ? AND lane = ? AND seq = ?", key)
    record_drop(db, key, why)


def record_drop(db: sqlite3.Connection, key: BatchKey, why: str) -> None:
    """Add one sequence to the ranges, grown together with neighbours of the same reason."""
    epoch, lane, seq = key
    where = "epoch = ? AND lane = ? AND why = ?"
    before = db.execute(
        f"SELECT first FROM dropped WHERE {where} AND last = ?",  # noqa: S608 — our words
        (epoch, lane, why, seq - 1),
    ).fetchone()
    after = db.execute(
        f"DELETE FROM dropped WHERE {where} AND first = ? RETURNING last",  # noqa: S608
        (epoch, lane, why, seq + 1),
    ).fetchone()
    first, last = before[0] if before else seq, after[0] if after else seq
    db.execute(
        "INSERT OR REPLACE INTO dropped VALUES (?, ?, ?, ?, ?)", (epoch, lane, first, last, why)
    )


def delete(db: sqlite3.Connection, key: BatchKey, crc: int) -> int:
    """Delete one batch where key and crc agree; return how many went."""
    return db.execute(
        "DELETE FROM batch WHERE epoch = ? AND lane = ? AND seq = ? AND crc = ?", (*key, crc)
    ).rowcount


def has(db: sqlite3.Connection, key: BatchKey, crc: int) -> bool:
    """Return whether the spool holds *key* with this *crc*."""
    sql = "SELECT 1 FROM batch WHERE epoch = ? AND lane = ? AND seq = ? AND crc = ?"
    return db.execute(sql, (*key, crc)).fetchone() is not None
