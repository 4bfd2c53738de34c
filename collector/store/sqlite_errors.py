"""What SQLite's errors mean to the collector: try again, or a person has to act."""

import sqlite3
from pathlib import Path
from typing import Final

from core.errors import StoreBusy, StoreError, StoreStopped

_FOR_NOW: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}

_WHAT_TO_DO: Final = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space; writing then goes on by itself",
    sqlite3.SQLITE_READONLY: "cannot be written: give this user the right to write the file and "
    "its folder, and see that the disk is not mounted read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: the folder has to exist and this user has to be "
    "allowed to write in it",
    sqlite3.SQLITE_PERM: "cannot be opened: give this user the right to read and write it",
    sqlite3.SQLITE_CORRUPT: "is damaged: stop the collector, move the file and those beside it "
    "with -wal and -shm to a safe place, bring back a copy or start without one",
    sqlite3.SQLITE_NOTADB: "is not a database: move it to a safe place, bring back a copy or "
    "start without one",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write it: see whether the disk is "
    "full, and look into the system's log",
}


def is_ours(error: sqlite3.Error) -> bool:
    """Return whether a statement is wrong, and not the file or its disk."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR


def meaning(error: sqlite3.Error, path: Path) -> StoreError:
    """Return *error* of the file at *path* as StoreBusy or StoreStopped, with what to do."""
    # The low byte is the kind; the rest says where in SQLite it was noticed.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _FOR_NOW:
        return StoreBusy(f"{path}: in use by another process ({name})")
    return StoreStopped(f"{path}: {_WHAT_TO_DO.get(code, error)} ({name})")
