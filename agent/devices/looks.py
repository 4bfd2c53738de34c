"""One look at a device: within its time, in its turn, never two at one device.

A look that is cut off and does not heed it is left to itself; its device is not asked until it has
ended, and its turn is another's.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from agent.devices.base import Driver, Sighting
from agent.devices.device import Device
from agent.devices.judging import checked
from agent.devices.turns import Turns
from agent.onchange import OnChange
from agent.schedule import Counters
from core.errors import TargetUnreachable

_log = logging.getLogger(__name__)

LOOK_S: Final = 15.0
TIMEOUTS: Final = 3
"""The time of a look, and at least so many of its `timeout_s`, where the driver's class has no
`LOOK_S` of its own."""
HEED_S: Final = 0.5
"""Within this time a look that is cut off has to end, before it counts as hanging."""

SLOW: Final = "looks at device {}"
READINGS: Final = "readings of device {}"
SAID: Final = (SLOW, READINGS)
"""What is said once of a device, by name (agent/onchange.py)."""


class CutOff(TargetUnreachable):
    """A look took longer than it may."""


@dataclass(slots=True)
class Looks:
    """Looks for whoever asks, as many at once as `turns` lets, and counts what goes wrong."""

    turns: Turns
    counters: Counters
    state: OnChange = field(default_factory=lambda: OnChange(_log))
    look_s: float = LOOK_S
    _hanging: dict[str, asyncio.Task[Any]] = field(default_factory=dict)

    async def look(
        self, device: Device, *, doubtful: bool, within_s: float | None = None
    ) -> Sighting | BaseException:
        """Return what one look at *device* gives, or why it gives nothing.

        *doubtful* is one that did not answer when it was last asked. A look that ends *within_s*,
        less than it may take, is cut off without being counted.
        """
        hanging = self._hanging.get(device.id)
        if hanging is not None:
            await asyncio.wait({hanging}, timeout=HEED_S)
        if device.id in self._hanging:
            why = "a look that was cut off has not ended"
            self.overrun(device.id, why)
            return CutOff(why)
        async with self.turns.turn(doubtful=doubtful):
            seen = await self._within(device, within_s or time_of(device, self.look_s))
        if isinstance(seen, BaseException):
            late = isinstance(seen, CutOff) and within_s is None
            if late or not isinstance(seen, OSError | TargetUnreachable):
                self.counters.probe_errors += 1
            return seen
        sighting, wrong = seen
        self._count(device.id, wrong)
        return sighting

    def overrun(self, name: str, why: str) -> None:
        """Count a look that was left out."""
        self.counters.probe_overruns += 1
        # Said once for good: a device that is always slow would break and heal every other round.
        text = f"{name}: {why}; such looks are left out and counted"
        self.state.broke(SLOW.format(name), text)

    def _count(self, name: str, wrong: list[str]) -> None:
        self.counters.readings_refused += len(wrong)
        if wrong:
            self.state.broke(READINGS.format(name), f"{name}: left out: {wrong[0]}")
        else:
            self.state.well(READINGS.format(name))

    async def _within(
        self, device: Device, seconds: float
    ) -> tuple[Sighting, list[str]] | BaseException:
        task = asyncio.create_task(_asked(device.driver), name=f"look at {device.id}")
        task.add_done_callback(partial(self._ended, device.id))
        try:
            await asyncio.wait({task}, timeout=seconds)
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=HEED_S)
                return CutOff(f"a look did not end within {seconds:g} s; cut off")
        finally:
            if not task.done():
                task.cancel()
                self._hanging[device.id] = task
        if task.cancelled():
            return RuntimeError("its driver cancelled itself")
        error = task.exception()
        return task.result() if error is None else error

    def _ended(self, name: str, task: "asyncio.Task[Any]") -> None:
        if self._hanging.get(name) is task:
            del self._hanging[name]
        if not task.cancelled():
            task.exception()  # or asyncio says that nobody has asked for it


def time_of(device: Device, at_least: float = LOOK_S) -> float:
    """Return the seconds that a look at *device* may take."""
    driver = device.driver
    patience = TIMEOUTS * float(getattr(driver, "timeout_s", 0))
    return float(getattr(driver, "LOOK_S", max(at_least, patience)))


async def once(device: Device) -> tuple[Sighting, list[str]]:
    """Return what a single look gives, and what is wrong with it; raises what it raises."""
    try:
        async with asyncio.timeout(time_of(device)) as limit:
            return await _asked(device.driver)
    except TimeoutError:
        if not limit.expired():
            raise
        raise CutOff(f"a look did not end within {time_of(device):g} s") from None


async def _asked(driver: Driver) -> tuple[Sighting, list[str]]:
    return checked(await driver.look())
