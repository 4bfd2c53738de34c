"""The collector's own rows among the events, and the way of every row into the audit log.

What has to be recorded once, however often it is seen, has a key that is made of what it is about;
everything else counts up under an epoch of this process, as an agent's batches do.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from collector.audit import AuditLog
from collector.auditrecord import EventRow, body_of
from collector.eventrows import PAGE, EventBatch, EventRows
from collector.lanerow import Standing
from core import clock, wire
from core.types import Event


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the collector has to say; with `once` it is recorded once for that text."""

    kind: str
    target: str = ""
    subject: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    once: str = ""


class Journal:
    """Every method blocks, and may be called from any thread."""

    def __init__(
        self, collector: str, rows: EventRows, log: AuditLog, now: clock.Clock = clock.now
    ) -> None:
        self.rows, self.log = rows, log
        self._who, self.now = f"collector/{collector}", now
        self._epoch, self._seq = wire.new_epoch(), 0
        self._numbers, self._syncing = Lock(), Lock()
        self.restored = False
        """This start has found the database restored, and recorded it."""

    def take(self, batches: Sequence[EventBatch]) -> list[Standing]:
        """Keep batches of agents; return how each stands. Raises sqlite3.Error."""
        return self.rows.take(batches)

    def note(self, *notes: Note) -> int:
        """Keep what we have to say; return how much of it is new. Raises sqlite3.Error."""
        return self.rows.note([self.row_of(note) for note in notes])

    def row_of(self, note: Note) -> EventRow:
        """Return *note* as a row that has no number yet."""
        at = self.now()
        body = body_of(Event(note.kind, note.target, note.subject, True, at, None, note.details))
        epoch, seq = (_epoch_of(note), 1) if note.once else (self._epoch, self._next())
        return EventRow(self._who, epoch, seq, 0, wire.crc(body), at, body)

    def sync(self) -> int:
        """Append to the audit log every row that is not in it; return the last, synced to disk.

        Raises sqlite3.Error, StoreStopped.
        """
        with self._syncing:
            while rows := self.rows.after(self.log.row, PAGE):
                self.log.append(rows)
            self.rows.synced = self.log.row
            return self.log.row

    def synced_after(self, row: int, limit: int) -> list[EventRow]:
        """Return the first *limit* rows above *row* that are in the audit log.

        For whatever acts on rows: only these keep their numbers, whichever backup is put back.
        """
        upto = self.log.row
        return [found for found in self.rows.after(row, limit) if found.row <= upto]

    def _next(self) -> int:
        with self._numbers:
            self._seq += 1
            return self._seq


def _epoch_of(note: Note) -> str:
    digest = hashlib.sha256(f"{note.kind}\0{note.once}".encode()).digest()
    return wire.as_epoch(int.from_bytes(digest[:10], "big"))
