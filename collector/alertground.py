"""What the alert engine stands on in the collector: event rows behind a cursor, and the lanes.

The rules see a row only when the audit log has it, and their cursor moves in the transaction that
writes what they made of it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final

from alerts.facts import Row
from collector.auditrecord import BATCH, EventRow
from collector.births import AgentState
from collector.eventrows import batch_of, cursor_of, move_cursor, page
from collector.journal import MOST_REASON, Journal, Note
from collector.live import Live
from core.types import Identity

CURSOR: Final = "alerts"
FIRST: Final = "alerts-first"
"""The last row that was there before rules first looked."""


class AlertGround:
    """What `alerts.facts.Ground` asks; every method may be called from any thread."""

    def __init__(self, journal: Journal, live: Live, started: int) -> None:
        self._journal, self._live, self._started = journal, live, started
        self._complete: dict[str, tuple[int, int]] = {}
        """When a lane's birth came, and where the audit log ended when it was seen complete."""
        with self.transaction() as db:
            if cursor_of(db, CURSOR) is None:
                (last,) = db.execute("SELECT coalesce(max(row), 0) FROM event").fetchone()
                move_cursor(db, FIRST, last)
                move_cursor(db, CURSOR, 0)
            self._first = cursor_of(db, FIRST) or 0
            self._read = cursor_of(db, CURSOR) or 0
            self._restored_at = self._find_restore(db)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the ledger's file, as for rows of events."""
        return self._journal.rows.ledger.transaction()

    def rows(self, db: sqlite3.Connection, limit: int) -> Sequence[Row]:
        """Return the first rows above the cursor that the audit log has synced."""
        self._read = cursor_of(db, CURSOR) or 0
        return page(db, self._read, self._journal.log.row, limit)

    def move(self, db: sqlite3.Connection, row: int) -> None:
        """Move the cursor."""
        move_cursor(db, CURSOR, row)

    def batch(self, db: sqlite3.Connection, row: Row) -> tuple[Row | None, int]:
        """Return the row of the batch as a whole, and how many events of it are there."""
        assert isinstance(row, EventRow)
        found = batch_of(db, row)
        head = found[0] if found[0].index == BATCH else None
        return head, len(found) - (head is not None)

    def record(
        self,
        db: sqlite3.Connection,
        kind: str,
        target: str,
        subject: str,
        details: Mapping[str, Any],
        *,
        active: bool = True,
        failed: str = "",
    ) -> None:
        """Keep a row of ours; the audit log has it by its next sync."""
        note = Note(kind, target, subject, details, active=active)
        if failed:
            note = replace(note, success=False, reason=failed[:MOST_REASON])
        self._journal.add(db, [note])

    def past(self) -> int:
        """Return the last row of which only what still lasts matters."""
        return max(self._first, self._journal.rows.made_again)

    def repeated(self) -> int:
        """Return the last row that was made of the audit log again."""
        return self._journal.rows.made_again

    def restored_at(self) -> int:
        """Return when that was."""
        return self._restored_at

    def caught_up(self, place: str) -> bool:
        """Return whether an agent has answered since we started, and nothing it held is missing.

        What came last may be in the audit log and not read yet, so the rows up to there count too.
        """
        names = place.split("/")
        if len(names) != 3:
            return True
        state = self._live.state(Identity(*names))
        if not self._has_all(state):
            self._complete.pop(place, None)
            return False
        born_at, row = self._complete.get(place, (0, 0))
        if born_at != state.born_at:
            row = self._journal.log.row
            self._complete[place] = (state.born_at, row)
        if self._read < row:
            return False
        self._complete.pop(place, None)
        return True

    def _has_all(self, state: AgentState) -> bool:
        if state.birth is None or state.born_at < self._started:
            return False
        return not any(left for (_, lane), left in state.expected.items() if lane == "events")

    def _find_restore(self, db: sqlite3.Connection) -> int:
        last = self._journal.rows.made_again
        if not last:
            return 0
        # The record of the restore itself is the first row after those that it made.
        found = page(db, last, last + 1, 1)
        return found[0].received if found else 0
