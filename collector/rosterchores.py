"""What is done with the roster by the clock: looking whether it changed, and what follows."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

from collector.books import Books
from collector.chores import every
from collector.config import CollectorConfig
from collector.roster.keeper import LOOK_EVERY_S, Keeper
from core import clock, topics
from core.errors import NotConnected
from core.types import Identity

CLOSED_EVERY_S: Final = 60.0

Empty = Callable[[str], None]
"""Empties what the broker retains of a topic; raises NotConnected."""

_log = logging.getLogger(__name__)


class RosterChores:
    """Lives in the event loop; reads and records in a worker thread."""

    def __init__(
        self, config: CollectorConfig, books: Books, empty: Empty, now: clock.Clock = clock.now
    ) -> None:
        self._books, self._empty, self._now = books, empty, now
        file, regions = config.roster.file, config.collector.regions
        self._keeper = Keeper(file, regions, books.journal, now) if file else None
        # What was read at the start is recorded now, and not after two looks.
        self._at_once, self._asked = True, False
        self._started, self._emptied = now(), dict[Identity, int]()
        """When the retained state of an agent was emptied by this process."""

    def works(self, stopping: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
        """Return what runs until *stopping*; nothing without a roster."""
        if not self._keeper:
            return []
        return [
            every(LOOK_EVERY_S, self.look, stopping, first_after=0),
            every(CLOSED_EVERY_S, self.close, stopping),
        ]

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read again at SIGHUP; at a terminal it keeps meaning that the terminal is gone."""
        if not self._keeper or (sys.stdin and sys.stdin.isatty()):
            return
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has no SIGHUP
            loop.add_signal_handler(signal.SIGHUP, self.ask)

    def ask(self) -> None:
        """Have the next look read the file, whatever it looks like from outside."""
        self._at_once = self._asked = True

    async def look(self) -> None:
        """Go on with what the file says now, where that is something new."""
        if not self._keeper:
            return
        at_once, asked = self._at_once, self._asked
        self._at_once = self._asked = False
        try:
            roster = await asyncio.to_thread(self._keeper.look, at_once=at_once)
        except BaseException:
            self._at_once, self._asked = at_once, asked
            raise
        if roster:
            self._books.live.take_roster(roster.schools)
            self._books.counters.add("rosters_taken")
            await self.close()
        elif asked:
            _log.info("%s: asked to read it again: nothing new", self._keeper.path)

    async def close(self) -> None:
        """Empty what the broker retains of agents whose school the roster closed (wire.md)."""
        if not self._keeper:
            return
        closed = self._books.live.closed_agents(self._now())
        new = await asyncio.to_thread(self._keeper.to_empty, closed)
        new += [who for who in closed if who not in new and self._has_spoken(who)]
        if not new:
            return
        try:
            for who in new:
                self._empty(topics.topic(who, "state"))
        except NotConnected:
            return  # again in a minute; emptying twice changes nothing
        self._emptied |= dict.fromkeys(new, self._now())
        await asyncio.to_thread(self._keeper.kept.keep_emptied, closed)
        self._books.counters.add("states_emptied", len(new))
        _log.info("emptied the retained state of %d agents whose schools are closed", len(new))

    def _has_spoken(self, who: Identity) -> bool:
        """Return whether an agent has left a birth or a will at the broker since we emptied it."""
        state = self._books.live.state(who)
        last = max(state.born_at, state.known.changed_at if state.known.dead else 0)
        return last > self._emptied.get(who, self._started)
