"""Sends one DNS message and hands back what arrives, with times: UDP and TCP (RFC 1035 4.2).

A socket of its own for each question: a port and an id that no older answer fits. It is connected,
so that the system passes over other senders, and a closed port is told at once.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from agent.clients.address import NoFamily, new_socket, socket_address
from core import clock

PORT: Final = 53
MOST_DATAGRAMS: Final = 32
"""Of one question: whoever sends more than that does not answer it."""

Fits = Callable[[bytes], bool]
"""Tells whether a datagram is an answer to the question."""

Datagram = tuple[float, bytes]
"""Seconds since the question was sent, and the bytes."""

Server = tuple[str, int]
"""An address, and a port."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What arrived, in its order; `refused` where nobody listens, or there is no way there."""

    datagrams: tuple[Datagram, ...] = ()
    refused: bool = False


@dataclass(slots=True)
class _Listener(asyncio.DatagramProtocol):
    monotonic: clock.Monotonic
    arrived: asyncio.Queue[Datagram | OSError] = field(
        default_factory=lambda: asyncio.Queue(MOST_DATAGRAMS)
    )

    def datagram_received(self, data: bytes, _: object) -> None:
        self._put((self.monotonic(), data))

    def error_received(self, exc: Exception) -> None:
        self._put(exc if isinstance(exc, OSError) else OSError(str(exc)))

    def _put(self, what: Datagram | OSError) -> None:
        if not self.arrived.full():
            self.arrived.put_nowait(what)


@dataclass(frozen=True, slots=True)
class DnsSocket:
    """Asks servers by their address."""

    monotonic: clock.Monotonic = clock.monotonic

    async def udp(
        self, server: Server, question: bytes, fits: Fits, timeout_s: float, linger_s: float
    ) -> Heard:
        """Return every datagram until one that *fits* came, and for *linger_s* from then on.

        A second answer that differs from the first is how a forged one shows.
        """
        listener = _Listener(self.monotonic)
        try:
            transport = await _opened(server, listener)
        except _NoWay:
            return Heard(refused=True)
        try:
            sent = self.monotonic()
            transport.sendto(question)
            return await _listened(listener.arrived, sent, fits, timeout_s, linger_s)
        finally:
            transport.abort()

    async def tcp(self, server: Server, question: bytes, timeout_s: float) -> Heard:
        """Return the one message that came; nothing where it did not come whole and in time."""
        family, address = socket_address(*server)
        with new_socket(family, socket.SOCK_STREAM) as sock:
            try:
                async with asyncio.timeout(timeout_s):
                    await asyncio.get_running_loop().sock_connect(sock, address)
                    return await self._exchanged(sock, question)
            except ConnectionRefusedError:
                return Heard(refused=True)
            except (OSError, asyncio.IncompleteReadError):  # TimeoutError is an OSError
                return Heard()

    async def _exchanged(self, sock: socket.socket, question: bytes) -> Heard:
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            sent = self.monotonic()
            writer.write(len(question).to_bytes(2) + question)
            size = int.from_bytes(await reader.readexactly(2))
            message = await reader.readexactly(size)
            return Heard(((self.monotonic() - sent, message),))
        finally:
            writer.transport.abort()


class _NoWay(Exception):
    """No route to the server, or no address of its family here."""


async def _opened(server: Server, listener: _Listener) -> asyncio.DatagramTransport:
    family, address = socket_address(*server)
    try:
        sock = new_socket(family, socket.SOCK_DGRAM)
    except NoFamily as error:
        raise _NoWay from error
    try:
        sock.connect(address)
    except OSError as error:
        sock.close()
        raise _NoWay from error
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: listener, sock=sock)
    return transport


async def _listened(
    arrived: "asyncio.Queue[Datagram | OSError]",
    sent: float,
    fits: Fits,
    timeout_s: float,
    linger_s: float,
) -> Heard:
    heard: list[Datagram] = []
    answered = refused = False
    try:
        async with asyncio.timeout(timeout_s) as limit:
            while len(heard) < MOST_DATAGRAMS and not refused:
                what = await arrived.get()
                if isinstance(what, OSError):
                    refused = True
                    continue
                at, datagram = what
                heard.append((at - sent, datagram))
                if not answered and fits(datagram):
                    answered = True
                    limit.reschedule(asyncio.get_running_loop().time() + linger_s)
    except TimeoutError:
        pass
    return Heard(tuple(heard), refused and not answered)
