"""Devices that do what a test tells them, and a keeper that keeps them in short times."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agent.devices.base import Sighting
from agent.devices.device import Device
from agent.devices.keeper import Keeper
from agent.devicesconfig import DeviceConfig
from core import clock
from core.errors import TargetUnreachable
from core.types import Reading

Act = Callable[[], Coroutine[Any, Any, Any]]
INTERVAL_S = 0.2
ON = Sighting("ready", fields={"on": True})


async def well() -> Any:
    return ON


async def dead() -> Any:
    raise TargetUnreachable("nobody there")


async def hang() -> Any:
    await asyncio.Event().wait()


def raises(error: BaseException) -> Act:
    async def act() -> Any:
        raise error

    return act


def returns(what: object) -> Act:
    async def act() -> Any:
        return what

    return act


@dataclass
class Actor:
    """A driver that acts look by look, and then goes on with the last."""

    acts: list[Act]
    host: str = ""
    looked: list[float] = field(default_factory=list)
    running: int = 0

    async def look(self) -> Sighting:
        self.looked.append(clock.monotonic())
        self.running += 1
        assert self.running == 1, "asked while the look before still runs"
        try:
            act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
            return await act()  # type: ignore[no-any-return]
        finally:
            self.running -= 1


def device(called: str, *acts: Act, host: str = "", **config: Any) -> Device:
    """Return a device that the file calls so."""
    given: dict[str, Any] = {
        "kind": "projector",
        "driver": "ping",
        "interval_s": INTERVAL_S,
    } | config
    return Device(DeviceConfig(id=called, **given), Actor([*acts] or [well], host))


def actor(device: Device) -> Actor:
    """Return the driver of a device of ours."""
    assert isinstance(device.driver, Actor)
    return device.driver


@dataclass
class Told:
    """What a keeper handed on."""

    readings: list[Reading] = field(default_factory=list)

    def take(self, readings: Sequence[Reading]) -> None:
        self.readings += readings

    def of(self, name: str, measurement: str = "device") -> list[Reading]:
        """Return what was told of the device *name*."""
        return [
            one
            for one in self.readings
            if one.tags["device"] == name and one.measurement == measurement
        ]

    def states(self, name: str) -> list[str]:
        """Return the states that were told of *name*, with the cause; each change once."""
        return list(_changes(self.of(name)))

    def last(self, name: str) -> str:
        """Return the last of them, or nothing."""
        return (self.states(name) or [""])[-1]


def _changes(readings: Sequence[Reading]) -> Iterator[str]:
    before = ""
    for one in readings:
        now = f"{one.fields['state']} {one.fields['cause']}".strip()
        if now != before:
            yield now
        before = now


@asynccontextmanager
async def keeping(*devices: Device, **more: Any) -> AsyncIterator[tuple[Keeper, Told]]:
    """Run a keeper of *devices* whose times are short."""
    told = Told()
    given: dict[str, Any] = {
        "look_s": 0.4,
        "glance_s": 0.1,
        "again_s": 0.02,
        "hint_every_s": 0.05,
        "first_spread_s": 0.0,
    } | more
    keeper = Keeper(devices, told.take, **given)
    task = asyncio.create_task(keeper.run())
    try:
        yield keeper, told
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
