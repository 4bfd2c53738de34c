"""Takes messages from the outbox to the channels: one at a time for each, none waits for another.

claim (marked *sending*) ─▶ send ─▶ record ─▶ claim …
"""

import asyncio
import contextlib
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from alerts.channels.base import Channel
from alerts.outbox import GIVE_UP_AFTER, Outbox, Outcome, Parcel
from core import clock
from core.clock import SECOND
from core.errors import DeliveryError, RetryLater

FIRST_WAIT_S: Final = 1.0
MAX_WAIT_S: Final = 300.0
IDLE_S: Final = 60.0
"""At least so often the outbox is looked at, whatever was said."""
REFUSED_S: Final = 2.0
LAST_WORDS_S: Final = 5.0
"""Given to what is being sent when the program stops."""

Count = Callable[[str, str], None]
_log = logging.getLogger(__name__)


class Dispatcher:
    """Runs in the event loop; `count` hears of each outcome by (name, channel)."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Sequence[Channel],
        count: Count,
        *,
        now: clock.Clock = clock.now,
        first_wait_s: float = FIRST_WAIT_S,
        rng: random.Random | None = None,
    ) -> None:
        self._outbox, self._count, self._now = outbox, count, now
        self._channels = {channel.name: channel for channel in channels}
        self._first_wait_s = first_wait_s
        self._uniform = (rng or random.Random()).uniform  # noqa: S311 — jitter
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._outcomes: list[Outcome] = []
        self._recording: set[str] = set()
        self._something = asyncio.Event()
        self._failing: set[str] = set()
        self._taken_up = self._refused = False

    def kick(self) -> None:
        """Hear that there may be something to send."""
        self._something.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until *stopping* is set; *kick* after that lets it notice."""
        while not self._taken_up and not stopping.is_set():
            await self._pause(await self._patiently(self._take_up))
        while not stopping.is_set():
            self._something.clear()
            await self._pause(await self._patiently(self._turn))
        await self._end()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._something.wait(), seconds)

    async def _take_up(self) -> float:
        repeats, orphans = await asyncio.to_thread(self._outbox.open, self._now())
        if repeats:
            _log.warning("%d messages may have been sent before; they go out as repeats", repeats)
        if orphans:
            _log.warning("%d messages are undeliverable: their channels were removed", orphans)
            for _ in range(orphans):
                self._count("alerts_undeliverable", "removed")
        self._taken_up = True
        return 0

    async def _turn(self) -> float:
        """Record what was sent, begin what is due; return for how long nothing is."""
        if self._outcomes:
            done = list(self._outcomes)
            await asyncio.to_thread(self._outbox.record, done)
            self._outcomes = self._outcomes[len(done) :]
            self._recording -= {one.parcel.channel for one in done}
        busy = {*self._sending, *self._recording}
        now = self._now()
        for parcel in await asyncio.to_thread(self._outbox.claim, now, busy):
            self._sending[parcel.channel] = asyncio.create_task(self._send(parcel))
        busy = {*self._sending, *self._recording}
        next_at = await asyncio.to_thread(self._outbox.next_at, now, busy)
        return min(IDLE_S, (next_at - now) / SECOND) if next_at else IDLE_S

    async def _patiently(self, work: Callable[[], Awaitable[float]]) -> float:
        """Return how long to wait; a database that refuses is asked again in a moment."""
        try:
            wait = await work()
        except sqlite3.Error as error:
            if not self._refused:
                _log.warning("the outbox cannot be used, trying again: %s", error)
            self._refused = True
            return REFUSED_S
        if self._refused:
            _log.warning("the outbox can be used again")
        self._refused = False
        return wait

    async def _send(self, parcel: Parcel) -> None:
        try:
            outcome = await self._outcome(parcel)
        finally:
            del self._sending[parcel.channel]
        self._recording.add(parcel.channel)
        self._outcomes.append(outcome)
        self._something.set()

    async def _outcome(self, parcel: Parcel) -> Outcome:
        channel = self._channels[parcel.channel]
        try:
            await channel.send(parcel)
        except RetryLater as error:
            return self._later(parcel, error)
        except DeliveryError as error:
            return self._never(parcel, str(error))
        except Exception as error:  # noqa: BLE001 — one channel's defect harms no other
            _log.exception("channel %s failed", parcel.channel)
            text = f"{type(error).__name__} inside the channel"
            return self._later(parcel, RetryLater(text, perhaps=True))
        self._count("alerts_delivered", parcel.channel)
        if parcel.channel in self._failing:
            self._failing.discard(parcel.channel)
            _log.warning("channel %s takes messages again", parcel.channel)
        return Outcome(parcel, "delivered", self._now())

    def _later(self, parcel: Parcel, error: RetryLater) -> Outcome:
        now = self._now()
        if now - parcel.notification.at > GIVE_UP_AFTER:
            return self._never(parcel, f"given up after a day: {error}")
        if parcel.channel not in self._failing:
            self._failing.add(parcel.channel)
            _log.warning("channel %s: %s; trying again", parcel.channel, error)
        self._count("alerts_retried", parcel.channel)
        doubled = self._first_wait_s * 2.0 ** min(parcel.tries - 1, 20)
        wait = max(min(doubled, MAX_WAIT_S) * self._uniform(0.5, 1.0), error.wait)
        next_at = now + int(wait * SECOND)
        return Outcome(parcel, "queued", now, str(error), next_at, error.perhaps)

    def _never(self, parcel: Parcel, reason: str) -> Outcome:
        self._count("alerts_undeliverable", parcel.channel)
        number = parcel.notification.number
        _log.error("channel %s will not take message %d: %s", parcel.channel, number, reason)
        return Outcome(parcel, "undeliverable", self._now(), reason)

    async def _end(self) -> None:
        """Give what is under way a moment, keep what became of it, and close the channels.

        What does not end in time stays marked as *sending*, and is repeated by the next process.
        """
        tasks = list(self._sending.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
        if self._outcomes:
            with contextlib.suppress(sqlite3.Error):
                await asyncio.to_thread(self._outbox.record, self._outcomes)
        for channel in self._channels.values():
            await channel.close()
