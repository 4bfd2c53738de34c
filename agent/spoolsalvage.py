"""What can still be read of a damaged spool, in a new file under the same spool id.

One bad block must not hold up what lies behind it: SQLite can neither read the batch there nor
delete it. So everything else moves into a new file, the batch is recorded as dropped, `corrupt`,
and the damaged file is kept beside it. The new file takes the name when it is complete, so that a
crash on the way costs nothing.
"""

import contextlib
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from agent import spoolrows
from core.types import BatchKey

SALVAGED: Final = "salvaged"
"""In `meta`, until it is told: how many batches could not be read."""

_WHOLE: Final = ("meta", "epoch", "dropped")
"""Without all of these a spool does not know what it has given out and lost."""
_BEST: Final = ("open_reading", "condition", "apart")
"""Of these whatever can be read."""

_log = logging.getLogger(__name__)


def damaged(error: sqlite3.Error) -> bool:
    """Return whether the file itself is broken; a full disk or a lock is another matter."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def copy(old_path: Path, new: sqlite3.Connection) -> int:
    """Copy what can be read of the spool at *old_path* into *new*, which is empty.

    Returns how many batches could not be read. Raises sqlite3.DatabaseError where too little of it
    can be read to go on under its id.
    """
    with closing(sqlite3.connect(old_path, isolation_level=None, timeout=10)) as old:
        new.execute("BEGIN IMMEDIATE")
        new.execute("DELETE FROM meta")
        for table in _WHOLE:
            _insert(new, table, old.execute(f"SELECT * FROM {table}"))  # noqa: S608 — our words
        if not new.execute("SELECT 1 FROM meta WHERE key = 'spool'").fetchone():
            raise sqlite3.DatabaseError("it has no id")
        for table in _BEST:
            with contextlib.suppress(sqlite3.DatabaseError):
                _insert(new, table, old.execute(f"SELECT * FROM {table}"))  # noqa: S608
        lost = sum(not _moved(old, new, row, key) for row, key in _keys(old))
        new.execute("DELETE FROM apart WHERE id NOT IN (SELECT id FROM batch)")
        new.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (SALVAGED, str(lost)))
        new.execute("COMMIT")
    _log.error("spool %s is damaged: %d batches cannot be read, all else is kept", old_path, lost)
    return lost


def _keys(old: sqlite3.Connection) -> list[tuple[int, BatchKey]]:
    sql = "SELECT id, epoch, lane, seq FROM batch"
    try:
        # In the order of the index that has all of it, so that no damaged row is touched.
        found = old.execute(f"{sql} ORDER BY epoch, lane, seq").fetchall()
    except sqlite3.DatabaseError:
        found = old.execute(f"{sql} NOT INDEXED ORDER BY id").fetchall()
    return [(row[0], BatchKey(*row[1:])) for row in found]


def _moved(old: sqlite3.Connection, new: sqlite3.Connection, row: int, key: BatchKey) -> bool:
    """Move one batch; where it cannot be read, record that it is dropped."""
    try:
        found = old.execute("SELECT * FROM batch WHERE id = ?", (row,)).fetchall()
    except sqlite3.DatabaseError as error:
        if not damaged(error):
            raise
        found = []
    _insert(new, "batch", found)
    if not found:
        spoolrows.record_drop(new, key, "corrupt")
    return bool(found)


def _insert(
    new: sqlite3.Connection, table: str, rows: "sqlite3.Cursor | list[tuple[object, ...]]"
) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        new.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608
