"""The keeper of devices (agent/devices), which is loaded when a file names the first one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.schedule import Counters, Sink
from core import clock

if TYPE_CHECKING:
    from agent.devices.device import Device
    from agent.devices.keeper import Keeper


@dataclass(slots=True)
class Keeping:
    """Keeps *devices*, of which there may be none for as long as the agent runs."""

    devices: "Sequence[Device]"
    concurrency: int
    sink: Sink
    counters: Counters
    now: clock.Clock
    keeper: "Keeper | None" = None
    _some: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look at every device at its times, as soon as there is one."""
        if self.devices:
            self._some.set()
        await self._some.wait()
        from agent.devices.keeper import Keeper  # noqa: PLC0415 — most agents have no devices

        self.keeper = Keeper(
            *(self.devices, self.sink, self.concurrency), now=self.now, counters=self.counters
        )
        await self.keeper.run()

    def change(self, devices: "Sequence[Device]", concurrency: int) -> None:
        """Keep *devices* instead."""
        self.devices, self.concurrency = devices, concurrency
        if self.keeper is not None:
            self.keeper.change(devices, concurrency)
        elif devices:
            self._some.set()

    def hint(self, address: str) -> None:
        """Have the devices with that address looked at; see `Keeper.hint`."""
        if self.keeper is not None:
            self.keeper.hint(address)
