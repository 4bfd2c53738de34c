"""The row of the audit log that says that somebody asked it something, or took something away.

Works beside a running collector and without one (collector/operating.py).
"""

from collections.abc import Mapping
from typing import Any, Final

from collector.config import CollectorTable
from collector.journal import Note
from collector.operating import Whose, login, operator, record
from core import clock
from core.errors import MonitorError, StartError

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
    note = Note(kind, "audit", "", {**details, **login()}, by=operator())
    try:
        record(Whose(table, ours=table.audit_key is None), note, now)
    except MonitorError as error:
        raise MonitorError(f"it cannot be recorded that the log was asked: {error}") from error
