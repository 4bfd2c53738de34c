"""Blocking calls in daemon threads: what hangs harms nobody, and the process can still end.

asyncio's own pool does not do: Python waits for its threads at exit, and a handful of calls that
hang, on a dead network file system or a dead name server, would use all of them up.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, TypeVar

from core.errors import TargetUnreachable

T = TypeVar("T")


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

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 — handed to whoever waits, as a pool does
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    try:
        Thread(target=work, name=subject, daemon=True).start()
    except RuntimeError as error:
        outcome.set_exception(OSError(f"{subject}: {error}"))  # no more threads to be had
    return outcome
