"""The list of schools without a network while the collector runs: looked at each minute.

An entry and the event that tells of it are one commit, so neither is ever without the other.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence

from alerts.schooltime import SchoolTime
from collector import ledgerfile
from collector.books import Books
from collector.config import CollectorConfig
from collector.journal import Note
from collector.outside import SchoolKey
from collector.unconnected import Entry, Listed, look, told
from collector.unconnectedrows import UnconnectedRows
from core import clock
from core.clock import SECOND, rfc3339


class UnconnectedWatch:
    """Lives in the event loop; keeps in a worker thread. Raises StartError when made."""

    def __init__(
        self, config: CollectorConfig, books: Books, times: SchoolTime, now: clock.Clock
    ) -> None:
        self._books, self._now, self._times = books, now, times
        self._after = int(config.unconnected.after_h * 3_600) * SECOND
        try:
            self._rows = UnconnectedRows(books.ledger)
            self._entries = self._rows.load()
        except sqlite3.Error as error:
            raise ledgerfile.unreadable(books.ledger.path, error) from error

    async def minute(self) -> None:
        """Look at every school, and keep what that changes; raises sqlite3.Error, to look again."""
        at, books = self._now(), self._books
        found = told(books.live.picture(at, books.door.opening()))
        before = self._entries
        changed = look(
            before,
            found,
            at,
            after=self._after,
            times=self._times,
            standing=lambda key: books.live.standing(key, at),
        )
        notes = [_note(one) for one in changed if one.closed or one.opened == at]
        told_of = [note for note in notes if note]
        await asyncio.to_thread(self._keep, changed, told_of)
        after = {**before, **{entry.key: entry for entry in changed}}
        self._entries = {key: entry for key, entry in after.items() if not entry.closed}

    def open(self) -> Mapping[SchoolKey, Entry]:
        """Return the schools that are on the list now."""
        return {key: entry for key, entry in self._entries.items() if entry.opened}

    def listed(self) -> Listed:
        """Return the list as it was kept last; blocks, raises StoreBusy."""
        there = clock.local(self._now(), self._times.zone)
        month = there.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return self._rows.listed(int(month.timestamp()) * SECOND, self._after)

    def _keep(self, changed: Sequence[Entry], notes: Sequence[Note]) -> None:
        if changed:
            self._rows.keep(changed, lambda db: self._books.journal.add(db, notes))


def _note(entry: Entry) -> Note | None:
    """Return what is recorded of an entry that was opened or closed; of a watched one nothing."""
    if not entry.opened:
        return None
    details: dict[str, object] = {"cause": entry.cause, "since": rfc3339(entry.since)}
    if entry.closed:
        details |= {"opened": rfc3339(entry.opened), "ended": entry.ended}
    return Note("school_unconnected", "/".join(entry.key), "", details, active=not entry.closed)
