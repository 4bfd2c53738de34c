"""Questions to the store that end in time, whatever the store does.

Threads of their own: a store that hangs may hold these, never those in which batches are stored.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from collector.store.base import Store
from core.errors import StoreBusy

_T = TypeVar("_T")

THREADS = 4


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="page-read")


@dataclass(frozen=True, slots=True)
class Reads:
    """Asks *store* in a worker thread; gives up after `patience` seconds."""

    store: Store
    patience: float = 2.0
    threads: ThreadPoolExecutor = field(default_factory=_threads)

    async def ask(self, question: Callable[[Store], _T]) -> _T:
        """Return the store's answer; raises StoreError, in time."""
        return await self.run(lambda: question(self.store))

    async def run(self, question: Callable[[], _T]) -> _T:
        """Return what *question*, which blocks, answers; raises StoreError, in time."""
        answer = asyncio.get_running_loop().run_in_executor(self.threads, question)
        try:
            return await asyncio.wait_for(answer, self.patience)
        except TimeoutError:
            raise StoreBusy(f"no answer from the database in {self.patience:g} s") from None

    def close(self) -> None:
        """Start nothing more; a question that hangs is left to end by itself."""
        self.threads.shutdown(wait=False, cancel_futures=True)
