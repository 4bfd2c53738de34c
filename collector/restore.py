"""A database that was set back to an earlier state is made of its own audit log again.

Every event was in the log before anybody heard of it, so what a backup lacks stands there: rows,
the keys of event batches, and the drops that agents told. Readings are not in it; their batches
count as missing, and are taken again where they come.

A backup may also have what the log has not: rows that were committed when it was taken and never
came into the log, because another backup was put back first. Their numbers stand for other rows
by now. The log stays as it is, and they get new numbers after its end.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

import msgspec

from collector.audit import AuditLog
from collector.auditrecord import EventRow, line_of
from collector.eventpoints import POINTS
from collector.eventrows import (
    MADE_AGAIN,
    RESTORED,
    SYNCED,
    EventRows,
    forget_after,
    insert,
    move_cursor,
)
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
    """Bring the database up to the audit log; return how many of its rows it lacked.

    To be called at start, before anything is taken in. Raises StartError where the two do not
    belong together, or the log is damaged, and sqlite3.Error.
    """
    rows, log = journal.rows, journal.log
    common = _last_common(rows, log)
    if common < log.row:
        own = list(rows.all_after(common))
        anew = not rows.last() and not rows.ledger.counter()
        with rows.ledger.transaction() as db:
            renumbered = _make_again(db, journal, common, own)
            move_cursor(db, SYNCED, log.row)
            # The store may have gone back since the backup was taken.
            move_cursor(db, POINTS, 0)
            move_cursor(db, MADE_AGAIN, log.row)
            rows.ledger.went_back("anew" if anew else "ledger", journal.now())
        journal.restored, rows.made_again = True, log.row
        _log.warning(
            "the collector's database was set back to an earlier state: %d rows of events were "
            "made again from the audit log, and %d that never came into the log have new numbers; "
            "batches of readings that came since then count as missing",
            *(log.row - common, renumbered),
        )
    rows.synced = log.row
    return log.row - common


def _last_common(rows: EventRows, log: AuditLog) -> int:
    """Return the last row up to which log and database are the same.

    A row that differs was committed before the database was set back, and is no older than what
    stood in the log then; anything else was not done by putting backups in turns.
    """
    both = min(log.row, rows.last())
    if (oldest := log.first()) and both < oldest.row:
        return both  # what stood beside it in the log was removed by retention, or never was
    if not both or _is_same(next(rows.all_after(both - 1)), next(log.rows(both - 1))):
        return both
    common = begin = max(0, min(both, rows.synced) - 1)
    for mine, theirs in zip(rows.all_after(begin), log.rows(begin)):
        if not _is_same(mine, theirs):
            break
        common = theirs.row
    # What was taken in at one and the same moment was once one and the same record.
    if common < rows.synced or mine.received == theirs.received:
        raise StartError(
            f"the audit log and the collector's database differ in row {common + 1}: one of them "
            "is not this collector's, or was changed. Put both back from one backup, or move the "
            "database to a safe place: then its rows are made again from the audit log."
        )
    return common


def _is_same(mine: EventRow, theirs: EventRow) -> bool:
    return line_of(mine) == line_of(theirs)


def _make_again(
    db: sqlite3.Connection, journal: Journal, common: int, own: Iterable[EventRow]
) -> int:
    """Replace the rows above *common* by the log's, and number what is left of our *own* anew."""
    rows, log = journal.rows, journal.log
    forget_after(db, common)
    for batch in _batches(log.rows(after=common)):
        for row in batch:
            insert(db, row)
        _account(rows, batch)
    left = [row for row in own if not _came_again(db, row)]
    details = {"first": common + 1, "last": log.row, "rows": log.row - common}
    if left:
        details["renumbered"] = len(left)
    insert(db, journal.row_of(Note(RESTORED, "ledger.db", "", details)))
    for row in left:
        insert(db, replace(row, row=0))
    return len(left)


def _came_again(db: sqlite3.Connection, row: EventRow) -> bool:
    """Return whether the log has the key of *row*.

    With other bytes too: they came first, and the sender of these had no receipt for them, so it
    still has them and is told of the conflict.
    """
    query = "SELECT 1 FROM event WHERE who = ? AND epoch = ? AND seq = ? AND (i = ? OR crc != ?)"
    key = (row.who, row.epoch, row.seq, row.index, row.crc)
    return db.execute(query, key).fetchone() is not None


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
