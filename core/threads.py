"""Blocking calls in daemon threads: what hangs harms nobody, and the process can still end.

asyncio's own pool does not do: Python waits for its threads at exit, and a handful of calls that
hang, on a dead network file system or a dead name server, would use all of them up.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

from core.errors import TargetUnreachable

T = TypeVar("T")

Work = Callable[[], Callable[[], None]]

MOST_IDLE: Final = 1
"""Threads that are kept for the next call: to begin one costs more than most calls."""
_idle: "list[SimpleQueue[Work]]" = []


@dataclass(slots=True)
class OneAtATime:
    """Runs blocking calls, never two at once about the same subject."""

    _last: dict[str, Future[Any]] = field(default_factory=dict)

    async def call(self, subject: str, function: Callable[[], T], timeout_s: float) -> T:
        """Return what *function* returns, or raise what it raises.

        Raises TargetUnreachable when that takes longer than *timeout_s*, and at once while an
        earlier call about *subject* hangs; when that one comes back, the next call is made.
        """
        if self.hangs(subject):
            raise TargetUnreachable(f"{subject}: an earlier call still hangs")
        outcome = self._last[subject] = _started(subject, function)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.wrap_future(outcome)
        except TimeoutError:
            raise TargetUnreachable(f"{subject}: no answer within {timeout_s:g} s") from None
        finally:
            # What came back is of no further use, and subjects come and go: sticks, and names.
            if outcome.done() and self._last.get(subject) is outcome:
                del self._last[subject]

    def hangs(self, subject: str) -> bool:
        """Return whether a call about *subject* has not come back yet."""
        last = self._last.get(subject)
        return last is not None and not last.done()


def _started(subject: str, function: Callable[[], T]) -> Future[T]:
    outcome: Future[T] = Future()
    # From here a caller that gives up can no longer cancel it: done() means that it came back.
    outcome.set_running_or_notify_cancel()
    work = partial(_work, outcome, function)
    try:
        _idle.pop().put(work)
    except IndexError:
        try:
            Thread(target=_serve, args=(work,), name=subject, daemon=True).start()
        except RuntimeError as error:
            outcome.set_exception(OSError(f"{subject}: {error}"))  # no more threads to be had
    return outcome


def _serve(work: Work) -> None:
    """Do *work*, and then what else comes, unless enough others wait for that already."""
    more: SimpleQueue[Work] = SimpleQueue()
    while True:
        answer = work()
        stays = len(_idle) < MOST_IDLE
        if stays:
            _idle.append(more)
        answer()
        if not stays:
            return
        del work, answer  # nothing is kept of a call that came back
        work = more.get()


def _work(outcome: Future[T], function: Callable[[], T]) -> Callable[[], None]:
    """Call *function*; return what hands over its result."""
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 — handed to whoever waits, as a pool does
        return partial(outcome.set_exception, error)
    return partial(outcome.set_result, result)
