"""One question by SNMP version 1 or 2c, on a socket of its own.

So an answer after its time-out finds nobody and cannot be taken for that of the next question.
"""

import asyncio
import secrets
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from agent.devices.snmp import message
from agent.devices.snmp.ber import Garbled
from agent.devices.snmp.message import Answer, Question
from agent.devices.snmp.session import Silent, Unreadable
from core.echo import Address
from core.errors import TargetUnreachable
from core.names import Names, with_port

# <linux/in.h>, <linux/in6.h>: that nobody listens is said to a socket that is not connected too.
RECVERR: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}


@dataclass(frozen=True, slots=True)
class Community:
    """Asks one device with a community; `timeout_s` is for its address, and for each try."""

    host: str
    port: int
    version: int
    """By `message.V1` or `V2C`."""
    community: bytes = field(repr=False)
    timeout_s: float
    retries: int
    names: Names = field(default_factory=Names, repr=False)
    token: Callable[[int], int] = field(default=secrets.randbits, repr=False)

    @property
    def has_bulk(self) -> bool:
        """Return whether a question may ask for many rows."""
        return self.version != message.V1

    async def ask(self, question: Question) -> Answer:
        """Return the answer; raises TargetUnreachable where none can be read in time."""
        family, address = await self.names.resolve(self.host, self.timeout_s)
        number = self.token(31)
        waiting = _Waiting((family, with_port(address, self.port)), self.version, number)
        data = message.asked(self.version, self.community, number, question)
        try:
            found = await self._tried(waiting, data)
        except OSError as error:
            text = f"{self.host}: UDP port {self.port}: {error.strerror or error}"
            if isinstance(error, ConnectionRefusedError):
                text = f"{self.host}: nothing answers SNMP on UDP port {self.port}: switched off?"
            raise TargetUnreachable(text) from None
        if found is None:
            raise self._silence(waiting)
        return found

    async def _tried(self, waiting: "_Waiting", data: bytes) -> Answer | None:
        with _socket(waiting.asked[0]) as sock:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: waiting, sock=sock)
            try:
                for _ in range(1 + self.retries):
                    transport.sendto(data, waiting.asked[1])
                    done, _ = await asyncio.wait([waiting.answer], timeout=self.timeout_s)
                    if done:
                        return waiting.answer.result()
            finally:
                transport.close()
        return None

    def _silence(self, waiting: "_Waiting") -> TargetUnreachable:
        if waiting.elsewhere:
            return TargetUnreachable(
                f"{self.host}: {waiting.elsewhere} answered by SNMP instead, which is not "
                "accepted; if it is the same device, write that address as its host"
            )
        if waiting.garbled:
            return Unreadable(
                f"{self.host}: no SNMP is what UDP port {self.port} answers: it {waiting.garbled}"
            )
        return Silent(
            f"{self.host}: no answer by SNMP on UDP port {self.port} (a wrong community gets none "
            "either, nor does an address that the device does not let in)"
        )


def _socket(family: socket.AddressFamily) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    if sys.platform == "linux":
        sock.setsockopt(*RECVERR[family], 1)
    return sock


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the answer to one question; keeps what else arrived in words."""

    def __init__(self, asked: Address, version: int, number: int) -> None:
        self.asked, self._version, self._number = asked, version, number
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.garbled = self.elsewhere = ""

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.answer.done():
            return
        try:
            found = message.answered(data, self._version, self._number)
        except Garbled as error:
            self.garbled = self.garbled if _place(addr) != _place(self.asked[1]) else str(error)
            return
        if found is not None and _place(addr) != _place(self.asked[1]):
            self.elsewhere = f"{addr[0]} port {addr[1]}"
        elif found is not None:
            self.answer.set_result(found)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


def _place(address: Any) -> tuple[str, int]:
    """Return address and port; link-local ones come with and without their zone."""
    return address[0].partition("%")[0], address[1]
