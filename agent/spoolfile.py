"""The spool's file: its tables, how it is opened, and what becomes of one that cannot be.

Look inside: sqlite3 var/agent/spool.db 'SELECT epoch, lane, seq, bytes FROM batch'
"""

import contextlib
import logging
import sqlite3
from pathlib import Path

from core.errors import SpoolError

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
SCHEMA = """
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


def open_spool_file(path: Path) -> sqlite3.Connection:
    """Return the spool at *path*, made if it is missing.

    A file that cannot be read as a spool is set aside beside it, never deleted, and a new one is
    begun under a new spool id. Raises SpoolError where the folder itself refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _opened(path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            aside = _set_aside(path)
            _log.error("spool %s cannot be read (%s): kept as %s, begun anew", path, error, aside)
            return _opened(path)
    except (OSError, sqlite3.Error) as error:
        raise SpoolError(f"spool {path} cannot be opened: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    # The uplink calls it from one worker thread, which need not be the one that opens it.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            _create(db)
        elif version != SCHEMA_VERSION:
            raise SpoolError(f"spool {path} has version {version}; this program reads 1")
        if not db.execute("SELECT 1 FROM meta WHERE key = 'spool'").fetchone():
            raise sqlite3.DatabaseError("it has no id")
        db.execute("SELECT count(*) FROM batch").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _create(db: sqlite3.Connection) -> None:
    # In one transaction: a spool without its id would be no spool, and could never be opened.
    name = "INSERT INTO meta VALUES ('spool', lower(hex(randomblob(8))));"
    version = f"PRAGMA user_version={SCHEMA_VERSION};"
    db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} {name} {version} COMMIT;")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # A locked file or a full disk is an OperationalError with another code: nothing is broken.
    # A missing table is SQLITE_ERROR; what we found ourselves has no code.
    code = getattr(error, "sqlite_errorcode", None)
    return code in (None, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside
