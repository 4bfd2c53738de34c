"""What is done with events by the clock: the collector's own rows each minute, and the points."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from collector import eventpoints
from collector.books import Books
from collector.door import EVENTS
from collector.journal import Note
from collector.outside import SchoolKey
from collector.store.base import Store
from core import VERSION
from core.errors import StoreError

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class EventChores:
    """Everything here blocks in a worker thread, never in the event loop."""

    collector: str
    store: Store
    books: Books
    _started: bool = False
    _noted: set[SchoolKey] = field(default_factory=set)

    async def minute(self) -> None:
        """Record our start, new unknown schools and a checkpoint; all of it is synced."""
        unknown = [key for key in self.books.live.unknown_schools() if key not in self._noted]
        at = self.books.journal.now()
        told = self.books.dropped.due(at)
        try:
            await asyncio.to_thread(self._note, unknown, told)
            if told:
                self.books.dropped.told(at)
            self._started = True
            self._noted.update(unknown)
            await asyncio.to_thread(self.books.journal.sync)
        except (StoreError, OSError, sqlite3.Error) as error:
            self.books.held_up(EVENTS, str(error) or type(error).__name__)
            raise
        self.books.held_up(EVENTS, "")

    async def answer(self) -> None:
        """Tell commands that wait for it that the audit log has their rows."""
        try:
            await asyncio.to_thread(self.books.journal.answer)
        except (StoreError, OSError, sqlite3.Error) as error:
            # The command names /readyz for why; the next minute that goes well takes it back.
            self.books.held_up(EVENTS, str(error) or type(error).__name__)
            raise

    async def points(self) -> None:
        """Write the points of the events that came since the last time."""
        journal = self.books.journal
        refused = await asyncio.to_thread(eventpoints.write, journal, self.store)
        count = self.books.counters.add("event_points_refused", len(refused))
        if refused and count == len(refused):
            _log.warning("an event has no point, the first since the start: %s", refused[0])

    def _note(self, unknown: list[SchoolKey], told: list[Note]) -> None:
        self.books.journal.note(*self._notes(unknown), *told)

    def _notes(self, unknown: list[SchoolKey]) -> Iterator[Note]:
        if not self._started:
            yield Note("collector_started", self.collector, "", {"version": VERSION})
        for region, school in unknown:
            name = f"{region}/{school}"
            yield Note("unknown_school", name, "", {}, name)
        # The counter tells later which state of the store this belongs to.
        yield Note("checkpoint", self.collector, "", {"counter": self.books.ledger.counter()})
