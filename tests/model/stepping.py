"""Driving the programs' own coroutines step by step: no loop, no threads, and a fuse to crash by.

Everything that the programs await is replaced by something that is done at once, so a coroutine
runs through in one go, and a crash is an exception between two of its steps.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from core.clock import SECOND

_T = TypeVar("_T")


class Crash(BaseException):
    """The process dies here. Not an Exception, so that no handler of the programs outlives it."""


@dataclass
class Fuse:
    """Burns down at each commit point, before it and after it; at its end the process dies."""

    left: int = 0
    """Points until the crash; 0 for none."""

    def burn(self) -> None:
        """Pass a point; raises Crash at the last."""
        if self.left:
            self.left -= 1
            if not self.left:
                raise Crash


@dataclass
class Time:
    """Simulated time; `at` is ns, and the monotonic clock goes along."""

    at: int

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / SECOND

    def pass_by(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)


def run(steps: Coroutine[Any, Any, _T]) -> _T:
    """Return what a coroutine gives that never has to wait."""
    try:
        steps.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("something in the model waits for the event loop")


@dataclass
class Timer:
    """Stands for a timer that the schedule fires, not time."""

    what: Callable[[], None]

    def cancel(self) -> None:
        """Nothing to take back."""
