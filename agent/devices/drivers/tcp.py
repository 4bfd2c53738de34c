"""Whether a device takes a TCP connection at a port: it is on, and its program runs.

Nothing is sent, and the connection is closed at once.
Watch it work: schoolwatch agent device ops-302 --config agent.toml
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from msgspec import Meta

from agent.devices.base import COLLABORATOR, SWITCHED_OFF, Sighting, Silence, drivers
from core import clock
from core.errors import TargetUnreachable
from core.fields import Host, Port
from core.names import Names, with_port

Resolve = Callable[[str, float], Coroutine[Any, Any, tuple[socket.AddressFamily, Any]]]

NOBODY: Final = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN})
"""What the system says, mostly after 3 s, where no machine has the address in its network."""


@drivers.add("tcp")
@dataclass(frozen=True, slots=True)
class TcpDriver:
    """Connects to `port` of `host`; `timeout_s` is for finding the address and for the answer."""

    host: Host
    port: Port
    timeout_s: Annotated[float, Meta(ge=0.1, le=5)] = 3.0
    silence: Silence = "unreachable"
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)

    async def look(self) -> Sighting:
        """Return that it is on, and how fast it answered; or off, where its silence means that.

        Raises TargetUnreachable or OSError where nothing answers; ConnectionRefusedError where
        nothing listens, whatever silence means: a machine that refuses is on.
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
                return self._silent(TargetUnreachable(why))
            except ConnectionRefusedError:
                why = f"port {self.port} of {self.host}: nothing listens there"
                raise ConnectionRefusedError(why) from None
            except OSError as error:
                if error.errno not in NOBODY:
                    raise
                return self._silent(error)
            taken = self.monotonic() - began
        return Sighting("ready", fields={"on": True, "answer_ms": round(1000 * taken, 3)})

    def _silent(self, error: TargetUnreachable | OSError) -> Sighting:
        if self.silence == "standby":
            return SWITCHED_OFF
        raise error from None
