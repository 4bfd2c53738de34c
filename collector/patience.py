"""Trying again what the collector's own database or disk refused, until it works.

That is not a message's fault, so none is given up for it: nothing is acknowledged meanwhile, the
broker holds the rest back, and the agents keep everything in their spools.
"""

import asyncio
import contextlib
import logging
import random
import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from core import clock
from core.errors import StoreBusy, StoreStopped

FIRST_WAIT_S: Final = 0.5
MAX_WAIT_S: Final = 30.0
STOPPED_WAIT_S: Final = 10.0
"""Before asking again what only a person can mend: no use in asking sooner."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Stopping(Exception):
    """The collector stops; what is under way stays unacknowledged."""


class Patience:
    """Does work in a thread; `tell` hears why it is refused, and "" when it is not any more.

    Of several pieces of work at a time: when none is.
    """

    def __init__(
        self,
        stopping: asyncio.Event,
        tell: Callable[[str], None],
        *,
        first_wait_s: float = FIRST_WAIT_S,
        stopped_wait_s: float = STOPPED_WAIT_S,
        rng: random.Random | None = None,
        monotonic: clock.Monotonic = clock.monotonic,
    ) -> None:
        self._stopping, self._tell = stopping, tell
        self._first_wait_s, self._stopped_wait_s = first_wait_s, stopped_wait_s
        self._uniform = (rng or random.Random()).uniform  # noqa: S311 — jitter
        self._monotonic = monotonic
        self._reasons: dict[object, str] = {}
        """Why each piece of work that waits was refused."""

    @property
    def stopping(self) -> bool:
        """Whether the collector stops, so that nothing new is to be begun."""
        return self._stopping.is_set()

    async def persist(self, work: Callable[[], T]) -> T:
        """Return what *work* gives, done in a thread, as often as it takes.

        Raises Stopping, and whatever *work* raises that is no refusal of ours.
        """
        began, reason, wait = self._monotonic(), "", self._first_wait_s
        mine = object()
        while True:
            try:
                result = await asyncio.to_thread(work)
            except (StoreBusy, StoreStopped, OSError, sqlite3.Error) as error:
                if not _is_ours(error):
                    self._answered(mine)
                    raise
                reason = self._reasons[mine] = self._refused(error, reason)
                needs_person = isinstance(error, StoreStopped)
                await self._pause(self._stopped_wait_s if needs_person else wait)
                wait = min(wait * 2, MAX_WAIT_S)
                continue
            except Exception:
                self._answered(mine)
                raise
            if reason:
                _log.warning("storing works again after %.0f s", self._monotonic() - began)
            self._answered(mine)
            return result

    def _answered(self, work: object) -> None:
        """Hear that *work* is not refused for now any more, if it was."""
        if self._reasons.pop(work, ""):
            self._tell(next(iter(self._reasons.values()), ""))

    def _refused(self, error: Exception, before: str) -> str:
        reason = str(error) or type(error).__name__
        self._tell(reason)
        if reason != before:
            level = logging.ERROR if isinstance(error, StoreStopped) else logging.WARNING
            _log.log(level, "storing is held up, nothing is lost meanwhile: %s", reason)
        return reason

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            jittered = seconds * self._uniform(0.5, 1.0)
            await asyncio.wait_for(self._stopping.wait(), jittered)
            raise Stopping


def _is_ours(error: Exception) -> bool:
    # Other errors of sqlite3 mean that a statement and its values do not fit: trying again would
    # hold up everybody for one message.
    if isinstance(error, sqlite3.Error):
        return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
    return True
