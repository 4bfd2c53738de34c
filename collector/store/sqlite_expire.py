"""Deleting old points in pieces, each a short transaction, so that no write waits long."""

import sqlite3
from typing import Final, NamedTuple

PIECE: Final = 10_000
"""Points deleted, and curves looked at, in one transaction: 10 to 50 ms."""

# With the last time of all in the key SQLite steps over the rest of the curve; without it, it
# walks through every point of it.
NEXT_CURVE: Final = """
    SELECT series, field FROM point
    WHERE (series, field, time) > (?, ?, 9223372036854775807)
    ORDER BY series, field, time LIMIT 1"""

_NTH_OLD: Final = """
    SELECT time FROM point WHERE series = ? AND field = ? AND time < ?
    ORDER BY time LIMIT 1 OFFSET ?"""


class Curve(NamedTuple):
    """One field of one series."""

    series: int
    field: int


BEFORE_ALL: Final = Curve(0, 0)


def expire_piece(
    db: sqlite3.Connection, before: int, after: Curve, piece: int = PIECE
) -> tuple[int, Curve | None]:
    """Delete old points of the curves behind *after*.

    Returns how many went and where the next piece goes on, None where all is done.
    """
    gone = looked = 0
    while gone + looked < piece:
        found = db.execute(NEXT_CURVE, after).fetchone()
        if found is None:
            return gone, None
        curve = Curve(*found)
        until = db.execute(_NTH_OLD, (*curve, before, piece - gone)).fetchone()
        gone += db.execute(
            "DELETE FROM point WHERE series = ? AND field = ? AND time < ?",
            (*curve, until[0] if until else before),
        ).rowcount
        looked += 1
        if until:
            return gone, after
        after = curve
    return gone, after


def forget_empty(db: sqlite3.Connection) -> None:
    """Delete the series that have no point, and the fields of measurements without series.

    A field's type is forgotten with the last series, as InfluxDB forgets it with the shard.
    """
    db.execute(
        "DELETE FROM series WHERE NOT EXISTS (SELECT * FROM point WHERE point.series = series.id)"
    )
    db.execute("DELETE FROM field WHERE measurement NOT IN (SELECT measurement FROM series)")
