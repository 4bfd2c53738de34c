"""That somebody asked for what the log holds, as a row of the log itself."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from collector.config import CollectorTable
from collector.eventrows import EventRows
from collector.journal import Note, own_row
from collector.ledger import Ledger
from collector.parts import LOCK, open_journal
from core import clock, wire
from core.errors import MonitorError
from core.lock import InUse, hold


def note_query(
    table: CollectorTable, kind: str, details: Mapping[str, Any], now: clock.Clock = clock.now
) -> None:
    """Add a row of *kind*; where a collector runs, it syncs the row within a minute.

    Raises MonitorError where it cannot be recorded.
    """
    note = Note(kind, "audit", "", details)
    try:
        with closing(Ledger(table.folder / "ledger.db")) as ledger:
            try:
                with hold(table.folder / LOCK, "collector", "[collector] folder"):
                    journal = open_journal(table, ledger, now)
                    journal.note(note)
                    journal.sync()
            except InUse:
                row = own_row(table.id, note, wire.new_epoch(), 1, now())
                EventRows(ledger).note([row])
    except (sqlite3.Error, OSError) as error:
        raise MonitorError(f"that this was asked could not be recorded: {error}") from error
