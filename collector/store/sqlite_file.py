"""The file of the SQLite store: how it is opened, and what stands in it.

Look into it: sqlite3 var/collector/store.db 'SELECT * FROM series'
"""

import sqlite3
from pathlib import Path
from typing import Final

from core.errors import StoreStopped

APPLICATION_ID: Final = 0x73776473
"""Tells the store from any other SQLite file (the spool, the ledger) given by mistake."""

VERSION: Final = 1

# Curves lie together and in order of time, so a ranged read is one walk and a newest value one
# step back from the end. `value` has no type on purpose: SQLite then keeps 1 and 1.0 apart.
_SCHEMA: Final = (
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        measurement TEXT NOT NULL,
        tags TEXT NOT NULL, -- JSON in order of the keys
        UNIQUE (measurement, tags)
    )""",
    """CREATE TABLE field (
        id INTEGER PRIMARY KEY,
        measurement TEXT NOT NULL,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        UNIQUE (measurement, name)
    )""",
    """CREATE TABLE point (
        series INTEGER NOT NULL,
        field INTEGER NOT NULL,
        time INTEGER NOT NULL,
        value NOT NULL,
        PRIMARY KEY (series, field, time)
    ) WITHOUT ROWID""",
    "CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Open *path*, made anew where it is missing; raises sqlite3.Error or StoreStopped.

    A commit has reached the disk when it returns (synchronous=FULL): receipts rest on it. The
    write-ahead log keeps readers and the writer out of each other's way.
    """
    db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        _check_ours(db, path)
        (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreStopped(f"{path}: needs a local disk; a write-ahead log is refused there")
        db.execute("PRAGMA synchronous = FULL")
        _make_schema(db)
    except BaseException:
        db.close()
        raise
    return db


def _check_ours(db: sqlite3.Connection, path: Path) -> None:
    application, version = _marks(db)
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise StoreStopped(f"{path}: is an SQLite file, but not this program's time series")
    if version > VERSION:
        raise StoreStopped(
            f"{path}: was written by a newer schoolwatch (format {version}, this one knows "
            f"{VERSION}): install that version again, or start with another file"
        )


def _make_schema(db: sqlite3.Connection) -> None:
    if _marks(db)[1] == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    # Another process may have been faster between the question and the lock.
    if _marks(db)[1] == 0:
        for statement in _SCHEMA:
            db.execute(statement)
    db.execute("COMMIT")


def _marks(db: sqlite3.Connection) -> tuple[int, int]:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return application, version
