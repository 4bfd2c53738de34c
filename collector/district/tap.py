"""The few lines that targets are made of, taken out of what agents send on its way past.

They wait for the next turn, in memory and in the collector's database: they come into it in the
transaction that accounts their batches, and leave it in the one that keeps the days which they have
become part of. So whenever a collector is killed, each of them counts once.
Look: sqlite3 var/collector/ledger.db 'SELECT id, length(lines) FROM target_heard'
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from collector.ledger import Ledger
from collector.rollups.marks import Also
from collector.sorting import Item

WANTED: Final = (b"http_response", b"bandwidth", b"agent")
MOST: Final = 500_000
"""Lines that wait for the next turn, which comes each minute; a backlog at full speed is less."""

# A number is never given twice, so that what was taken cannot be taken for what came since.
SCHEMA: Final = """CREATE TABLE IF NOT EXISTS target_heard (
    id INTEGER PRIMARY KEY AUTOINCREMENT, lines BLOB NOT NULL
)"""
FORGET: Final = "DELETE FROM target_heard WHERE id <= ?"


class Taken(NamedTuple):
    """What a turn has to take in, and the last row of the database that it comes from."""

    lines: list[bytes]
    row: int


@dataclass(slots=True)
class _Kept:
    """The wanted lines of `items`, and the row that they have once they are durable."""

    items: Sequence[Item]
    lines: list[bytes]
    row: int = 0

    def keep(self, db: sqlite3.Connection) -> None:
        """Have them stand in the database."""
        blob = b"\n".join(self.lines)
        found = db.execute("INSERT INTO target_heard (lines) VALUES (?)", (blob,))
        self.row = found.lastrowid or 0


class Tap:
    """Lives in the event loop; looks for the few without taking the many apart.

    What an earlier process left is there from the start. Raises sqlite3.Error when made.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._lines: list[bytes] = []
        self._row = self.left_out = 0
        self._kept: _Kept | None = None
        with ledger.transaction() as db:
            db.execute(SCHEMA)
            for row, blob in db.execute("SELECT id, lines FROM target_heard ORDER BY id"):
                self._add(blob.split(b"\n"), row)

    def wanted(self, items: Sequence[Item]) -> Also | None:
        """Return what is to be done where *items* are accounted; None where nothing is."""
        lines = list(_wanted_of(items))
        self._kept = _Kept(items, lines)
        return self._kept.keep if lines else None

    def heard(self, items: Sequence[Item]) -> None:
        """Hear of messages whose lines are durable and accounted."""
        kept, self._kept = self._kept, None
        if kept is None or kept.items is not items:
            kept = _Kept(items, list(_wanted_of(items)))
        self._add(kept.lines, kept.row)

    def take(self) -> Taken:
        """Return what was heard since this was last asked."""
        taken, self._lines = self._lines, []
        return Taken(taken, self._row)

    def _add(self, lines: Iterable[bytes], row: int) -> None:
        self._lines.extend(lines)
        self._row = max(self._row, row)
        over = len(self._lines) - MOST
        if over > 0:
            self.left_out += over
            del self._lines[:over]


def _wanted_of(items: Sequence[Item]) -> Iterator[bytes]:
    for item in items:
        if item.checked and item.checked.good:
            yield from wanted_in(item.checked.body)


def wanted_in(body: bytes) -> Iterator[bytes]:
    """Give the lines of *body* that are wanted, without their newlines."""
    for name in WANTED:
        start = 0 if body.startswith(name + b",") else _next(body, name, 0)
        while start >= 0:
            end = body.find(b"\n", start)
            if end < 0:
                yield body[start:]
                break
            yield body[start:end]
            start = _next(body, name, end)


def _next(body: bytes, name: bytes, after: int) -> int:
    """Return where the next line of *name* begins from the end of a line on, -1 for nowhere."""
    found = body.find(b"\n" + name + b",", after)
    return found + 1 if found >= 0 else -1
