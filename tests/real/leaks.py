"""What a probe leaves behind: open files and running tasks of this process."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def left_after(rounds: int, once: Callable[[], Awaitable[object]]) -> tuple[int, int]:
    """Return how many files and tasks are more after *rounds* than after the first few.

    What the event loop would write into the log, of a future that nobody asked say, fails.
    """
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    for _ in range(3):
        await once()
    before = await _settled()
    for _ in range(rounds):
        await once()
    after = await _settled()
    assert not complaints, complaints
    return after[0] - before[0], after[1] - before[1]


async def _settled() -> tuple[int, int]:
    for _ in range(20):
        await asyncio.sleep(0.01)
    gc.collect()
    return open_files(), len(asyncio.all_tasks())
