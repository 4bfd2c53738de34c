"""The row of the audit log that says that somebody asked it something, or took something away.

Works beside a running collector, which has the row in its log within a minute, and without one.
"""

import getpass
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from collector.config import CollectorTable
from collector.eventrows import EventRows
from collector.journal import Note, own_row
from collector.ledger import Ledger
from collector.parts import LOCK, open_journal
from core import clock, wire
from core.errors import MonitorError, StartError
from core.lock import InUse, hold

LEDGER: Final = "ledger.db"


def note_query(
    table: CollectorTable, kind: str, details: Mapping[str, Any], now: clock.Clock = clock.now
) -> None:
    """Record what was asked, as *kind* with *details*, and who asked.

    Raises StartError where there is no log, MonitorError where it cannot be recorded: then nothing
    of the log may be given out.
    """
    path = table.folder / LEDGER
    if not path.is_file():
        raise StartError(f"{path} is not there: no collector has run with this configuration")
    note = Note(kind, "audit", f"operator:{operator()}", details)
    try:
        with closing(Ledger(path)) as ledger:
            _record(table, ledger, note, now)
    except (sqlite3.Error, OSError, MonitorError) as error:
        raise MonitorError(f"it cannot be recorded that the log was asked: {error}") from error


def _record(table: CollectorTable, ledger: Ledger, note: Note, now: clock.Clock) -> None:
    try:
        with hold(table.folder / LOCK, "collector", "[collector] folder"):
            journal = open_journal(table, ledger, now)
            journal.note(note)
            journal.sync()
    except InUse:
        row = own_row(table.id, note, wire.new_epoch(), 1, now())
        EventRows(ledger).note([row])


def operator() -> str:
    """Return the user of the operating system who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
