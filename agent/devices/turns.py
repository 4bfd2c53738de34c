"""Whose turn it is, where only so many may be at work at once.

What answered when it was last asked goes before what did not: dead devices, each of which takes
all the time that a look may take, use at most half of the turns, and a quarter is kept for them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

DOUBTFUL_AT_MOST: Final = 2
DOUBTFUL_AT_LEAST: Final = 4
"""These parts of all turns: a half, a quarter."""

Waiting = deque["asyncio.Future[None]"]


class Turns:
    """Lets *most* work at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._busy = {False: 0, True: 0}
        self._waiting: dict[bool, Waiting] = {False: deque(), True: deque()}

    def limit(self, most: int) -> None:
        """Let so many work at once from now on; who works already goes on."""
        self._most = most
        self._give()

    @asynccontextmanager
    async def turn(self, *, doubtful: bool) -> AsyncIterator[None]:
        """Wait for a turn, and have it within the `async with`."""
        mine = asyncio.get_running_loop().create_future()
        self._waiting[doubtful].append(mine)
        self._give()
        try:
            await mine
            yield
        finally:
            if mine.done() and not mine.cancelled():
                self._busy[doubtful] -= 1
            else:  # cancelled while it waited
                mine.cancel()
            self._give()

    def _give(self) -> None:
        while sum(self._busy.values()) < self._most:
            doubtful = self._next()
            if doubtful is None:
                return
            one = self._waiting[doubtful].popleft()
            if not one.done():
                self._busy[doubtful] += 1
                one.set_result(None)

    def _next(self) -> bool | None:
        """Return whether the next turn is a doubtful one's; None where nobody may have it."""
        regular, doubtful = self._waiting[False], self._waiting[True]
        if doubtful and self._busy[True] < self._most // DOUBTFUL_AT_LEAST:
            return True
        if regular:
            return False
        if doubtful and self._busy[True] < max(1, self._most // DOUBTFUL_AT_MOST):
            return True
        return None
