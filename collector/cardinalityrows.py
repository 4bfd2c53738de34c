"""Which series each publisher has, in the collector's database: a restart opens no hole.

Look: sqlite3 var/collector/ledger.db 'SELECT region, school, agent, measurement,
length(slots) / 16 AS series, since, refused FROM series ORDER BY series DESC LIMIT 20'
"""

import sqlite3
import sys
from array import array
from collections.abc import Callable, Mapping
from typing import Final

from collector.cardinality import Kept, Key
from collector.ledger import Ledger
from core.types import Identity

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS series (
    region TEXT NOT NULL, school TEXT NOT NULL, agent TEXT NOT NULL, measurement TEXT NOT NULL,
    slots BLOB NOT NULL,  -- pairs of 64 bits, little-endian: the series, and its last slot
    since INTEGER NOT NULL, refused INTEGER NOT NULL, refused_at INTEGER NOT NULL,
    PRIMARY KEY (region, school, agent, measurement)
) WITHOUT ROWID"""
_ALL: Final = """SELECT region, school, agent, measurement, slots, since, refused, refused_at
    FROM series"""
_KEEP: Final = "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_FORGET: Final = """DELETE FROM series
    WHERE region = ? AND school = ? AND agent = ? AND measurement = ?"""

Also = Callable[[sqlite3.Connection], None]
"""What is committed together with it."""


class CardinalityRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        with ledger.transaction() as db:
            db.execute(_SCHEMA)

    def load(self) -> dict[Key, Kept]:
        """Return what is kept."""
        with self._ledger.transaction() as db:
            rows = db.execute(_ALL).fetchall()
        return {
            Key(Identity(region, school, agent), measurement): Kept(_slots(blob), *rest)
            for region, school, agent, measurement, blob, *rest in rows
        }

    def keep(self, changed: Mapping[Key, Kept], also: Also = lambda _: None) -> None:
        """Keep what *changed*; what has nothing left is forgotten."""
        kept = [(*_names(key), *_values(one)) for key, one in changed.items() if _has_more(one)]
        over = [_names(key) for key, one in changed.items() if not _has_more(one)]
        with self._ledger.transaction() as db:
            db.executemany(_KEEP, kept)
            db.executemany(_FORGET, over)
            also(db)


def _has_more(one: Kept) -> bool:
    return bool(one.slots or one.since)


def _names(key: Key) -> tuple[str, str, str, str]:
    return (key.who.region, key.who.school, key.who.agent, key.measurement)


def _values(one: Kept) -> tuple[bytes, int, int, int]:
    numbers = array("q", [number for pair in one.slots.items() for number in pair])
    return _ordered(numbers).tobytes(), one.since, one.refused, one.refused_at


def _slots(blob: bytes) -> dict[int, int]:
    numbers = array("q")
    numbers.frombytes(blob)
    numbers = _ordered(numbers)
    return dict(zip(numbers[::2], numbers[1::2]))


def _ordered(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
