"""The spool for the event loop: each call runs in the one worker thread that owns the file."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from agent.spool import Spool, Waiting

_T = TypeVar("_T")


class SpoolThread:
    """Makes the blocking `Spool` awaitable; one thread, so calls never overlap.

    Who plays many agents gives a `worker` of one thread to several of them, and ends it.
    """

    def __init__(self, spool: Spool, worker: ThreadPoolExecutor | None = None) -> None:
        self.spool, self._is_shared = spool, worker is not None
        self._worker = worker or ThreadPoolExecutor(1, thread_name_prefix="spool")

    async def call(self, work: Callable[[Spool], _T]) -> _T:
        """Return what *work* gives, done in the spool's thread; may raise SpoolError."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, self.spool)

    async def take(self, lines: Sequence[bytes], *, unchecked: bool) -> int:
        """Commit *lines* to the open batch; return its size in bytes."""
        return await self.call(lambda spool: spool.take(lines, unchecked=unchecked))

    async def seal(self) -> Waiting | None:
        """Seal the open batch; None where nothing was open."""
        return await self.call(Spool.seal)

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        await self.call(Spool.close)
        if not self._is_shared:
            self._worker.shutdown()
