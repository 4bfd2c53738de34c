"""The rows of the audit log about itself: somebody asked it something, copied it, took it away.

Works beside a running collector and without one (collector/operating.py).
"""

from collections.abc import Mapping
from typing import Any

from collector.config import CollectorTable
from collector.journal import MOST_REASON, Note
from collector.operating import Whose, login, operator, record
from core import clock
from core.errors import MonitorError, StartError


def note_query(
    table: CollectorTable, kind: str, details: Mapping[str, Any], now: clock.Clock = clock.now
) -> None:
    """Record what was asked, as *kind* with *details*, and who asked.

    Raises StartError where there is no log, MonitorError where it cannot be recorded: then nothing
    of the log may be given out.
    """
    try:
        note_about(table, kind, "", details, now=now)
    except StartError:
        raise
    except MonitorError as error:
        raise MonitorError(f"it cannot be recorded that the log was asked: {error}") from error


def note_about(
    table: CollectorTable,
    kind: str,
    subject: str,
    details: Mapping[str, Any],
    *,
    target: str = "audit",
    failed: str = "",
    now: clock.Clock = clock.now,
) -> None:
    """Record what was done with the log, *failed* says why it did not work; raises the same."""
    path = table.ledger_file
    if not path.is_file():
        raise StartError(f"{path} is not there: no collector has run with this configuration")
    said, reason = {**details, **login()}, failed[:MOST_REASON]
    note = Note(kind, target, subject, said, by=operator(), success=not failed, reason=reason)
    record(Whose(table, ours=table.audit_key is None), note, now)
