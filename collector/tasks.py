"""The collector's tasks, and the order in which they end."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_log = logging.getLogger(__name__)

Future = asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Tasks:
    """What runs: `works` end when the collector stops, sessions when closed, the rest is ended."""

    sessions: Sequence[Future]
    works: Sequence[Future]
    beside: Sequence[Future]

    async def until(self, stopping: asyncio.Event) -> None:
        """Wait until *stopping* is set; raises what a part failed with before."""
        stop: asyncio.Future[Any] = asyncio.ensure_future(stopping.wait())
        running = [*self.sessions, *self.works, *self.beside]
        try:
            await asyncio.wait([*running, stop], return_when="FIRST_COMPLETED")
            for task in running:
                if task.done():
                    task.result()
        finally:
            stop.cancel()

    async def finish(self) -> None:
        """Wait until all but the sessions have ended."""
        for task in self.beside:
            task.cancel()
        await _ended([*self.works, *self.beside])

    async def left(self) -> None:
        """Wait until the sessions have ended."""
        await _ended(self.sessions)


async def _ended(tasks: Sequence[Future]) -> None:
    under_way = [task for task in tasks if not task.done()]
    for result in await asyncio.gather(*under_way, return_exceptions=True):
        if isinstance(result, Exception):
            _log.error("failed while stopping", exc_info=result)
