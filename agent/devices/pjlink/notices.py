"""What projectors of class 2 tell by themselves over UDP: a reason to ask, and nothing more.

    %2LKUP=00:11:22:aa:bb:cc   its network came up     %2POWR=1   power changed
    %2ERST=000010              errors changed          %2INPT=31  input changed

Anybody can send such a datagram, so its content is not believed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from agent.clients.address import host_and_port
from agent.devices.pjlink.answers import NOTICES, parsed
from agent.devices.pjlink.link import PORT
from agent.onchange import OnChange

_log = logging.getLogger(__name__)

MOST_BYTES: Final = 512
AGAIN_S: Final = 60.0
"""Until the port is tried again that another program has."""


def is_notice(packet: bytes) -> bool:
    """Return whether *packet* is a line, or several, of which one is a notice."""
    if len(packet) > MOST_BYTES:
        return False
    lines = (parsed(line) for line in packet.replace(b"\0", b"").split(b"\r"))
    return any(said and said.version == "2" and said.body in NOTICES for said in lines)


@dataclass(slots=True)
class Hub:
    """Brings what one listener hears to the drivers that ask the projectors."""

    listening: bool = False
    heard: int = 0
    malformed: int = 0
    strangers: int = 0
    """Notices of addresses that no driver asks."""
    _waiting: dict[object, tuple[Callable[[str], bool], asyncio.Event]] = field(
        default_factory=dict
    )

    def take(self, packet: bytes, address: str) -> None:
        """Count *packet*, and hint at what has *address*."""
        if not is_notice(packet):
            self.malformed += 1
            return
        self.heard += 1
        mine = [event for is_mine, event in self._waiting.values() if is_mine(address)]
        self.strangers += not mine
        for event in mine:
            event.set()

    async def hints(self, is_mine: Callable[[str], bool]) -> AsyncIterator[None]:
        """Yield after notices of addresses that *is_mine*; several at once are one."""
        key, event = object(), asyncio.Event()
        self._waiting[key] = is_mine, event
        try:
            while True:
                await event.wait()
                event.clear()
                yield
        finally:
            del self._waiting[key]


HUB: Final = Hub()
"""Of this process: there is one listener for each machine."""


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._hub.take(data, plain(addr[0]))


def plain(address: str) -> str:
    """Return *address* without its interface, and IPv4 as such."""
    return address.partition("%")[0].removeprefix("::ffff:")


async def listen(where: str, hub: Hub = HUB) -> None:
    """Hear notices on *where* (`192.0.2.5:4352`) until cancelled.

    Raises ValueError where that is no address. A port that somebody else has is tried again.
    """
    host, port = host_and_port(where, PORT)
    state = OnChange(_log)
    loop = asyncio.get_running_loop()
    while True:
        try:
            ear, _ = await loop.create_datagram_endpoint(lambda: _Ear(hub), local_addr=(host, port))
        except OSError as error:
            state.broke(where, f"pjlink: cannot listen on UDP {where}: {error.strerror or error}")
            await asyncio.sleep(AGAIN_S)
            continue
        state.well(where)
        hub.listening = True
        try:
            await loop.create_future()
        finally:
            hub.listening = False
            ear.close()
