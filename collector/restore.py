"""A database that is behind its own audit log was restored: its rows are made of the log again.

Every event was in the log before anybody heard of it, so what a backup lacks stands there: rows,
the keys of event batches, and the drops that agents told. Readings are not in it; their batches
count as missing, and are taken again where they come.
"""

import logging
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import msgspec

from collector.audit import AuditLog
from collector.auditrecord import EventRow, line_of
from collector.eventrows import TORN, EventRows, insert, move_cursor
from collector.journal import Journal, Note
from collector.ledger import Entry
from core.errors import StartError
from core.messages import Drop, EpochReport, Number, Text
from core.types import BatchKey, Identity, Lane

_DROPS: Final = "batches_dropped"
_log = logging.getLogger(__name__)


class _Dropped(msgspec.Struct):
    """The details of a row about drops, as collector/alarms.py writes them."""

    epoch: str
    lane: Lane
    high: Number
    spool: Text
    dropped: list[Drop]


class _DropsBody(msgspec.Struct):
    target: str
    details: _Dropped


def restore(journal: Journal) -> int:
    """Bring the database up to the audit log; return how many rows it lacked.

    To be called at start, before anything is taken in. Raises StartError where the two do not
    belong together, or the log is damaged, and sqlite3.Error.
    """
    rows, log = journal.rows, journal.log
    last = rows.last()
    if log.row <= last:
        _compare(rows, log)
        return 0
    missing = log.row - last
    details = {"first": last + 1, "last": log.row, "rows": missing}
    with rows.ledger.transaction() as db:
        for batch in _batches(log.rows(after=last)):
            for row in batch:
                insert(db, row)
            _account(rows, batch)
        insert(db, journal.row_of(Note("restored", "ledger.db", "", details)))
        move_cursor(db, TORN, log.row)
    rows.torn = log.row
    _log.warning(
        "the collector's database was set back to an earlier state: %d rows of events were made "
        "again from the audit log; batches of readings that came since then count as missing",
        missing,
    )
    return missing


def _compare(rows: EventRows, log: AuditLog) -> None:
    if log.last is None:
        return
    found = rows.after(log.row - 1, 1)
    if not found or line_of(found[0]) != line_of(log.last):
        raise StartError(
            f"the audit log and the collector's database differ in row {log.row}: one of them is "
            "not this collector's, or was changed. Put both back from one backup, or move the "
            "database to a safe place: then its rows are made again from the audit log."
        )


def _batches(rows: Iterable[EventRow]) -> Iterator[list[EventRow]]:
    for _, found in groupby(rows, lambda row: (row.who, row.epoch, row.seq)):
        yield list(found)


def _account(rows: EventRows, batch: list[EventRow]) -> None:
    """Have in the ledger what the rows of one batch say."""
    first = batch[0]
    names = first.who.split("/")
    if len(names) == 3:
        key = BatchKey(first.epoch, "events", first.seq)
        entry = Entry(Identity(*names), key, first.crc, "new", 0, first.received)
        rows.ledger.account([entry])
        return
    for row in batch:
        said: dict[str, Any] = msgspec.json.decode(row.body, type=dict[str, Any])
        if said.get("kind") == _DROPS:
            _report(rows, row)


def _report(rows: EventRows, row: EventRow) -> None:
    said = msgspec.json.decode(row.body, type=_DropsBody)
    dropped = said.details
    report = EpochReport(dropped.epoch, dropped.lane, dropped.high, dropped=dropped.dropped)
    who = Identity(*said.target.split("/"))
    rows.ledger.report(who, report, dropped.spool, row.received)
