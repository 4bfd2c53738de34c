"""The security sensor of `[sensor]` (agent/sensor): its keeper is loaded when it is switched on."""

import asyncio
import ipaddress
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from agent.conditions import Gone, Tellable
from agent.config import AgentConfig
from agent.schedule import Sink
from agent.spoolthread import SpoolThread
from agent.surroundings import Surroundings
from core import clock
from core.errors import SpoolError
from core.securitykinds import SENSED, SENSOR
from core.types import Event

if TYPE_CHECKING:
    from agent.sensor.keeper import Keeper
    from agent.sensor.lines import Options

AGAIN_AFTER_S: Final = 60.0
ALL: Final = (*SENSED, *SENSOR)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sensing:
    """Has the sensor run as *config* says, which may be not at all."""

    config: AgentConfig
    tell: Callable[[Sequence[Tellable]], None]
    sink: Sink
    spool: SpoolThread
    now: clock.Clock = clock.now
    keeper: "Keeper | None" = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Keep it until cancelled."""
        while True:
            self._changed.clear()
            if self.config.sensor.interfaces:
                try:
                    await self._keep()
                except Exception:  # noqa: BLE001 — a defect here ends no agent that measures
                    _log.exception("the keeper of the sensor failed; it begins anew in a minute")
                    await asyncio.sleep(AGAIN_AFTER_S)
            else:
                at = self.now()
                self.tell([Gone(kind, None, _nobody, at, "not_watched") for kind in ALL])
                await self._changed.wait()

    def change(self, config: AgentConfig) -> None:
        """Go on with *config*; files that it names are read anew."""
        before, self.config = self.config, config
        if bool(before.sensor.interfaces) != bool(config.sensor.interfaces):
            self._changed.set()
        elif self.keeper is not None and (
            options_of(before) != options_of(config) or config.sensor.block_lists
        ):
            self.keeper.change()

    async def _names(self) -> tuple[str, list[Event]]:
        """Return the key of the sensor's subjects, and what an earlier agent left open."""
        try:
            return await self.spool.call(lambda spool: spool.names(SENSED))
        except SpoolError as error:  # its disk is full, say: what is open gets another name
            _log.warning("what the sensor told before is not known: %s", error)
            return secrets.token_hex(16), []

    async def _keep(self) -> None:
        # Here, since most agents have no sensor.
        from agent.sensor.keeper import Keeper  # noqa: PLC0415

        if self.keeper is None:
            key, going_on = await self._names()
            self.keeper = Keeper(
                *(lambda: options_of(self.config), self.tell, self.sink, key, going_on, self.now)
            )
        keeping = asyncio.create_task(self.keeper.run(), name="sensor")
        off = asyncio.create_task(self._changed.wait(), name="sensor off")
        try:
            await asyncio.wait((keeping, off), return_when=asyncio.FIRST_COMPLETED)
        finally:
            keeping.cancel()
            off.cancel()
            with suppress(asyncio.CancelledError):
                await keeping


def options_of(config: AgentConfig) -> "Options":
    """Return what the process is told, but for its key; the network is as this machine sees it."""
    from agent.sensor.lines import Options  # noqa: PLC0415 — see above

    sensor, around = config.sensor, Surroundings(config.broker.host)
    allow = sensor.allow
    return Options(
        key="",
        parent=0,
        interfaces=sensor.interfaces,
        promiscuous=sensor.promiscuous,
        subnets=sensor.subnets,
        gateways=tuple(sorted({_unzoned(route.gateway) for route in around.routes()})),
        resolvers=tuple(sorted({_unzoned(one) for one in around.resolvers()})),
        devices=tuple(sorted(addresses_of(config))),
        allow={name: getattr(allow, name) for name in allow.__struct_fields__},
        detectors=dict(sensor.detectors),
        block_lists={word: [str(one) for one in files] for word, files in sensor.lists().items()},
    )


def addresses_of(config: AgentConfig) -> set[str]:
    """Return the devices that are listed by their address; those with a name are left out."""
    found = set()
    for device in config.devices.list:
        with suppress(ValueError):
            found.add(str(ipaddress.ip_address(str(device.options.get("host", "")))))
    return found


def _unzoned(address: str) -> str:
    # The zone of a link-local address is this machine's own name for the interface.
    return address.partition("%")[0]


def _nobody(_subject: str) -> bool:
    return False
