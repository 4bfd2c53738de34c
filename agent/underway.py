"""What is under way, so that one commit takes what all of it finds.

Most of what a small piece of work costs is to wake for it: an agent's probes, its heartbeat and
the commit are done in one go where they can be.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field


@dataclass(slots=True)
class UnderWay:
    """Counts what has begun and not ended: `with` it."""

    _count: int = 0
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def __enter__(self) -> None:
        """Begin something."""
        self._count += 1
        self._over.clear()

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._count -= 1
        if not self._count:
            self._over.set()

    async def rest(self, at_most_s: float) -> None:
        """Wait until nothing is under way, at most so many seconds."""
        if self._count:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(at_most_s):
                    await self._over.wait()
