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
    from agent.devices.pjlink.notices import Listener


@dataclass(slots=True)
class Keeping:
    """Keeps *devices*, of which there may be none for as long as the agent runs."""

    devices: "Sequence[Device]"
    concurrency: int
    sink: Sink
    counters: Counters
    now: clock.Clock
    notifications: str = ""
    """Where projectors tell that they have changed; nowhere where empty."""
    keeper: "Keeper | None" = None
    _listener: "Listener | None" = None
    _some: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look at every device at its times, as soon as there is one."""
        if self.devices:
            self._some.set()
        await self._some.wait()
        # Here, since most agents have no devices.
        from agent.devices.keeper import Keeper  # noqa: PLC0415
        from agent.devices.pjlink.notices import Listener  # noqa: PLC0415

        self.keeper = Keeper(
            *(self.devices, self.sink, self.concurrency), now=self.now, counters=self.counters
        )
        self._listener = Listener(self.notifications)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.keeper.run(), name="keeper")
            group.create_task(self._listener.run(), name="notices of projectors")

    def change(
        self, devices: "Sequence[Device]", concurrency: int, notifications: str = ""
    ) -> None:
        """Keep *devices* instead, and hear projectors at *notifications*."""
        self.devices, self.concurrency = devices, concurrency
        self.notifications = notifications
        if self._listener is not None:
            self._listener.change(notifications)
        if self.keeper is not None:
            self.keeper.change(devices, concurrency)
        elif devices:
            self._some.set()

    def hint(self, address: str) -> None:
        """Have the devices with that address looked at; see `Keeper.hint`."""
        if self.keeper is not None:
            self.keeper.hint(address)
