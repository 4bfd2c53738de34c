"""An event loop whose time goes on by itself: hours of waiting pass in a moment."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Waits for nothing: where no socket has anything, the time to be waited has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            assert timeout is not None, "everybody waits for ever"
            self.now += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """For what waits by asyncio alone: no threads, no other process."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the seconds since the beginning."""
        return self._virtual.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what *work* returns, in no time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
