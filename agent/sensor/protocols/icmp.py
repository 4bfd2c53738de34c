"""ICMP (RFC 792, 1122) and ICMPv6 (RFC 4443): echo requests, and what cannot be delivered."""

from typing import Final

from agent.sensor.facts import Address, Icmp
from agent.sensor.protocols.head import Ends

ECHO, UNREACHABLE = 8, 3
ECHO_6, UNREACHABLE_6 = 128, 1
PORT: Final = 3
PORT_6: Final = 4
HEADER: Final = 8
WITH_PORTS: Final = frozenset((6, 17))


def read_icmp(ends: Ends, frame: bytes, start: int) -> Icmp | None:
    """Return what a packet of ICMP says."""
    kind, code = frame[start], frame[start + 1]
    if kind == ECHO:
        return Icmp(*ends, "echo", b"", b"", 0, 0)
    if kind != UNREACHABLE:
        return None
    inner = start + HEADER
    header = (frame[inner] & 15) * 4
    return Icmp(
        *ends,
        "port_unreachable" if code == PORT else "unreachable",
        *_inner(frame, inner + 12, 4, frame[inner + 9], inner + header),
    )


def read_icmp6(ends: Ends, frame: bytes, start: int) -> Icmp | None:
    """Return what a packet of ICMPv6 says, neighbour discovery left out."""
    kind, code = frame[start], frame[start + 1]
    if kind == ECHO_6:
        return Icmp(*ends, "echo", b"", b"", 0, 0)
    if kind != UNREACHABLE_6:
        return None
    inner = start + HEADER
    return Icmp(
        *ends,
        "port_unreachable" if code == PORT_6 else "unreachable",
        *_inner(frame, inner + 8, 16, frame[inner + 6], inner + 40),
    )


def _inner(
    frame: bytes, addresses: int, length: int, protocol: int, transport: int
) -> tuple[Address, Address, int, int]:
    source = frame[addresses : addresses + length]
    target = frame[addresses + length : addresses + 2 * length]
    if len(target) < length:
        raise IndexError
    port = 0
    if protocol in WITH_PORTS:
        port = frame[transport + 2] << 8 | frame[transport + 3]
    return source, target, protocol, port
