"""Asks addresses for an echo, over asyncio, and times the answers.

An answer counts when it brings back the random token of its request, under the same identifier
and sequence: not because something arrived. The kernel's own time of arrival is taken where there
is one, so that a busy event loop does not look like a slow network.
"""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self

from core import clock, icmp

Address = tuple[socket.AddressFamily, Any]
"""A family, and the address of a socket of that family."""

TOKEN_BYTES: Final = 16
PAYLOAD_BYTES: Final = 56
"""As ping(8) sends: 64 bytes with the ICMP header."""

READS_AT_ONCE: Final = 64
"""Then others get their turn on the event loop, however much arrives."""

# <asm-generic/socket.h>; where a machine numbers it otherwise, the event loop's time is taken.
SO_TIMESTAMPNS: Final = 35
TIMESPEC: Final = struct.Struct("@ll")
HOPS_V4: Final = (socket.IPPROTO_IP, socket.IP_TTL)
HOPS_V6: Final = (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)


@dataclass(frozen=True, slots=True)
class Answer:
    """One echo: seconds from sending to arrival, and the hops that it could still have gone."""

    seconds: float
    ttl: int


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that is out: when it was sent by both clocks, and who waits for it."""

    seq: int
    monotonic: float
    wall: int
    answer: asyncio.Future[Answer]


@dataclass(slots=True)
class EchoSocket:
    """Open within a `with`, for one round of questions to addresses of one family."""

    opened: icmp.IcmpSocket
    monotonic: clock.Monotonic = clock.monotonic
    wall: clock.Clock = time.time_ns  # corrected by nobody: the kernel's stamps are not either
    token: Callable[[int], bytes] = os.urandom
    _out: dict[bytes, Sent] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.opened.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        asyncio.get_running_loop().add_reader(self.opened.sock, self._readable)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self.opened.sock)
        self.opened.sock.close()

    async def ask(self, address: Address, seq: int, timeout_s: float) -> Answer | None:
        """Return the answer, or None where none came in time or nothing could be sent.

        In time is what the kernel received in time, however late we come to look. What comes
        later is never taken for the answer to another request: each has a token of its own.
        """
        token = self.token(TOKEN_BYTES)
        payload = token.ljust(PAYLOAD_BYTES, b"\0")
        packet = icmp.request(self.opened.family, icmp.Echo(self.opened.ident, seq, payload))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._out[token] = Sent(seq, self.monotonic(), self.wall(), answer)
        try:
            self.opened.sock.sendto(packet, address[1])
            # Not asyncio.timeout: it cancels also where the answer came in the same turn.
            await asyncio.wait([answer], timeout=timeout_s)
            in_time = answer.done() and answer.result().seconds <= timeout_s
            return answer.result() if in_time else None
        except OSError:  # no route, or refused by a firewall: lost, both of them
            return None
        finally:
            del self._out[token]

    def _readable(self) -> None:
        for _ in range(READS_AT_ONCE):
            try:
                packet, extras, _, _ = self.opened.sock.recvmsg(2048, 256)
            except OSError:  # nothing more to read, or an error that came in place of a packet
                return
            self._take(packet, extras)

    def _take(self, packet: bytes, extras: Iterable[tuple[int, int, bytes]]) -> None:
        message = icmp.without_ip_header(packet) if self.opened.with_ip_header else packet
        echo = icmp.reply(self.opened.family, message)
        if echo is None or echo.ident != self.opened.ident:
            return
        sent = self._out.get(echo.payload[:TOKEN_BYTES])
        if sent is None or echo.seq != sent.seq or sent.answer.done():
            return
        extra = {(level, kind): data for level, kind, data in extras}
        waited = self.monotonic() - sent.monotonic
        sent.answer.set_result(Answer(seconds_of(sent.wall, waited, extra), ttl_of(extra)))


def seconds_of(sent: int, waited: float, extra: dict[tuple[int, int], bytes]) -> float:
    """Return how long the answer took by the kernel's time of arrival.

    Wall clocks step; a time that cannot be, negative or longer than we *waited*, is not believed.
    """
    stamp = extra.get((socket.SOL_SOCKET, SO_TIMESTAMPNS), b"")
    if len(stamp) != TIMESPEC.size:
        return waited
    seconds, nanoseconds = TIMESPEC.unpack(stamp)
    taken = (seconds * clock.SECOND + nanoseconds - sent) / clock.SECOND
    return taken if 0 <= taken <= waited else waited


def ttl_of(extra: dict[tuple[int, int], bytes]) -> int:
    """Return the hops left of a packet; 0 where the kernel did not say."""
    data = extra.get(HOPS_V4, extra.get(HOPS_V6, b""))
    return struct.unpack("=i", data)[0] if len(data) == 4 else 0


def open_echo(family: socket.AddressFamily) -> EchoSocket:
    """Return a socket for one round; raises NotPermitted, or OSError without such a family."""
    return EchoSocket(icmp.open_socket(family))
