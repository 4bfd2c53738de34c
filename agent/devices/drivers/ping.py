"""Whether a device answers echo requests (ICMP): it is on, whatever it does.

As the probe of that name (agent/probes/ping.py): no rights are needed where
`net.ipv4.ping_group_range` lets the agent's group in.
Watch it work: schoolwatch agent device panel-302 --config agent.toml
"""

import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from agent.devices.base import COLLABORATOR, SWITCHED_OFF, Sighting, Silence, drivers
from agent.devices.faults import see_way
from core.echo import Address, EchoSocket, open_echo
from core.errors import TargetUnreachable
from core.fields import Host
from core.names import Names

Resolve = Callable[[str, float], Coroutine[Any, Any, Address]]
Open = Callable[[socket.AddressFamily], EchoSocket]


@drivers.add("ping")
@dataclass(frozen=True, slots=True)
class PingDriver:
    """Asks up to `count` times, each for `timeout_s`, and is content with the first answer."""

    host: Host
    count: Annotated[int, Meta(ge=1, le=5)] = 3
    timeout_s: Annotated[float, Meta(ge=0.1, le=2)] = 1.0
    silence: Silence = "unreachable"
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    open_echo: Open = field(default=open_echo, metadata=COLLABORATOR)

    async def look(self) -> Sighting:
        """Return that it is on, and how fast it answered; or off, where its silence means that.

        Raises TargetUnreachable; OSError where there is no way there from here; NotPermitted
        where this process may not send echo requests.
        """
        address = await self.resolve(self.host, self.timeout_s)
        with self.open_echo(address[0]) as echo:
            for number in range(self.count):
                answer = await echo.ask(address, number + 1, self.timeout_s)
                if answer:
                    fields = {"on": True, "answer_ms": round(1000 * answer.seconds, 3)}
                    return Sighting("ready", fields=fields)
        see_way(*address)
        if self.silence == "standby":
            return SWITCHED_OFF
        raise TargetUnreachable(f"{self.host}: {self.count} echo requests, no answer")
