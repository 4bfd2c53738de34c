"""The collector's tasks, and the order in which they end."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

_log = logging.getLogger(__name__)

Future = asyncio.Future[Any]


@dataclass(slots=True)
class Tasks:
    """What runs: `works` end when the collector stops, sessions when closed, the rest is ended."""

    sessions: list[Future] = field(default_factory=list)
    works: list[Future] = field(default_factory=list)
    beside: list[Future] = field(default_factory=list)

    async def until(self, wanted: Awaitable[Any]) -> bool:
        """Wait for *wanted*; return whether it came before a part ended.

        Raises what it or a part failed with.
        """
        last: Future = asyncio.ensure_future(wanted)
        running = [*self.sessions, *self.works, *self.beside]
        try:
            await asyncio.wait([*running, last], return_when="FIRST_COMPLETED")
            for task in (*running, last):
                if task.done():
                    task.result()
            return last.done()
        finally:
            last.cancel()

    async def finish(self) -> None:
        """Wait until all but the sessions have ended."""
        for task in self.beside:
            task.cancel()
        await _ended([*self.works, *self.beside])

    async def left(self) -> None:
        """Wait until the sessions have ended."""
        await _ended(self.sessions)


async def _ended(tasks: list[Future]) -> None:
    under_way = [task for task in tasks if not task.done()]
    for result in await asyncio.gather(*under_way, return_exceptions=True):
        if isinstance(result, Exception):
            _log.error("failed while stopping", exc_info=result)
