"""A watcher that runs while a test changes the machine under it, and how long its word took."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agent.conditions import Gone
from agent.watchers import Watcher
from core.types import Event

PATIENCE_S = 30


@dataclass
class Watched:
    """What a running watcher has said."""

    said: list[Event] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _read: int = 0
    running: "asyncio.Task[None] | None" = None

    async def watch(self, watcher: Watcher) -> None:
        async for events in watcher.watch("pc-1"):
            self.said += [one for one in events if isinstance(one, Event)]
            self.gone += [one for one in events if isinstance(one, Gone)]
            self._news.set()

    async def next(self, kind: str, active: bool, subject: str = "") -> Event:
        """Return the next event of *kind* after the one that was returned last; print how soon."""
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for number, event in enumerate(self.said[self._read :], self._read + 1):
                    if (event.kind, event.active) == (kind, active) and (
                        not subject or event.subject == subject
                    ):
                        self._read = number
                        took = 1000 * (time.monotonic() - began)
                        # For whoever runs it with -s: a busy machine may take its time.
                        print(f"{kind} active={active} after {took:.1f} ms")  # noqa: T201
                        return event
                await self._more()

    async def begun(self) -> None:
        """Wait until it has said everything of the present."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.said and not self.gone:
                await self._more()

    async def _more(self) -> None:
        assert self.running is not None
        if self.running.done():
            self.running.result()
        self._news.clear()
        waiting = asyncio.create_task(self._news.wait())
        await asyncio.wait({waiting, self.running}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    def count(self, kind: str) -> int:
        return sum(event.kind == kind and event.active for event in self.said)


@asynccontextmanager
async def watching(watcher: Any) -> AsyncIterator[Watched]:
    """Run *watcher* from its first word on."""
    watched = Watched()
    watched.running = asyncio.create_task(watched.watch(watcher))
    try:
        await watched.begun()
        yield watched
    finally:
        watched.running.cancel()
        await asyncio.gather(watched.running, return_exceptions=True)
