"""Takes messages from the outbox to the channels: one at a time for each, none waits for another.

claim (marked *sending*) ─▶ send ─▶ record ─▶ claim …
                                      └▶ health of the channel ─▶ fallback, rule channel_dead
"""

import asyncio
import contextlib
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.channels.base import Channel, Paced
from alerts.channels.health import Health
from alerts.channels.probing import Probing
from alerts.outbox import GIVE_UP_AFTER, Outbox, Outcome, Parcel
from core import clock
from core.clock import SECOND
from core.errors import DeliveryError, NotYet, RetryLater

FIRST_WAIT_S: Final = 1.0
MAX_WAIT_S: Final = 300.0
IDLE_S: Final = 60.0
"""At least so often the outbox is looked at, whatever was said."""
REFUSED_S: Final = 2.0
FAILING_S: Final = 5.0
"""While a channel fails, what waits for it is looked at this often: it may have to fall back."""
LAST_WORDS_S: Final = 5.0
"""Given to what is being sent when the program stops."""

Count = Callable[[str, str], None]
Pause = Callable[[asyncio.Event, float], Awaitable[None]]
_log = logging.getLogger(__name__)


async def until_set(event: asyncio.Event, seconds: float) -> None:
    """Return when *event* is set, after *seconds* at the latest."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a parcel, and the health of its channel since; a test has no outcome."""

    channel: str
    health: Health
    outcome: Outcome | None


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
        probing: Probing | None = None,
        pause: Pause = until_set,
    ) -> None:
        self._outbox, self._count, self._now = outbox, count, now
        self._probing, self._wait = probing or Probing(), pause
        self._channels = {channel.name: channel for channel in channels}
        self._first_wait_s = first_wait_s
        self._uniform = (rng or random.Random()).uniform  # noqa: S311 — jitter
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._done: list[_Done] = []
        self._healths = {name: Health() for name in self._channels}
        self._something = asyncio.Event()
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

    def healths(self) -> Mapping[str, Health]:
        """Return what is known of each channel; nothing before the outbox was taken up."""
        return dict(self._healths) if self._taken_up else {}

    @property
    def is_sending(self) -> bool:
        """Whether a channel is being spoken to."""
        return bool(self._sending)

    async def _pause(self, seconds: float) -> None:
        await self._wait(self._something, seconds)

    async def _take_up(self) -> float:
        before = await asyncio.to_thread(self._outbox.sent_before, self._now())
        repeats, orphans = await asyncio.to_thread(self._outbox.open, self._now())
        self._healths |= await asyncio.to_thread(self._outbox.healths)
        for name, times in before.items():
            channel = self._channels.get(name)
            if isinstance(channel, Paced):
                channel.sent_before(times)
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
        if self._done:
            done = list(self._done)
            healths = {one.channel: one.health for one in done}
            outcomes = [one.outcome for one in done if one.outcome]
            await asyncio.to_thread(self._outbox.record, outcomes, healths)
            self._done = self._done[len(done) :]
        now = self._now()
        if any(health.failing_since for health in self._healths.values()):
            fell = await asyncio.to_thread(self._outbox.fall, self._healths, now)
            for _ in range(fell):
                self._count("alerts_fell_back", "")
        for parcel in await asyncio.to_thread(self._outbox.claim, now, self._busy(now)):
            self._begin(parcel)
        for parcel in list(self._probing.due(self._healths, self._busy(now), now)):
            self._heal(parcel.channel, self._healths[parcel.channel].tested(now))
            self._begin(parcel, test=True)
        next_at = await asyncio.to_thread(self._outbox.next_at, now, self._busy(now))
        return self._idle(now, next_at)

    def _busy(self, now: int) -> set[str]:
        """Return the channels to which nothing may be given now."""
        resting = {name for name, health in self._healths.items() if health.rests(now)}
        return {*self._sending, *(one.channel for one in self._done), *resting}

    def _idle(self, now: int, next_at: int) -> float:
        ends = [health.hold_until for health in self._healths.values() if health.rests(now)]
        waits = [(at - now) / SECOND for at in (next_at, *ends) if at]
        if any(health.failing_since for health in self._healths.values()):
            waits.append(FAILING_S)
        return min([IDLE_S, *waits])

    def _begin(self, parcel: Parcel, *, test: bool = False) -> None:
        task = asyncio.create_task(self._send(parcel, test=test))
        self._sending[parcel.channel] = task

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

    async def _send(self, parcel: Parcel, *, test: bool) -> None:
        try:
            outcome = await self._outcome(parcel)
        finally:
            del self._sending[parcel.channel]
        health = self._healths[parcel.channel]
        self._done.append(_Done(parcel.channel, health, None if test else outcome))
        self._something.set()

    async def _outcome(self, parcel: Parcel) -> Outcome:
        channel = self._channels[parcel.channel]
        try:
            await channel.send(parcel)
        except NotYet as error:
            return self._not_yet(parcel, error)
        except RetryLater as error:
            return self._later(parcel, error)
        except DeliveryError as error:
            return self._never(parcel, str(error))
        except Exception as error:  # noqa: BLE001 — one channel's defect harms no other
            _log.exception("channel %s failed", parcel.channel)
            text = f"{type(error).__name__} inside the channel"
            return self._later(parcel, RetryLater(text, perhaps=True))
        self._count("alerts_delivered", parcel.channel)
        now, health = self._now(), self._healths[parcel.channel]
        if health.failing_since:
            _log.warning("channel %s takes messages again", parcel.channel)
        self._heal(parcel.channel, health.took(now))
        return Outcome(parcel, "delivered", now)

    def _heal(self, channel: str, health: Health) -> None:
        self._healths[channel] = health

    def _not_yet(self, parcel: Parcel, error: NotYet) -> Outcome:
        now = self._now()
        until = now + max(1, int(error.wait * SECOND))
        if error.whole:
            self._heal(parcel.channel, self._healths[parcel.channel].held(until))
        return Outcome(parcel, "queued", now, str(error), until, error.perhaps, untried=True)

    def _later(self, parcel: Parcel, error: RetryLater) -> Outcome:
        now, health = self._now(), self._healths[parcel.channel]
        if now - parcel.notification.at > GIVE_UP_AFTER:
            return self._never(parcel, f"given up after a day: {error}", refused=False)
        if not health.failing_since:
            _log.warning("channel %s: %s; trying again", parcel.channel, error)
        hold = int(error.wait * SECOND) if error.whole else 0
        self._heal(parcel.channel, health.failed(now, str(error), wait=hold))
        self._count("alerts_retried", parcel.channel)
        doubled = self._first_wait_s * 2.0 ** min(parcel.tries - 1, 20)
        wait = max(min(doubled, MAX_WAIT_S) * self._uniform(0.5, 1.0), error.wait)
        next_at = now + int(wait * SECOND)
        return Outcome(parcel, "queued", now, str(error), next_at, error.perhaps)

    def _never(self, parcel: Parcel, reason: str, *, refused: bool = True) -> Outcome:
        now, health = self._now(), self._healths[parcel.channel]
        self._heal(parcel.channel, health.failed(now, reason, refused=refused))
        self._count("alerts_undeliverable", parcel.channel)
        number = parcel.notification.number
        what = f"message {number}" if number else "a test"
        _log.error("channel %s will not take %s: %s", parcel.channel, what, reason)
        return Outcome(parcel, "undeliverable", now, reason)

    async def _end(self) -> None:
        """Give what is under way a moment, keep what became of it, and close the channels.

        What does not end in time stays marked as *sending*, and is repeated by the next process.
        """
        tasks = list(self._sending.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
        if self._done:
            outcomes = [one.outcome for one in self._done if one.outcome]
            with contextlib.suppress(sqlite3.Error):
                await asyncio.to_thread(self._outbox.record, outcomes, self._healths)
        for channel in self._channels.values():
            await channel.close()
