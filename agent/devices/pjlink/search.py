"""Asks a network which projectors of class 2 it has: one broadcast, one answer of each.

Only a network that somebody named is searched.
"""

import asyncio
import re
import socket
from dataclasses import dataclass
from typing import Any, Final

from agent.clients.address import plain
from agent.devices.pjlink.link import PORT

QUESTION: Final = b"%2SRCH\r"
MOST_FOUND: Final = 4_096
_ANSWER: Final = re.compile(rb"%2ACKN=((?:[0-9A-F]{2}:){5}[0-9A-F]{2})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A projector that answered: where, and the hardware address that it gave."""

    address: str
    mac: str


def mac_of(packet: bytes) -> str:
    """Return the hardware address of an answer to the search; nothing where it is none."""
    found = _ANSWER.fullmatch(packet.replace(b"\0", b""))
    return found[1].decode().lower() if found else ""


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, found: dict[str, Found]) -> None:
        self._found = found

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        mac, address = mac_of(data), plain(addr[0])
        if mac and len(self._found) < MOST_FOUND:
            self._found.setdefault(address, Found(address, mac))


async def search(broadcast: str, seconds: float, port: int = PORT) -> list[Found]:
    """Return who answers within *seconds* on the network with the address *broadcast*.

    By the specification the answers go to our port 4352, whatever port has asked. Where another
    program has that port (an agent that takes notices, say), only those are found that answer
    where they were asked from. Raises OSError where there is no way to that network.
    """
    found: dict[str, Found] = {}
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    asking, _ = await loop.create_datagram_endpoint(lambda: _Ear(found), sock=sock)
    ears = [asking]
    try:
        try:
            ear, _ = await loop.create_datagram_endpoint(
                lambda: _Ear(found),
                local_addr=("0.0.0.0", port),  # noqa: S104  # a moment only
            )
            ears.append(ear)
        except OSError:
            pass
        asking.sendto(QUESTION, (broadcast, port))
        await asyncio.sleep(seconds)
    finally:
        for ear in ears:
            ear.close()
    return sorted(found.values(), key=lambda one: socket.inet_aton(one.address))
