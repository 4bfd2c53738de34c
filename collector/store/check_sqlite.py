"""`schoolwatch store check` for the SQLite store: its file, rights, room, and whether it is whole.

Reads beside a collector that runs, and makes no file where there is none.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from collector.store.config import DAILY, HOURLY
from collector.store.sqlite_errors import meaning
from collector.store.sqlite_file import APPLICATION_ID
from core.findings import Finding

BUSY_S: Final = 5.0
LITTLE_MB: Final = 500
PART: Final = "file"
SEE: Final = "ask again when that is done; docs/operating.md has more"


def check(path: Path) -> Iterator[Finding]:
    """Yield what is found of the store at *path*."""
    folder = path.parent
    # Not Path.exists(): that raises where this user may not even look.
    if not os.path.exists(path):  # noqa: PTH110
        yield _without(path)
        return
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(folder, os.W_OK | os.X_OK):
        do = f"let the collector's user read and write it and its folder: chown -R USER {folder}"
        yield Finding(PART, "rights", f"{path} or its folder cannot be written by this user", do)
        return
    yield from _inside(path)
    for ending in (HOURLY, DAILY):
        rollups = path.with_name(f"{path.stem}{ending}{path.suffix}")
        if rollups.exists():
            yield from _inside(rollups, f" {rollups.name}")
    yield _room(folder)


def _without(path: Path) -> Finding:
    there = next(one for one in path.parents if os.path.exists(one))  # noqa: PTH110
    if os.access(there, os.W_OK | os.X_OK):
        return Finding(
            PART, "note", f"{path} is not there yet: the collector makes it at its start"
        )
    do = "let the collector's user write there, or change [store] file or [collector] folder"
    return Finding(PART, "rights", f"{path} is not there, and {there} cannot be written", do)


def _inside(path: Path, which: str = "") -> Iterator[Finding]:
    part = PART + which
    try:
        db = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)
    except sqlite3.Error as error:
        yield Finding(part, "broken", str(meaning(error, path)), SEE)
        return
    try:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID:
            text = f"{path} is an SQLite file, but not this program's time series"
            yield Finding(part, "broken", text, "correct [store] file")
            return
        megabytes = path.stat().st_size / 1e6
        yield Finding(part, "works", f"{path}, {megabytes:.0f} MB")
        yield _whole(db, which)
        yield _writable(db, path, which)
    except sqlite3.Error as error:
        yield Finding(part, "broken", str(meaning(error, path)), SEE)
    finally:
        db.close()


def _whole(db: sqlite3.Connection, which: str) -> Finding:
    part = "integrity" + which
    (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if said == "ok":
        return Finding(part, "works", "every page of the file is in order")
    do = (
        "stop the collector, move the file and those beside it with -wal and -shm to a safe place, "
        "and bring back a copy or start without one"
    )
    return Finding(part, "broken", f"the file is damaged: {said}", do)


def _writable(db: sqlite3.Connection, path: Path, which: str) -> Finding:
    part = "write" + which
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return Finding(part, "broken", str(meaning(error, path)), SEE)
    return Finding(part, "works", "the file can be written")


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < LITTLE_MB:
        do = "make room, or lower [store] keep_days; when the disk is full nothing is stored"
        return Finding("disk", "broken", f"{free} MB are free in {folder}", do)
    return Finding("disk", "works", f"{free} MB are free in {folder}")
