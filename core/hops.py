"""Who answers for a hop of the way to an address: a datagram that may go so far, and the error.

Linux gives the errors that a UDP socket of ours meets to us, with who sent them (IP_RECVERR, see
ip(7)), so this needs no rights, unlike a raw socket or an ICMP one. A router on the way says *time
exceeded*; the target, where nothing listens on the port, *port unreachable*. Who says nothing is
silent, which many routers and firewalls are although they work.
"""

import asyncio
import ipaddress
import os
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from core import clock
from core.addressclass import Ip
from core.echo import SO_TIMESTAMPNS, seconds_of
from core.names import with_port

Address = tuple[socket.AddressFamily, Any]
Extras = Mapping[tuple[int, int], bytes]

FIRST_PORT: Final = 33_434
PORTS: Final = 90
"""Where traceroute(8) sends to, and nothing listens."""

# <linux/in.h>, <linux/in6.h>, <linux/errqueue.h>: Python has no names for these.
RECVERR: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
HOPS: Final = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TTL),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}
MSG_ERRQUEUE: Final = 0x2000
EXTENDED_ERR: Final = struct.Struct("=IBBBxII")
"""errno, origin, type, code, info, data; the address of who sent it follows."""
FROM_ICMP: Final = frozenset({2, 3})
TIME_EXCEEDED: Final = {socket.AF_INET: (11, 0), socket.AF_INET6: (3, 0)}
PORT_UNREACHABLE: Final = {socket.AF_INET: (3, 3), socket.AF_INET6: (1, 4)}

Outcome = Literal["router", "silent", "reached", "refused", "unsent"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came for a datagram: what the kernel says of an error, or nothing for an answer."""

    seconds: float
    extras: Extras


@dataclass(frozen=True, slots=True)
class Hop:
    """Who answers for hop *number*: a router, the target, or one who lets nothing through.

    `unsent`: this machine itself has no way there.
    """

    number: int
    outcome: Outcome
    address: Ip | None = None
    seconds: float | None = None


async def ask(address: Address, number: int, timeout_s: float) -> Heard | None:
    """Send a datagram that may go *number* hops; return what came for it, None where nothing did.

    Raises OSError where it cannot be sent at all.
    """
    family, where = address
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(*RECVERR[family], 1)
        sock.setsockopt(*HOPS[family], number)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        port = FIRST_PORT + int.from_bytes(os.urandom(2)) % PORTS
        sock.connect(with_port(where, port))
        came: asyncio.Future[Heard] = loop.create_future()
        # Not corrected by anybody: the kernel's stamps are not either.
        monotonic, wall = clock.monotonic(), time.time_ns()

        def readable() -> None:
            extras = _read(sock)
            if extras is not None and not came.done():
                seconds = seconds_of(wall, clock.monotonic() - monotonic, dict(extras))
                came.set_result(Heard(seconds, extras))

        sock.send(bytes(16))
        loop.add_reader(sock, readable)
        try:
            await asyncio.wait([came], timeout=timeout_s)
        finally:
            loop.remove_reader(sock)
        return came.result() if came.done() else None


def _read(sock: socket.socket) -> Extras | None:
    """Return what the kernel says of an error; nothing said for an answer; None for neither."""
    for flags in (MSG_ERRQUEUE, 0):
        try:
            _, extras, _, _ = sock.recvmsg(2048, 512, flags)
        except OSError:  # nothing there, or the error that the queue has told of already
            continue
        return {(level, kind): data for level, kind, data in extras}
    return None


def hop_of(number: int, target: Address, heard: Heard | None) -> Hop:
    """Return what *heard* says of hop *number* on the way to *target*."""
    family, where = target
    if heard is None:
        return Hop(number, "silent")
    data = heard.extras.get(RECVERR[family])
    if data is None:  # something listens there after all
        return Hop(number, "reached", ip_of(where[0]), heard.seconds)
    if len(data) < EXTENDED_ERR.size:
        return Hop(number, "silent")
    _, origin, kind, code, _, _ = EXTENDED_ERR.unpack_from(data)
    if origin not in FROM_ICMP:
        return Hop(number, "unsent")  # nobody at the next hop, say
    who = offender(family, data[EXTENDED_ERR.size :])
    if (kind, code) == TIME_EXCEEDED[family]:
        return Hop(number, "router", who, heard.seconds)
    reached = (kind, code) == PORT_UNREACHABLE[family] and who == ip_of(where[0])
    return Hop(number, "reached" if reached else "refused", who, heard.seconds)


def offender(family: socket.AddressFamily, sockaddr: bytes) -> Ip | None:
    """Return the address in a *sockaddr* of the kernel's; None where there is none."""
    if family == socket.AF_INET and len(sockaddr) >= 8:
        return ipaddress.IPv4Address(sockaddr[4:8])
    if family == socket.AF_INET6 and len(sockaddr) >= 24:
        return ipaddress.IPv6Address(sockaddr[8:24])
    return None


def ip_of(text: str) -> Ip:
    """Return the address that *text* is, without the scope of a link-local one."""
    return ipaddress.ip_address(text.partition("%")[0])


def up_to_the_end(hops: Iterable[Hop]) -> list[Hop]:
    """Return *hops* up to the target, or to where somebody lets nothing through."""
    found: list[Hop] = []
    for hop in hops:
        found.append(hop)
        if hop.outcome in ("reached", "refused", "unsent"):
            break
    return found
