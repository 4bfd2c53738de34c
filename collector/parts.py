"""The collector's parts as its configuration describes them, opened and restored."""

import sqlite3
from typing import Final

from collector import ledgerfile
from collector.asking import Asking
from collector.audit import AuditLog
from collector.books import Books
from collector.chores import DAY
from collector.config import CollectorConfig, CollectorTable
from collector.counters import Counters
from collector.deadletters import DeadLetters
from collector.door import Door
from collector.eventrows import EventRows
from collector.evidence.notary import Notary
from collector.evidence.reader import LogReader
from collector.evidence.signing import Signer, origin_of
from collector.evidence.statements import Statements
from collector.evidence.witnesses import Witnesses
from collector.evidence.witnessrows import WitnessRows
from collector.journal import Journal
from collector.ledger import Ledger
from collector.live import Live
from collector.receipts import Publish, Receipts
from collector.restore import restore
from collector.rollups.marks import Marks
from collector.roster import School
from collector.roster.lastgood import roster_at_start
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
    ledger = Ledger(table.ledger_file)
    journal = open_journal(table, ledger, now)
    letters = DeadLetters(
        table.folder / "dead-letter",
        max_bytes=config.dead_letters.max_mb * 1_000_000,
        keep_days=config.dead_letters.keep_days,
        zone=table.tz(),
        now=now,
    )
    schools = _schools(config)
    at, agents = now(), ledger.agents()
    live = Live(table.id, table.regions, schools, agents, table.tz(), at=at)
    heard = (min(state.known.last_arrival, at) for state in agents.values())
    door = Door(now, heard_until=max(heard, default=0))
    spare = table.backfill_kb_per_s * 1_000
    receipts = Receipts(
        table.id, publish, live.backlogs, counters, spare_bytes_per_s=spare, now=told or now
    )
    asking = Asking(receipts.ask_birth, now=now)
    marks = Marks(ledger, config.store.keep_days * DAY, table.tz(), now)
    witnesses = witnesses_of(journal, ledger, now)
    if witnesses:
        receipts.offer = witnesses.offer
    return Books(ledger, live, letters, journal, receipts, asking, counters, door, marks, witnesses)


def witnesses_of(journal: Journal, ledger: Ledger, now: clock.Clock) -> Witnesses | None:
    """Return who holds checkpoints of the log, where there are any."""
    log = journal.log
    if not log.notary:
        return None
    signer = log.notary.signer
    parts = LogReader(log.folder), signer, Statements(log.folder), WitnessRows(ledger), journal
    return Witnesses(signer.origin, *parts, now)


def open_journal(table: CollectorTable, ledger: Ledger, now: clock.Clock) -> Journal:
    """Return the journal, made whole from the audit log where that is ahead; raises StartError."""
    log = open_log(table, now)
    try:
        journal = Journal(table.id, EventRows(ledger), log, now)
        restore(journal)
    except sqlite3.Error as error:
        raise ledgerfile.unreadable(table.ledger_file, error) from error
    return journal


def open_log(table: CollectorTable, now: clock.Clock = clock.now) -> AuditLog:
    """Return the audit log with its tree and its key; raises StartError."""
    folder = table.audit_folder
    key = table.signing_key
    return AuditLog(folder, Notary(folder, Signer(origin_of(table.id), key), now))


def _schools(config: CollectorConfig) -> tuple[School, ...] | None:
    """Return the schools of the roster, or of the one that was taken last where it is none.

    What is wrong with it is said once it is recorded. Raises ConfigError where there never was one.
    """
    file, folder = config.roster.file, config.collector.folder
    return roster_at_start(file, folder).schools if file else None
