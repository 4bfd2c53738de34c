"""A copy of the collector's database that is whole, and the record of it (docs/backup.md).

Works beside a running collector, which goes on meanwhile. The record follows the copy, so one that
is put back lacks at least this row of the audit log, and the collector knows that it went back.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from collector.config import CollectorTable
from collector.filedigest import digest_of
from collector.journal import Note
from collector.operating import Whose, login, operator, record
from core import clock
from core.disk import sync_folder
from core.errors import MonitorError, StartError

_BUSY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy; it holds the events up to `row`."""

    path: Path
    size: int
    sha256: str
    row: int


def back_up(table: CollectorTable, to: Path, now: clock.Clock = clock.now) -> Backup:
    """Copy the database to the file *to*, durably, and record it.

    Raises StartError where there is no copy, MonitorError where it could not be recorded.
    """
    made = copy(table.ledger_file, to)
    try:
        _record(table, made, now)
    except (sqlite3.Error, OSError, MonitorError) as error:
        raise MonitorError(f"{to} was made, but that could not be recorded: {error}") from error
    return made


def copy(source: Path, to: Path) -> Backup:
    """Copy the database *source*, as it is at one moment; never over a file that is there."""
    if not source.is_file():
        raise StartError(f"{source} is not there: no collector has run with this configuration")
    if to.exists():
        raise StartError(f"{to} is there already, and is left as it is. Name another file.")
    part = to.with_name(f"{to.name}.part")
    try:
        part.unlink(missing_ok=True)
        row = _copy(source, part)
        made = Backup(to, part.stat().st_size, _synced_digest(part), row)
        with to.open("xb"):
            part.replace(to)
        sync_folder(to.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise StartError(f"{source} could not be copied to {to}: {error}") from error
    return made


def _copy(source: Path, part: Path) -> int:
    """Copy in one step, which is one moment for whoever writes; return the last row of events."""
    address = f"file:{quote(str(source.absolute()))}?mode=ro"
    with (
        closing(sqlite3.connect(address, _BUSY_S, uri=True)) as db,
        closing(sqlite3.connect(part, isolation_level=None)) as found,
    ):
        db.backup(found)
        # One file without others beside it, wherever it is opened.
        found.execute("PRAGMA journal_mode = DELETE")
        (state,) = found.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(f"the database is damaged: {state}")
        (row,) = found.execute("SELECT coalesce(max(row), 0) FROM event").fetchone()
    return int(row)


def _record(table: CollectorTable, made: Backup, now: clock.Clock) -> None:
    """Add the row of this backup; where a collector runs, it syncs the row within a second."""
    details = {"bytes": made.size, "sha256": made.sha256, "row": made.row, **login()}
    path = str(made.path.absolute())
    note = Note("backup_made", "ledger.db", path, details, by=operator())
    record(Whose(table), note, now, wait=False)


def _synced_digest(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return digest_of(path)[0]
