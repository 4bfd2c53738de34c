"""The list of schools without a network, in the collector's database: a restart goes on with it.

Look: sqlite3 var/collector/ledger.db 'SELECT * FROM unconnected WHERE opened AND NOT closed'
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import astuple
from typing import Final

from collector.ledger import Ledger
from collector.outside import SchoolKey
from collector.unconnected import Entry, Listed
from core.errors import StoreBusy
from core.readonly import read_only

MOST_OVER: Final = 200
"""Of those that are over; all are kept."""

_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS unconnected (
    region TEXT NOT NULL, school TEXT NOT NULL,
    began INTEGER NOT NULL, since INTEGER NOT NULL,     -- ns, as all times
    looked INTEGER NOT NULL, counted INTEGER NOT NULL,  -- counted: ns of school time
    cause TEXT NOT NULL, name TEXT NOT NULL, area TEXT NOT NULL,
    opened INTEGER NOT NULL, closed INTEGER NOT NULL, ended TEXT NOT NULL,
    PRIMARY KEY (region, school, began)
) WITHOUT ROWID"""
_ALL: Final = """SELECT region, school, began, since, looked, counted, cause, name, area, opened,
    closed, ended FROM unconnected WHERE """
_KEEP: Final = "INSERT OR REPLACE INTO unconnected VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

Also = Callable[[sqlite3.Connection], None]
"""What is committed together with entries."""


class UnconnectedRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        with ledger.transaction() as db:
            db.execute(_SCHEMA)

    def load(self) -> dict[SchoolKey, Entry]:
        """Return the entries that are not closed."""
        with self._ledger.transaction() as db:
            found = _entries(db, "closed = 0")
        return {entry.key: entry for entry in found}

    def keep(self, changed: Iterable[Entry], also: Also) -> None:
        """Keep what *changed*, and forget who was only watched and is connected again."""
        entries = list(changed)
        kept = [astuple(one) for one in entries if one.opened or not one.closed]
        over = [(*one.key, one.began) for one in entries if one.closed and not one.opened]
        forget = "DELETE FROM unconnected WHERE region = ? AND school = ? AND began = ?"
        with self._ledger.transaction() as db:
            db.executemany(_KEEP, kept)
            db.executemany(forget, over)
            also(db)

    def listed(self, month: int, after: int) -> Listed:
        """Return the list, and what was cleared since *month*; raises StoreBusy.

        By a connection of its own, read-only: a page never holds up a commit.
        """
        try:
            with closing(read_only(self._ledger.path)) as db:
                return _listed(db, month, after)
        except sqlite3.Error as error:
            raise StoreBusy(f"the list cannot be read now: {error}") from error


def _listed(db: sqlite3.Connection, month: int, after: int) -> Listed:
    cleared = db.execute(
        "SELECT closed - opened FROM unconnected WHERE ended = 'connected' AND closed >= ?",
        (month,),
    )
    return Listed(
        open=tuple(_entries(db, "opened > 0 AND closed = 0 ORDER BY since, region, school")),
        over=tuple(_entries(db, f"closed > 0 ORDER BY closed DESC, since LIMIT {MOST_OVER}")),
        cleared=tuple(length for (length,) in cleared),
        month=month,
        after=after,
    )


def _entries(db: sqlite3.Connection, where: str) -> list[Entry]:
    return [Entry(*row) for row in db.execute(_ALL + where)]
