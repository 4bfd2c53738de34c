"""The spool's file: its tables, how it is opened, and what becomes of one that cannot be.

Look inside: sqlite3 var/agent/spool.db 'SELECT epoch, lane, seq, bytes FROM batch'
"""

import contextlib
import logging
import shutil
import sqlite3
from pathlib import Path
from typing import Final

from agent import spoolsalvage
from core.errors import SpoolError

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 2
SCHEMA_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- The open batch: a reading is taken when its row is committed here.
CREATE TABLE open_reading (
    id INTEGER PRIMARY KEY,
    line BLOB NOT NULL,
    unchecked INTEGER NOT NULL
);
CREATE TABLE batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- oldest first, whatever the clock did
    epoch TEXT NOT NULL,
    lane TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL, -- ns
    bytes INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (epoch, lane, seq)
);
-- With the bytes in them, so that sums and the choice of what to send read no bodies.
CREATE INDEX batch_by_lane ON batch (lane, id, bytes);
CREATE INDEX batch_by_age ON batch (lane, sealed_at);
-- Every epoch that the collector has not closed yet, with the highest sequence given out.
CREATE TABLE epoch (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch TEXT NOT NULL,
    lane TEXT NOT NULL,
    high INTEGER NOT NULL,
    UNIQUE (epoch, lane)
);
-- What will never be sent, as ranges that do not touch where `why` is the same.
CREATE TABLE dropped (
    epoch TEXT NOT NULL,
    lane TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (epoch, lane, first)
) WITHOUT ROWID;
"""
SCHEMA_2 = """
-- Conditions that began and have not ended; `details` is JSON.
CREATE TABLE condition (
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT,
    at INTEGER NOT NULL, -- ns
    details TEXT NOT NULL,
    PRIMARY KEY (kind, target, subject)
) WITHOUT ROWID;
-- Event batches that are not like the others: `full` gives way to the next full one, `reserve`
-- lies outside the limit. A table of its own, so that sums read no bodies.
CREATE TABLE apart (id INTEGER PRIMARY KEY, kind TEXT NOT NULL);
CREATE TRIGGER batch_gone AFTER DELETE ON batch BEGIN
    DELETE FROM apart WHERE id = old.id;
END;
"""


SMALL: Final = ("open_reading", "epoch", "dropped", "condition", "apart")
"""Tables without which nothing goes: read whole at each start, to know that they can be."""

LEAST_ROOM: Final = 1_000_000
WORKING_ROOM: Final = 16_000_000
"""Of the disk, beside the batches: SQLite's log, which deleting needs too."""


def room_for(path: Path, wanted: int) -> int:
    """Return how many of the *wanted* bytes of batches the disk has room for, beside the rest.

    A spool that fills its own disk cannot even delete: the log that would say so has no room.
    Raises SpoolError where the folder itself refuses.
    """
    files = [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ours = sum(found.stat().st_size for found in files if found.exists())
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise SpoolError(f"spool {path} cannot be opened: {error}") from error
    # Pages are not filled to the last byte.
    room = (free + ours) * 9 // 10 - WORKING_ROOM
    if room >= wanted:
        return wanted
    room = max(room, LEAST_ROOM)
    _log.warning("spool %s: the disk has room for %d MB of batches only", path, room // 1_000_000)
    return room


def open_spool_file(path: Path) -> sqlite3.Connection:
    """Return the spool at *path*, made if it is missing.

    A file that cannot be read as a spool is set aside beside it, never deleted. What can be read
    of it goes on in a new one; where that is too little, it is begun under a new spool id. Raises
    SpoolError where the folder itself refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _finish_salvage(path)
        try:
            return _opened(path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            return _replaced(path, error)
    except (OSError, sqlite3.Error) as error:
        raise SpoolError(f"spool {path} cannot be opened: {error}") from error


def replaced(path: Path, error: sqlite3.DatabaseError) -> sqlite3.Connection:
    """Return a spool in place of the damaged one at *path*, which nobody has open any more.

    Raises SpoolError.
    """
    try:
        if _finish_salvage(path):
            return _opened(path)
        return _replaced(path, error)
    except (OSError, sqlite3.Error) as problem:
        raise SpoolError(f"spool {path} cannot be replaced: {problem}") from problem


def _replaced(path: Path, error: sqlite3.DatabaseError) -> sqlite3.Connection:
    new = _beside(path)
    _remove(new)
    try:
        with contextlib.closing(_opened(new)) as db:
            spoolsalvage.copy(path, db)
    except sqlite3.DatabaseError as problem:
        _remove(new)
        if not _is_damage(problem):
            raise
        aside = _set_aside(path)
        _log.error("spool %s cannot be read (%s): kept as %s, begun anew", path, error, aside)
        return _opened(path)
    aside = _set_aside(path)
    new.rename(path)
    _log.error("spool %s is damaged (%s): kept as %s, goes on in a new file", path, error, aside)
    return _opened(path)


def _finish_salvage(path: Path) -> bool:
    """Take up what a crash left of a salvage: the file is whole where the old one is gone."""
    new = _beside(path)
    whole = new.exists() and not path.exists()
    if whole:
        new.rename(path)
    _remove(new)
    return whole


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".salvage")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    # The uplink calls it from one worker thread, which need not be the one that opens it.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            _create(db)
        elif version == 1:
            _run(db, SCHEMA_2)
        elif version != SCHEMA_VERSION:
            raise SpoolError(
                f"spool {path} has version {version}; this program reads up to {SCHEMA_VERSION}"
            )
        if not db.execute("SELECT 1 FROM meta WHERE key = 'spool'").fetchone():
            raise sqlite3.DatabaseError("it has no id")
        db.execute("SELECT count(*) FROM batch").fetchone()
        for table in SMALL:
            db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 — our words
    except BaseException:
        db.close()
        raise
    return db


def _create(db: sqlite3.Connection) -> None:
    # In one transaction: a spool without its id would be no spool, and could never be opened.
    name = "INSERT INTO meta VALUES ('spool', lower(hex(randomblob(8))));"
    _run(db, f"{SCHEMA_1} {SCHEMA_2} {name}")


def _run(db: sqlite3.Connection, script: str) -> None:
    db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # A locked file or a full disk is an OperationalError with another code: nothing is broken.
    # A missing table is SQLITE_ERROR; what we found ourselves has no code.
    code = getattr(error, "sqlite_errorcode", None)
    return code in (None, sqlite3.SQLITE_ERROR) or spoolsalvage.damaged(error)


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside
