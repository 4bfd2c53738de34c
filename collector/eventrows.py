"""Event rows: a table in the collector's database, and how far each of its readers has got.

A row that is in the audit log has its number for good. Every row keeps the crc of its batch, so
that the same key with other bytes is noticed however late it comes. Nothing deletes rows.
Look: sqlite3 var/collector/ledger.db 'SELECT row, who, body FROM event ORDER BY row DESC LIMIT 9'
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from collector.auditrecord import EventRow
from collector.lanerow import Standing
from collector.ledger import Entry, Ledger
from core.types import BatchKey, Identity

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS event (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        who TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, i INTEGER NOT NULL,
        crc INTEGER NOT NULL, received INTEGER NOT NULL,
        body BLOB NOT NULL,                  -- collector/auditrecord.py
        UNIQUE (who, epoch, seq, i)
    )""",
    # The audit log is its own cursor; the others stand here, each the last row that is done.
    """CREATE TABLE IF NOT EXISTS event_cursor (
        name TEXT PRIMARY KEY, row INTEGER NOT NULL
    ) WITHOUT ROWID""",
)
STOPPED: Final = "stopped"
"""A cursor too: the row that says that the audit log stopped, 0 once it goes on."""
ASKED: Final = "asked"
ANSWERED: Final = "answered"
"""Cursors too: up to which row a command waits for the audit log, and what the collector, which
runs meanwhile, last answered that it has."""
SYNCED: Final = "synced"
"""The cursor of what the audit log was known to have when the last rows came. The log may have
more, never less: it tells after a restore which rows cannot differ from the log's."""
MADE_AGAIN: Final = "made_again"
"""A cursor that a restore leaves: the last row that was made of the audit log again."""
RESTORED: Final = "restored"
"""The kind of the row that follows the last one of a log from which rows were made again."""
PAGE: Final = 500
"""Rows that are read at once; each is at most as large as a message."""
_COLUMNS: Final = "who, epoch, seq, i, crc, received, body"


@dataclass(frozen=True, slots=True)
class EventBatch:
    """A batch with its rows, at least one, not numbered yet; `refused` counts its bad lines."""

    who: Identity
    key: BatchKey
    crc: int
    at: int
    rows: Sequence[EventRow]
    refused: int = 0

    def entry(self, standing: Standing) -> Entry:
        """Return what the ledger is to keep of it."""
        return Entry(self.who, self.key, self.crc, standing, self.refused, self.at)


class EventRows:
    """Every method blocks, may be called from any thread, and may raise sqlite3.Error."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        with ledger.transaction() as db:
            for statement in _SCHEMA:
                db.execute(statement)
        self.synced = self.cursor(SYNCED)
        """Up to this row the audit log is known to be the same; kept with the next rows."""
        self.made_again = self.cursor(MADE_AGAIN)
        """What the rows up to here tell may have been told before."""

    def take(self, batches: Sequence[EventBatch]) -> list[Standing]:
        """Keep each batch that is new, key and rows in one transaction; return how each stands."""
        with self.ledger.transaction() as db:
            move_cursor(db, SYNCED, self.synced)
            return [self._take(db, batch) for batch in batches]

    def note(self, rows: Sequence[EventRow]) -> int:
        """Keep rows of our own; return how many were new, for each is kept once by its key."""
        with self.ledger.transaction() as db:
            move_cursor(db, SYNCED, self.synced)
            return sum(insert(db, row) for row in rows)

    def after(self, row: int, limit: int) -> list[EventRow]:
        """Return the first *limit* rows above *row*."""
        query = f"SELECT {_COLUMNS}, row FROM event WHERE row > ? ORDER BY row LIMIT ?"  # noqa: S608
        with self.ledger.transaction() as db:
            return [EventRow(*found) for found in db.execute(query, (row, limit))]

    def all_after(self, row: int) -> Iterator[EventRow]:
        """Return every row above *row*, read page by page."""
        while found := self.after(row, PAGE):
            yield from found
            row = found[-1].row

    def last(self) -> int:
        """Return the number of the last row, 0 where none is."""
        with self.ledger.transaction() as db:
            (found,) = db.execute("SELECT coalesce(max(row), 0) FROM event").fetchone()
        return int(found)

    def number_of(self, who: str, epoch: str) -> int:
        """Return the last row of an epoch, 0 where there is none."""
        query = "SELECT coalesce(max(row), 0) FROM event WHERE who = ? AND epoch = ?"
        with self.ledger.transaction() as db:
            (found,) = db.execute(query, (who, epoch)).fetchone()
        return int(found)

    def cursor(self, name: str) -> int:
        """Return the last row that the reader called *name* is done with."""
        with self.ledger.transaction() as db:
            return _cursor(db, name)

    def set_cursor(self, name: str, row: int) -> None:
        """Keep how far the reader called *name* has got; it may go back."""
        with self.ledger.transaction() as db:
            move_cursor(db, name, row)

    def advance(self, name: str, before: int, row: int) -> int:
        """Move the reader called *name* from *before* to *row*; return where it is.

        It stays where it is if somebody has moved it meanwhile.
        """
        with self.ledger.transaction() as db:
            now = _cursor(db, name)
            if now != before:
                return now
            move_cursor(db, name, row)
        return row

    def _take(self, db: sqlite3.Connection, batch: EventBatch) -> Standing:
        query = "SELECT crc, max(row) FROM event WHERE who = ? AND epoch = ? AND seq = ?"
        key = (str(batch.who), batch.key.epoch, batch.key.seq)
        found = db.execute(query, key).fetchone()
        standing: Standing = "new"
        if found[1]:
            standing = "repeated" if found[0] == batch.crc else "conflict"
        self.ledger.account([batch.entry(standing)])
        if standing == "new" or (standing == "repeated" and _was_cut(db, found[1])):
            for row in batch.rows:
                insert(db, row)
        return standing


def _cursor(db: sqlite3.Connection, name: str) -> int:
    query = "SELECT row FROM event_cursor WHERE name = ?"
    found = db.execute(query, (name,)).fetchone()
    return int(found[0]) if found else 0


def move_cursor(db: sqlite3.Connection, name: str, row: int) -> None:
    """Keep how far a reader has got, in the transaction of what it made of the rows."""
    db.execute("INSERT OR REPLACE INTO event_cursor VALUES (?, ?)", (name, row))


def forget_after(db: sqlite3.Connection, row: int) -> None:
    """Delete the rows above *row*, which no audit log has, and give their numbers anew."""
    db.execute("DELETE FROM event WHERE row > ?", (row,))
    db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'event'", (row,))


def insert(db: sqlite3.Connection, row: EventRow) -> bool:
    """Insert *row*, under its own number where it has one; return whether it was new."""
    key: tuple[Any, ...] = (row.who, row.epoch, row.seq, row.index)
    # Asked first: an insert that conflicts uses up a number, and a number that is missing from
    # the audit log looks like a record that somebody took out.
    query = "SELECT 1 FROM event WHERE who = ? AND epoch = ? AND seq = ? AND i = ?"
    if db.execute(query, key).fetchone():
        return False
    db.execute(
        f"INSERT INTO event ({_COLUMNS}, row) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (*key, row.crc, row.received, row.body, row.row or None),
    )
    return True


def page(db: sqlite3.Connection, after: int, last: int, limit: int) -> list[EventRow]:
    """Return the first *limit* rows above *after*, none above *last*."""
    query = f"""SELECT {_COLUMNS}, row FROM event
        WHERE row > ? AND row <= ? ORDER BY row LIMIT ?"""  # noqa: S608
    return [EventRow(*found) for found in db.execute(query, (after, last, limit))]


def batch_of(db: sqlite3.Connection, row: EventRow) -> list[EventRow]:
    """Return the rows of the batch that *row* belongs to, up to *row*, in their order."""
    query = f"""SELECT {_COLUMNS}, row FROM event
        WHERE who = ? AND epoch = ? AND seq = ? AND row <= ? ORDER BY i"""  # noqa: S608
    return [EventRow(*found) for found in db.execute(query, (row.who, row.epoch, row.seq, row.row))]


def cursor_of(db: sqlite3.Connection, name: str) -> int | None:
    """Return the last row that a reader is done with, None where there was no such reader."""
    found = db.execute("SELECT row FROM event_cursor WHERE name = ?", (name,)).fetchone()
    return int(found[0]) if found else None


def _was_cut(db: sqlite3.Connection, row: int) -> bool:
    """Return whether a batch that ends with *row* may have had more.

    A log that was torn amid a batch has its first rows only, and so has a database that was made
    of that log; nobody had a receipt for it. The others are taken when it comes again.
    """
    found = db.execute("SELECT who, body FROM event WHERE row = ?", (row + 1,)).fetchone()
    if not found or found[0].count("/") != 1:
        return False
    said = msgspec.json.decode(found[1], type=dict[str, Any])
    return said.get("kind") == RESTORED and said["details"].get("last") == row
