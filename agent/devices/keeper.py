"""Looks at each device at its times, and hands on how it is.

    hint, or its time ─▶ turn ─▶ driver.look ─▶ standing ─▶ Reading("device", …) ─▶ recorder.take

A task for each device. One that hangs, floods, raises or flaps costs only itself. One that does not
answer is waited for ever more seldom: at its other times a glance, cut off early, sees whether it
is back. That it does not answer is said at each of its times all the same.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent.clients.address import plain
from agent.devices import looks
from agent.devices.base import Driver, Hinted, Sighting
from agent.devices.device import Device, told
from agent.devices.judging import answered, dues, failure, shown, skipped
from agent.devices.turns import Turns
from agent.devices.watch import Watch, upstream
from agent.following import Following
from agent.onchange import OnChange
from agent.schedule import Counters, Sink, next_due
from core import clock
from core.errors import TargetUnreachable
from core.names import Names

_log = logging.getLogger(__name__)

FIRST_SPREAD_S: Final = 20.0
GLANCE_S: Final = 2.0
"""A look at what did not answer, at the times at which it is not waited for: what is back answers
sooner, and fifty that are dead take less than two turns of twenty."""
AGAIN_S: Final = 1.0
"""From a look that failed to the second one."""
AGAIN_SHARE: Final = 0.25
"""The most of an interval that this may be; half of one after the first look comes the next."""
HINT_EVERY_S: Final = 5.0
"""Between two looks at a device that are not regular ones."""
HINTS_AGAIN_S: Final = 60.0
"""After a driver failed to listen to its device."""
HINT_GAP_S: Final = 0.05
"""Between two hints of one driver that are listened to, however many it has."""
NAMES_EVERY_S: Final = 600.0
NAME_WITHIN_S: Final = 2.0

DEVICE: Final = "device {}"
ROUNDS: Final = "rounds of device {}"
HINTS: Final = "hints of device {}"
SAID: Final = (DEVICE, ROUNDS, HINTS, *looks.SAID)
"""What is said once of a device, by name (agent/onchange.py)."""


@dataclass(slots=True)
class Keeper:
    """Keeps *devices* until cancelled; *sink* is called in the event loop, once a look."""

    devices: Sequence[Device]
    sink: Sink
    concurrency: int = 20
    now: clock.Clock = clock.now
    monotonic: clock.Monotonic = clock.monotonic
    counters: Counters = field(default_factory=Counters)
    names: Names = field(default_factory=Names)
    look_s: float = looks.LOOK_S
    glance_s: float = GLANCE_S
    again_s: float = AGAIN_S
    hint_every_s: float = HINT_EVERY_S
    first_spread_s: float = FIRST_SPREAD_S
    _state: OnChange = field(default_factory=lambda: OnChange(_log))
    _watches: dict[str, Watch] = field(default_factory=dict)
    _keeping: Following[Device] | None = None
    _looks: looks.Looks = field(init=False)

    def __post_init__(self) -> None:
        turns = Turns(self.concurrency)
        self._looks = looks.Looks(turns, self.counters, self._state, self.look_s)

    async def run(self) -> None:
        """Look at every device at its times."""
        async with asyncio.TaskGroup() as group:
            self._keeping = Following(self._begin)
            self._keeping.follow(self.devices)
            await self._keeping.run(group)

    def change(self, devices: Sequence[Device], concurrency: int) -> None:
        """Keep *devices* instead; one that is the same object goes on undisturbed.

        Except that one which does not answer is asked soon: a person has changed something.
        """
        for device in devices:
            if not any(device is known for known in self.devices):
                # Whatever was said of its predecessor is worth saying again of this one.
                self._state.forget(*(kind.format(device.id) for kind in SAID))
        self.devices = devices
        self._looks.turns.limit(concurrency)
        for watch in self._watches.values():
            if watch.silent:
                watch.rouse()
        if self._keeping is not None:
            self._keeping.follow(devices)

    def hint(self, address: str) -> bool:
        """Look at once at all devices with that address: a trap or a line of syslog came from it.

        Return whether there is one.

        Says nothing by itself, since anybody can send one; not oftener than each `hint_every_s`.
        """
        where = plain(address)
        hinted = [watch for watch in self._watches.values() if where in watch.addresses]
        for watch in hinted:
            watch.hinted.set()
        return bool(hinted)

    def _begin(self, device: Device) -> tuple[Coroutine[Any, Any, None], str]:
        place = next(place for place, one in enumerate(self.devices) if one is device)
        return self._keep(Watch(device), place / len(self.devices)), f"device {device.id}"

    async def _keep(self, watch: Watch, share: float) -> None:
        name, interval = watch.device.id, watch.device.config.interval_s
        self._watches[name] = watch
        hears = asyncio.create_task(self._hear(watch, watch.device.driver), name=f"hints of {name}")
        try:
            begun = self.monotonic()
            first, due = (begun + one for one in dues(interval, share, self.first_spread_s))
            await self._until(watch, first)
            await self._round(watch, ask=True)
            while True:
                if self.monotonic() >= due:
                    why = f"not done when the next look is due, after {interval:g} s"
                    self._looks.overrun(name, why)
                    due = next_due(due, interval, self.monotonic())
                hinted = await self._until(watch, due)
                ask = hinted or not watch.skip
                if self.monotonic() >= due:
                    watch.skip = max(0, watch.skip - 1)
                    due = next_due(due, interval, self.monotonic())
                if hinted:
                    watch.rouse()
                await self._round(watch, ask=ask)
        finally:
            hears.cancel()
            # What it listens at is free before a successor wants to listen there.
            await asyncio.wait({hears}, timeout=looks.HEED_S)
            if self._watches.get(name) is watch:
                del self._watches[name]

    async def _until(self, watch: Watch, due: float) -> bool:
        """Wait for *due*, or for a hint before that; tell whether there was a hint."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, due - self.monotonic())):
                await watch.hinted.wait()
                await asyncio.sleep(watch.looked + self.hint_every_s - self.monotonic())
        return watch.hinted.is_set()

    async def _round(self, watch: Watch, *, ask: bool) -> None:
        name = watch.device.id
        try:
            seen = None if ask else await self._glance(watch)
            if ask or seen is not None:
                watch.hinted.clear()
                await self._look(watch, seen)
            self._tell(watch)
            await self._resolve(watch)
            self._state.well(ROUNDS.format(name))
        except Exception as error:  # noqa: BLE001 — a mistake of ours about one harms no other
            self.counters.probe_errors += 1
            why = f"{name}: {type(error).__name__}: {error}"
            self._state.broke(ROUNDS.format(name), why, unexpected=True)

    async def _glance(self, watch: Watch) -> Sighting | BaseException | None:
        """Return what a short look at a device that does not answer gives, where that is new."""
        seen = await self._looks.look(watch.device, doubtful=True, within_s=self.glance_s)
        if isinstance(seen, looks.CutOff):
            return None
        same = not answered(seen) and _meaning(seen) == watch.standing.sighting
        return None if same else seen

    async def _look(self, watch: Watch, seen: Sighting | BaseException | None) -> None:
        """Bring the standing of the device up to date; one failed look is no outage.

        *seen* is what a glance gave, or None.
        """
        began, was_unreachable = self.monotonic(), watch.unreachable
        try:
            if seen is None:
                seen = await self._looks.look(watch.device, doubtful=watch.silent)
            if not answered(seen) and not watch.silent:
                interval = watch.device.config.interval_s
                await asyncio.sleep(min(self.again_s, AGAIN_SHARE * interval))
                seen = await self._looks.look(watch.device, doubtful=True)
            if answered(seen):
                if seen.by_silence and not watch.quiet:
                    await self._ask_before(watch, began)
                watch.standing, watch.skip = watch.standing.saw(seen), 0
                self._state.well(DEVICE.format(watch.device.id))
            else:
                await self._ask_before(watch, began)
                self._failed(watch, seen)
        finally:
            watch.over(self.monotonic())
        if watch.unreachable != was_unreachable:
            self._pass_on(watch)

    def _failed(self, watch: Watch, why: Sighting | BaseException) -> None:
        seen = _meaning(why)
        watch.standing = watch.standing.failed(seen)
        watch.skip = skipped(watch.standing.failures, watch.device.config.interval_s)
        name = watch.device.id
        if isinstance(why, Sighting):
            text = f"{seen.state}, {seen.cause}"
        elif seen.cause == "failed":
            text = "".join(traceback.format_exception(why)).rstrip()
        else:
            text = str(why) or type(why).__name__
        self._state.broke(DEVICE.format(name), f"{name}: {text}")

    async def _ask_before(self, watch: Watch, began: float) -> None:
        """Have what it is behind looked at, so that a switch is not taken for eleven faults."""
        nearest = next(upstream(watch, self._watches), None)
        if nearest is None or nearest.silent or nearest.looked >= began:
            return
        fresh = nearest.fresh
        nearest.hinted.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * self.look_s + self.again_s + self.hint_every_s):
                await fresh.wait()

    def _pass_on(self, watch: Watch) -> None:
        """Have what is behind the device looked at: it went, or it came back.

        Where it came back, the way to it did as well.
        """
        before = () if watch.unreachable else upstream(watch, self._watches)
        for other in before:
            if other.silent:
                other.rouse()
        for other in self._watches.values():
            affected = not other.silent if watch.unreachable else other.quiet
            if affected and watch in upstream(other, self._watches):
                other.rouse()

    def _tell(self, watch: Watch) -> None:
        """Hand on how the device is; nothing that it told before is told of one that is silent."""
        before = (one.standing for one in upstream(watch, self._watches))
        self.sink(told(watch.device, shown(watch.standing, before), self.now()))

    async def _hear(self, watch: Watch, driver: Driver) -> None:
        """Listen to the device itself, where its driver can."""
        name = watch.device.id
        while isinstance(driver, Hinted):
            try:
                async with contextlib.aclosing(driver.hints()) as heard:  # type: ignore[type-var]
                    async for _ in heard:
                        watch.hinted.set()
                        self._state.well(HINTS.format(name))
                        await asyncio.sleep(HINT_GAP_S)
            except Exception as error:  # noqa: BLE001 — it is asked all the same
                why = f"{name}: no hints, so it is only asked: {error}"
                self._state.broke(HINTS.format(name), why)
            await asyncio.sleep(HINTS_AGAIN_S)

    async def _resolve(self, watch: Watch) -> None:
        """Learn the address of a host that is a name, for hints from there."""
        if not watch.named or watch.silent or self.monotonic() - watch.resolved < NAMES_EVERY_S:
            return
        watch.resolved = self.monotonic()
        with contextlib.suppress(TargetUnreachable):
            _, address = await self.names.resolve(watch.device.host, NAME_WITHIN_S)
            watch.addresses = frozenset({plain(str(address[0]))})


def _meaning(why: Sighting | BaseException) -> Sighting:
    return why if isinstance(why, Sighting) else failure(why)
