"""The spool's statements: what to choose, what a birth tells, how drops are recorded.

Every function works inside the transaction that `agent.spool` has begun.
"""

import sqlite3
from itertools import chain
from typing import Final, Literal

from core.messages import EpochReport
from core.types import BatchKey

Part = Literal["fresh", "backlog", "all"]
"""`fresh` is what this process sealed lately, `backlog` the rest."""

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
