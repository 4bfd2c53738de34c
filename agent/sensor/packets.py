"""From a captured frame to its facts: `facts_of`, the only way in for files and interfaces.

It never raises, keeps nothing from one frame to the next and returns at most two facts. What
cannot be read is counted by a word, and the `Frame` fact comes all the same. Most frames carry
only data: they are left after a look at a few bytes.
"""

import struct
from collections.abc import Callable, MutableMapping
from typing import Final
from zlib import crc32

from agent.sensor.facts import Fact, Frame, made
from agent.sensor.frames import ARP_TYPE, ETHERNET, IPV4_TYPE, IPV6_TYPE, Malformed, unframe
from agent.sensor.protocols.arp import read_arp
from agent.sensor.protocols.dhcp import PORTS as DHCP_PORTS
from agent.sensor.protocols.dhcp import read_dhcp
from agent.sensor.protocols.dhcp6 import PORTS as DHCP6_PORTS
from agent.sensor.protocols.dhcp6 import read_dhcp6
from agent.sensor.protocols.dns import PORT as DNS_PORT
from agent.sensor.protocols.dns import read_dns
from agent.sensor.protocols.head import Ends, Head
from agent.sensor.protocols.icmp import read_icmp, read_icmp6
from agent.sensor.protocols.ndp import KINDS as NDP_KINDS
from agent.sensor.protocols.ndp import read_ndp
from agent.sensor.protocols.snmp import PORT as SNMP_PORT
from agent.sensor.protocols.snmp import read_snmp
from agent.sensor.protocols.tcp import is_silent, read_tcp

TCP, UDP, ICMP, ICMP_6 = 6, 17, 1, 58
FRAGMENT, AUTHENTICATION = 44, 51
EXTENSIONS: Final = frozenset((0, 43, 60, FRAGMENT, AUTHENTICATION, 135, 139, 140))
"""Headers of IPv6 that stand before what is carried (RFC 7045)."""
EXTENSIONS_MAX: Final = 16


def facts_of(
    frame: bytes,
    at: float,
    number: int,
    link: int = ETHERNET,
    size: int = 0,
    *,
    malformed: MutableMapping[str, int] | None = None,
) -> list[Fact]:
    """Return what *frame* says; *size* is its length on the wire where the capture cut it.

    Reasons why a frame cannot be read are counted in *malformed*; `cut` says that what is missing
    is missing in the capture only.
    """
    on_wire = size or len(frame)
    try:
        src, dst, vlan, ethertype, start, shared = unframe(frame, link)
    except Malformed as bad:
        _count(malformed, str(bad))
        return [Frame(at, number, 0, b"", b"", 0, on_wire, 0)]
    digest = crc32(frame) if shared else 0
    seen = made(Frame, (at, number, vlan, src, dst, ethertype, on_wire, digest))
    facts: list[Fact] = [seen]
    read = ETHERTYPES.get(ethertype)
    if read is not None:
        try:
            fact = read((at, number, vlan, src, dst), frame, start)
        except Malformed as bad:
            _count(malformed, str(bad))
        except (IndexError, struct.error):
            _count(malformed, "cut" if on_wire > len(frame) else "short")
        else:
            if fact is not None:
                facts.append(fact)
    return facts


def _count(malformed: MutableMapping[str, int] | None, reason: str) -> None:
    if malformed is not None:
        malformed[reason] = malformed.get(reason, 0) + 1


def _ipv4(head: Head, frame: bytes, start: int) -> Fact | None:
    first = frame[start]
    header = (first & 15) * 4
    total = frame[start + 2] << 8 | frame[start + 3]
    if first >> 4 != 4 or header < 20:
        raise Malformed("ip_header")
    # Network cards that split segments themselves leave the length at 0.
    end = start + total if total else len(frame)
    body = start + header
    if end < body:
        raise Malformed("ip_length")
    # Only the first fragment says what is carried.
    if (frame[start + 6] & 0x1F) << 8 | frame[start + 7]:
        return None
    protocol = frame[start + 9]
    if protocol == TCP and is_silent(frame, body, end):
        return None
    source, target = frame[start + 12 : start + 16], frame[start + 16 : start + 20]
    if len(target) < 4:
        raise IndexError
    ends = (*head, source, target)
    if protocol == TCP:
        return read_tcp(ends, frame, body, end)
    if protocol == UDP:
        return _udp(ends, frame, body, end)
    return read_icmp(ends, frame, body) if protocol == ICMP else None


def _ipv6(head: Head, frame: bytes, start: int) -> Fact | None:
    if frame[start] >> 4 != 6:
        raise Malformed("ip_header")
    length = frame[start + 4] << 8 | frame[start + 5]
    protocol, hops = frame[start + 6], frame[start + 7]
    source, target = frame[start + 8 : start + 24], frame[start + 24 : start + 40]
    if len(target) < 16:
        raise IndexError
    body = start + 40
    # 0: a jumbogram, or a network card that splits segments itself.
    end = body + length if length else len(frame)
    if protocol in EXTENSIONS:
        protocol, body = _behind_extensions(frame, protocol, body)
        if body > end:
            raise Malformed("ip_length")
    if protocol == TCP and is_silent(frame, body, end):
        return None
    ends = (*head, source, target)
    if protocol == TCP:
        return read_tcp(ends, frame, body, end)
    if protocol == UDP:
        return _udp(ends, frame, body, end)
    if protocol == ICMP_6:
        if frame[body] in NDP_KINDS:
            return read_ndp(ends, hops, frame, body, end)
        return read_icmp6(ends, frame, body)
    return None


def _behind_extensions(frame: bytes, protocol: int, place: int) -> tuple[int, int]:
    """Return the protocol behind the extension headers and where it begins; 59 for nothing."""
    for _ in range(EXTENSIONS_MAX):
        if protocol == FRAGMENT:
            if frame[place + 2] << 8 | frame[place + 3] & 0xF8:
                return 59, place
            length = 8
        elif protocol == AUTHENTICATION:
            length = (frame[place + 1] + 2) * 4
        else:
            length = (frame[place + 1] + 1) * 8
        protocol = frame[place]
        place += length
        if protocol not in EXTENSIONS:
            return protocol, place
    raise Malformed("ip_extensions")


def _udp(ends: Ends, frame: bytes, start: int, end: int) -> Fact | None:
    ports = (frame[start] << 8 | frame[start + 1], frame[start + 2] << 8 | frame[start + 3])
    read = DATAGRAMS.get(ports[0]) or DATAGRAMS.get(ports[1])
    if read is None:
        return None
    length = frame[start + 4] << 8 | frame[start + 5]
    if length < 8:
        raise Malformed("udp_length")
    return read(ends, frame, start + 8, min(end, start + length))


ETHERTYPES: Final[dict[int, Callable[[Head, bytes, int], Fact | None]]] = {
    ARP_TYPE: read_arp,
    IPV4_TYPE: _ipv4,
    IPV6_TYPE: _ipv6,
}
DATAGRAMS: Final[dict[int, Callable[[Ends, bytes, int, int], Fact | None]]] = {
    **dict.fromkeys(DHCP_PORTS, read_dhcp),
    **dict.fromkeys(DHCP6_PORTS, read_dhcp6),
    DNS_PORT: read_dns,
    SNMP_PORT: read_snmp,
}
"""By port of either side."""
