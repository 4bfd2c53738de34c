"""The keeper of devices (agent/devices), which is loaded when a file names the first one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.devicesconfig import DevicesConfig
from agent.schedule import Counters, Sink
from core import clock

if TYPE_CHECKING:
    from agent.devices.device import Device
    from agent.devices.hearing import Hearing, Read
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
    places: Mapping[str, str] = field(default_factory=dict)
    """Where traps and syslog are heard (agent/devices/hearing.py)."""
    read: "Read | None" = None
    """Reads the lines of syslog whose sender's log is read."""
    missed: "Callable[[int], None] | None" = None
    """Hears how many datagrams were dropped at the port of syslog."""
    notifications: str = ""
    """Where projectors tell that they have changed; nowhere where empty."""
    keeper: "Keeper | None" = None
    hearing: "Hearing | None" = None
    _listener: "Listener | None" = None
    _some: asyncio.Event = field(default_factory=asyncio.Event)
    _listens: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look at every device at its times, as soon as there is one."""
        if self.devices or any(self.places.values()):
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
            group.create_task(self._hear(), name="traps and syslog")

    async def _hear(self) -> None:
        if any(self.places.values()):
            self._listens.set()
        await self._listens.wait()
        from agent.devices.hearing import Hearing  # noqa: PLC0415 — nor do most listen

        self.hearing = Hearing(self.hint, self.places)
        if self.read is not None:
            self.hearing.read = self.read
        if self.missed is not None:
            self.hearing.missed = self.missed
        await self.hearing.run()

    def change(self, devices: "Sequence[Device]", config: DevicesConfig) -> None:
        """Keep *devices* instead, and listen where *config* says."""
        self.devices, self.concurrency = devices, config.concurrency
        self.places, self.notifications = config.places(), config.pjlink_notifications
        if self._listener is not None:
            self._listener.change(self.notifications)
        if self.hearing is not None:
            self.hearing.change(self.places)
        elif any(self.places.values()):
            self._listens.set()
        if self.keeper is not None:
            self.keeper.change(devices, config.concurrency)
        elif devices or any(self.places.values()):
            self._some.set()

    def hint(self, address: str) -> bool:
        """Have the devices with that address looked at; see `Keeper.hint`."""
        return self.keeper is not None and self.keeper.hint(address)

    def heard(self) -> dict[str, int]:
        """Return what was heard so far, as the catalogue names it; nothing where none listens."""
        if self.hearing is None:
            return {}
        heard = self.hearing.heard
        refused = heard.unknown + heard.malformed + heard.dropped
        return {"hints": heard.hints, "hints_refused": refused}
