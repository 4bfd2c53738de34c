"""The collector's own rows among the events, and the way of every row into the audit log.

What has to be recorded once, however often it is seen, has a key that is made of what it is about;
everything else counts up under an epoch of this process, as an agent's batches do.
"""

import contextlib
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Final

from collector.audit import AuditLog
from collector.auditrecord import SYSTEM, By, EventRow, body_of, marks_of
from collector.eventrows import (
    ANSWERED,
    ASKED,
    PAGE,
    STOPPED,
    EventBatch,
    EventRows,
    insert,
    move_cursor,
)
from collector.lanerow import Standing
from core import clock, wire
from core.errors import AuditStopped, StoreError, StoreStopped
from core.types import Event

MOST_REASON: Final = 500
MOST_NOT_DONE: Final = 1_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the collector has to say; with `once` it is recorded once for that text.

    `active` is False where it says that something ended. With `success` False what was wanted was
    not done, and `reason` says why.
    """

    kind: str
    target: str = ""
    subject: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    once: str = ""
    active: bool = True
    by: By = SYSTEM
    success: bool = True
    reason: str = ""


class Journal:
    """Every method blocks, and may be called from any thread."""

    def __init__(
        self, collector: str, rows: EventRows, log: AuditLog, now: clock.Clock = clock.now
    ) -> None:
        self.rows, self.log = rows, log
        self._collector, self.now = collector, now
        self._epoch, self._seq = wire.new_epoch(), 0
        self._numbers, self._syncing = Lock(), Lock()
        self.synced: Callable[[], None] = _nobody
        """Hears, in the thread that syncs, that rows were appended to the audit log."""
        self._stopped = bool(rows.cursor(STOPPED))
        self.acting = Lock()
        """Held for the length of an act, so that what is recorded first is what is done then."""
        self._not_done: list[Note] = []
        self._answered = 0
        self.restored = False
        """This start has found the database restored, and recorded it."""

    def take(self, batches: Sequence[EventBatch]) -> list[Standing]:
        """Keep batches of agents; return how each stands. Raises sqlite3.Error."""
        return self.rows.take(batches)

    def note(self, *notes: Note) -> int:
        """Keep what we have to say; return how much of it is new. Raises sqlite3.Error."""
        return self.rows.note([self.row_of(note) for note in notes])

    def act(self, *notes: Note) -> None:
        """Have in the audit log, on the disk, what somebody is about to do.

        Raises AuditStopped where that cannot be: then it must not be done. What the database took
        and the log did not is followed by a row that says so.
        """
        try:
            if self._stopped:
                self.sync()
            self.note(*notes)
        except (sqlite3.Error, StoreError, OSError) as error:
            raise stopped(error) from error
        try:
            self.sync()
        except (sqlite3.Error, StoreError, OSError) as error:
            self.not_done(notes, str(error))
            raise stopped(error) from error

    def not_done(self, notes: Sequence[Note], reason: str) -> None:
        """Record that *notes* told of what was not done; never raises.

        Where the database refuses, too, that is kept in memory for the next sync.
        """
        reason = reason[:MOST_REASON]
        failed = [replace(one, success=False, reason=reason, once="") for one in notes]
        with self._numbers:
            self._not_done = [*self._not_done, *failed][-MOST_NOT_DONE:]
        self.sync_or_later()

    def add(self, db: sqlite3.Connection, notes: Sequence[Note]) -> None:
        """Keep *notes* in the transaction that is under way."""
        for note in notes:
            insert(db, self.row_of(note))

    def row_of(self, note: Note) -> EventRow:
        """Return *note* as a row that has no number yet."""
        epoch, seq = (_epoch_of(note), 1) if note.once else (self._epoch, self._next())
        return own_row(self._collector, note, epoch, seq, self.now())

    def number_of(self, note: Note) -> int:
        """Return the row of a note that is recorded once, 0 where it is not kept yet."""
        return self.rows.number_of(f"collector/{self._collector}", _epoch_of(note))

    def sync(self) -> int:
        """Append to the audit log every row that is not in it; return the last, synced to disk.

        Raises sqlite3.Error, StoreStopped.
        """
        with self._syncing:
            before = self.log.row
            try:
                self._note_not_done()
                self._append()
            except StoreStopped as error:
                if not self._stopped:
                    with contextlib.suppress(sqlite3.Error):  # most likely the same full disk
                        self._say_stopped(str(error))
                raise
            if self._stopped:
                self._say_stopped("")
                self._append()
            if self.log.row > before:
                self.synced()
            return self.log.row

    def answer(self) -> None:
        """Tell a command that waits for it that the audit log has its row; raises as `sync`."""
        asked = self.rows.cursor(ASKED)
        if asked != self._answered:
            if asked > self.rows.cursor(ANSWERED):
                row = self.sync()
                with self.rows.ledger.transaction() as db:
                    move_cursor(db, ANSWERED, row)
            self._answered = asked

    def sync_or_later(self) -> None:
        """Have the audit log take what was kept, now or by itself later; never raises."""
        try:
            self.sync()
        except (sqlite3.Error, StoreError, OSError) as error:
            _log.warning("the audit log has what was kept only later: %s", error)

    def _note_not_done(self) -> None:
        with self._numbers:
            waiting = [*self._not_done]
        if waiting:
            self.note(*waiting)
            with self._numbers:
                del self._not_done[: len(waiting)]

    def _append(self) -> None:
        while rows := self.rows.after(self.log.row, PAGE):
            self.log.append(rows)
        self.rows.synced = self.log.row

    def synced_after(self, row: int, limit: int) -> list[EventRow]:
        """Return the first *limit* rows above *row* that are in the audit log.

        For whatever acts on rows: only these keep their numbers, whichever backup is put back.
        """
        upto = self.log.row
        return [found for found in self.rows.after(row, limit) if found.row <= upto]

    def _say_stopped(self, reason: str) -> None:
        """Keep a row of why the log stopped, or that it goes on; the log has it when it can."""
        note = Note("audit_stopped", "audit", "", {"reason": reason}, active=bool(reason))
        with self.rows.ledger.transaction() as db:
            insert(db, self.row_of(note))
            (number,) = db.execute("SELECT max(row) FROM event").fetchone()
            move_cursor(db, STOPPED, number if reason else 0)
        self._stopped = bool(reason)

    def _next(self) -> int:
        with self._numbers:
            self._seq += 1
            return self._seq


def stopped(error: Exception | str) -> AuditStopped:
    """Return what to say to who wanted to act, whatever kept the log from taking it."""
    return AuditStopped(
        f"nothing was done, for the audit log cannot be written: {error}. Make room on its disk, "
        "or see who changed its folder; then try again. "
        "未执行任何操作：审计日志无法写入。请清理磁盘空间或检查日志目录，然后重试。"
    )


def _nobody() -> None:
    """Hear nothing."""


def own_row(collector: str, note: Note, epoch: str, seq: int, at: int) -> EventRow:
    """Return *note* as the row by this key; collector is the id of who says it."""
    event = Event(note.kind, note.target, note.subject, note.active, at, None, note.details)
    marks = marks_of(collector, note.by, success=note.success, reason=note.reason)
    body = body_of(event, **marks)
    return EventRow(f"collector/{collector}", epoch, seq, 0, wire.crc(body), at, body)


def _epoch_of(note: Note) -> str:
    digest = hashlib.sha256(f"{note.kind}\0{note.once}".encode()).digest()
    return wire.as_epoch(int.from_bytes(digest[:10], "big"))
