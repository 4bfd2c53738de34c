"""The collector's parts as its configuration describes them, opened and restored."""

import sqlite3
from typing import Final

from collector import ledgerfile
from collector.asking import Asking
from collector.audit import AuditLog
from collector.books import Books
from collector.config import CollectorConfig, CollectorTable
from collector.counters import Counters
from collector.deadletters import DeadLetters
from collector.door import Door
from collector.eventrows import EventRows
from collector.journal import Journal
from collector.ledger import Ledger
from collector.live import Live
from collector.receipts import Publish, Receipts
from collector.restore import restore
from collector.roster import School, read_roster
from core import clock

LOCK: Final = "collector.lock"
"""In the collector's folder; who holds it may write there."""


def open_books(
    config: CollectorConfig, publish: Publish, now: clock.Clock, told: clock.Clock | None = None
) -> Books:
    """Return ledger, dead letters and the picture restored from them; raises StartError.

    *told* is the time that agents are told, where that is not *now*.
    """
    table, counters = config.collector, Counters()
    ledger = Ledger(table.folder / "ledger.db")
    journal = open_journal(table, ledger, now)
    letters = DeadLetters(
        table.folder / "dead-letter",
        max_bytes=config.dead_letters.max_mb * 1_000_000,
        keep_days=config.dead_letters.keep_days,
        zone=table.tz(),
        now=now,
    )
    schools = _schools(config)
    live = Live(table.id, table.regions, schools, ledger.agents(), table.tz(), at=now())
    spare = table.backfill_kb_per_s * 1_000
    receipts = Receipts(
        table.id, publish, live.backlogs, counters, spare_bytes_per_s=spare, now=told or now
    )
    asking = Asking(receipts.ask_birth, now=now)
    return Books(ledger, live, letters, journal, receipts, asking, counters, Door(now))


def open_journal(table: CollectorTable, ledger: Ledger, now: clock.Clock) -> Journal:
    """Return the journal, made whole from the audit log where that is ahead; raises StartError."""
    log = AuditLog(table.folder / "audit")
    try:
        journal = Journal(table.id, EventRows(ledger), log, now)
        restore(journal)
    except sqlite3.Error as error:
        raise ledgerfile.unreadable(table.folder / "ledger.db", error) from error
    return journal


def _schools(config: CollectorConfig) -> tuple[School, ...] | None:
    """Return the schools of the roster; what is wrong with it is said once it is recorded."""
    return read_roster(config.roster.file).schools if config.roster.file else None
