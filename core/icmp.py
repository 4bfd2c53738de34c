"""ICMP echo as bytes, and the socket that may carry it (RFC 792, RFC 4443). Linux.

Linux lets a process without rights send echo requests where its group lies within
`net.ipv4.ping_group_range` (which counts for IPv6 too); else it takes a raw socket, and those
need CAP_NET_RAW.
"""

import os
import socket
import struct
from dataclasses import dataclass
from typing import Final

from core.errors import NotPermitted

V4, V6 = socket.AF_INET, socket.AF_INET6
PROTOCOLS: Final = {V4: socket.IPPROTO_ICMP, V6: socket.IPPROTO_ICMPV6}
REQUESTS: Final = {V4: 8, V6: 128}
REPLIES: Final = {V4: 0, V6: 129}
HEADER: Final = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence."""

# <linux/icmp.h>, <linux/in.h>, <linux/icmpv6.h>: Python has no names for these.
SOL_RAW: Final = 255
ICMP_FILTER: Final = 1
ICMPV6_FILTER: Final = 1
IP_RECVTTL: Final = 12

HOW_TO_PERMIT: Final = (
    "this process may not send echo requests: set net.ipv4.ping_group_range to take in its group "
    "(sysctl -w net.ipv4.ping_group_range='0 2147483647'), or give it CAP_NET_RAW "
    "(AmbientCapabilities=CAP_NET_RAW in its systemd unit)"
)


@dataclass(frozen=True, slots=True)
class Echo:
    """What an echo request asks to have sent back."""

    ident: int
    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class IcmpSocket:
    """An open socket; `ident` is the one that its requests have to carry."""

    sock: socket.socket
    family: socket.AddressFamily
    ident: int
    with_ip_header: bool


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071); 0 over a message that holds its own."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def request(family: socket.AddressFamily, echo: Echo) -> bytes:
    """Return the message that asks for *echo*; the kernel writes the checksum of IPv6."""
    head = REQUESTS[family], 0
    message = HEADER.pack(*head, 0, echo.ident, echo.seq) + echo.payload
    if family == V6:
        return message
    return HEADER.pack(*head, checksum(message), echo.ident, echo.seq) + echo.payload


def reply(family: socket.AddressFamily, message: bytes) -> Echo | None:
    """Return what *message* echoes; None for anything but a whole echo reply.

    A raw socket gets IPv4 messages before the kernel looked at their checksum.
    """
    if len(message) < HEADER.size:
        return None
    kind, code, _, ident, seq = HEADER.unpack_from(message)
    if (kind, code) != (REPLIES[family], 0) or (family == V4 and checksum(message)):
        return None
    return Echo(ident, seq, message[HEADER.size :])


def without_ip_header(packet: bytes) -> bytes:
    """Return what follows the IPv4 header, whose first byte says how long it is."""
    return packet[4 * (packet[0] & 0x0F) :] if packet else b""


def open_socket(family: socket.AddressFamily) -> IcmpSocket:
    """Return a socket for echo requests, the unprivileged kind where that is allowed.

    Raises NotPermitted with what to set; OSError where the machine has no such family.
    """
    if not hasattr(socket, "CMSG_SPACE"):  # nor then recvmsg, which brings the hops
        raise NotPermitted("echo requests cannot be sent on this system; on Linux they can")
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM, PROTOCOLS[family])
    except OSError:  # not permitted, or a kernel that knows only the raw kind
        return _raw(family)
    sock.bind(("", 0))
    # The kernel takes the port of such a socket as the identifier, and sorts replies by it.
    return _ready(sock, family, ident=sock.getsockname()[1], with_ip_header=False)


def _raw(family: socket.AddressFamily) -> IcmpSocket:
    try:
        sock = socket.socket(family, socket.SOCK_RAW, PROTOCOLS[family])
    except PermissionError:
        raise NotPermitted(HOW_TO_PERMIT) from None
    # A raw socket would get every ICMP message of the machine; a set bit keeps a type out.
    if family == V4:
        everything_else = 0xFFFFFFFF ^ (1 << REPLIES[V4])
        sock.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("=I", everything_else))
    else:
        words = [0xFFFFFFFF] * 8
        words[REPLIES[V6] // 32] ^= 1 << (REPLIES[V6] % 32)
        sock.setsockopt(PROTOCOLS[V6], ICMPV6_FILTER, struct.pack("=8I", *words))
    ident = int.from_bytes(os.urandom(2))
    return _ready(sock, family, ident=ident, with_ip_header=family == V4)


def _ready(
    sock: socket.socket, family: socket.AddressFamily, *, ident: int, with_ip_header: bool
) -> IcmpSocket:
    sock.setblocking(False)
    if family == V4:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    return IcmpSocket(sock, family, ident, with_ip_header)
