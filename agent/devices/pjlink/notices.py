"""What projectors of class 2 tell by themselves over UDP: a reason to ask, and nothing more.

    %2LKUP=00:11:22:aa:bb:cc   its network came up     %2POWR=1   power changed
    %2ERST=000010              errors changed          %2INPT=31  input changed

Anybody can send such a datagram, so its content is not believed.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from agent.clients.address import host_and_port, new_socket
from agent.devices import udp
from agent.devices.pjlink.answers import NOTICES, parsed
from agent.devices.pjlink.link import PORT
from agent.onchange import OnChange
from core.names import numeric, with_port

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


@dataclass(slots=True)
class Listener:
    """Listens at `where`, `192.0.2.5:4352`, or nowhere; for one machine, one."""

    where: str = ""
    hub: Hub = field(default_factory=lambda: HUB)
    again_s: float = AGAIN_S
    _state: OnChange = field(default_factory=lambda: OnChange(_log))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Hear notices until cancelled; a port that cannot be had is said once, and tried again."""
        while True:
            self._changed.clear()
            hearing = asyncio.create_task(self._listen(self.where), name="notices of projectors")
            try:
                await self._changed.wait()
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    def change(self, where: str) -> None:
        """Listen there instead, as after a reload."""
        if where != self.where:
            self.where = where
            self._changed.set()

    async def _listen(self, where: str) -> None:
        while where:
            try:
                sock = _bound(where)
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                self._state.broke(where, f"pjlink: cannot listen on UDP {where}: {why}")
                await asyncio.sleep(self.again_s)
                continue
            self._state.well(where)
            with sock:
                await self._hear(sock)

    async def _hear(self, sock: socket.socket) -> None:
        self.hub.listening = True
        try:
            await udp.read(sock, MOST_BYTES + 1, self.hub.take)
        finally:
            self.hub.listening = False


def _bound(where: str) -> socket.socket:
    host, port = host_and_port(where, PORT)
    found = numeric(host)
    if not found:
        raise ValueError("no address of this machine")
    family, _, _, _, address = found[0]
    sock = new_socket(family, socket.SOCK_DGRAM)
    try:
        sock.bind(with_port(address, port))
    except OSError:
        sock.close()
        raise
    return sock
