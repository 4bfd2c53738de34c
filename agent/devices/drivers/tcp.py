"""Whether a device takes a TCP connection at a port: it is on, and its program runs.

Nothing is sent, and the connection is closed at once.
Watch it work: schoolwatch agent device ops-302 --config agent.toml
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from agent.devices.base import COLLABORATOR, Sighting, drivers
from core import clock
from core.errors import TargetUnreachable
from core.fields import Host, Port
from core.names import Names, with_port

Resolve = Callable[[str, float], Coroutine[Any, Any, tuple[socket.AddressFamily, Any]]]


@drivers.add("tcp")
@dataclass(frozen=True, slots=True)
class TcpDriver:
    """Connects to `port` of `host`; `timeout_s` is for finding the address and for the answer."""

    host: Host
    port: Port
    timeout_s: Annotated[float, Meta(ge=0.1, le=5)] = 3.0
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)

    async def look(self) -> Sighting:
        """Return that it is on, and how fast it answered.

        Raises TargetUnreachable where nothing answers, ConnectionRefusedError where nothing
        listens.
        """
        family, address = await self.resolve(self.host, self.timeout_s)
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            began = self.monotonic()
            try:
                async with asyncio.timeout(self.timeout_s):
                    loop = asyncio.get_running_loop()
                    await loop.sock_connect(sock, with_port(address, self.port))
            except TimeoutError:
                why = f"port {self.port} of {self.host}: no answer within {self.timeout_s:g} s"
                raise TargetUnreachable(why) from None
            except ConnectionRefusedError:
                why = f"port {self.port} of {self.host}: nothing listens there"
                raise ConnectionRefusedError(why) from None
            taken = self.monotonic() - began
        return Sighting("ready", fields={"on": True, "answer_ms": round(1000 * taken, 3)})
