"""Keeps each minute what is known of everybody's series, and tells of who has too many."""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from typing import Final

from collector import ledgerfile
from collector.books import Books
from collector.cardinality import Cardinality, Change, Look, slices
from collector.cardinalityrows import CardinalityRows
from collector.journal import Note
from core import clock
from core.clock import rfc3339

KIND: Final = "too_many_series"
_log = logging.getLogger(__name__)


class CardinalityWatch:
    """Lives in the event loop; keeps in a worker thread. Raises StartError when made."""

    def __init__(self, books: Books, limit: int, now: clock.Clock) -> None:
        self._books, self._now = books, now
        try:
            self._rows = CardinalityRows(books.ledger)
            self.cardinality = Cardinality(limit, self._rows.load())
        except sqlite3.Error as error:
            raise ledgerfile.unreadable(books.ledger.path, error) from error
        self._there = 0

    async def minute(self) -> None:
        """Keep and tell what is new; raises sqlite3.Error, to do it all again."""
        look = await asyncio.to_thread(self.cardinality.look, self._now())
        try:
            await asyncio.to_thread(self._keep, look)
        except BaseException:
            self.cardinality.failed(look)
            raise
        self.cardinality.done(look)
        self._say(look.changes)
        self._books.counters.add("quarantined", look.there - self._there)
        self._there = look.there

    def close(self) -> None:
        """Keep what is new at the end; raises sqlite3.Error."""
        look = self.cardinality.look(self._now())
        self._keep(look)
        self.cardinality.done(look)

    def _keep(self, look: Look) -> None:
        told = {change.key for change in look.changes}
        # A few in each transaction: batches are accounted in the same file.
        for some in slices([key for key in look.kept if key not in told]):
            self._rows.keep({key: look.kept[key] for key in some})
        # Last, with what is told of them: where it fails all comes again, and nothing was told.
        if told:
            notes = [self._note(change) for change in look.changes]
            kept = {key: look.kept[key] for key in told}
            self._rows.keep(kept, lambda db: self._books.journal.add(db, notes))

    def _note(self, change: Change) -> Note:
        details: dict[str, object] = {"limit": self.cardinality.limit, "refused": change.refused}
        if not change.began:
            details["since"] = rfc3339(change.since)
        who, measurement = change.key
        return Note(KIND, str(who), measurement, details, active=change.began)

    def _say(self, changes: Sequence[Change]) -> None:
        for (who, measurement), began, _since, refused in changes:
            if began:
                _log.warning(
                    "%s has more than %d series of %s within a day: new ones go to the dead "
                    "letters, those that it has go on; see [store] max_series",
                    *(who, self.cardinality.limit, measurement),
                )
            else:
                _log.info("%s: no more new series of %s; %d refused", who, measurement, refused)
