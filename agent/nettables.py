"""Addresses, default routes and neighbours as the Linux kernel tells them: bytes to values.

Only what a watcher needs: routes of the main table that lead everywhere, neighbours with a
hardware address. Policy routing (`ip rule`) is not followed.
Watch it: ip monitor address route
"""

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal

from agent import netlink
from agent.netlink import Link, Message, attributes

# <linux/rtnetlink.h>, <linux/if_addr.h>, <linux/neighbour.h>
RTM_NEWADDR, RTM_GETADDR = 20, 22
RTM_NEWROUTE, RTM_GETROUTE = 24, 26
RTM_NEWNEIGH, RTM_GETNEIGH = 28, 30
RTMGRP_NEIGH, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE = 0x4, 0x10, 0x40
RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE = 0x100, 0x400
IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS = 1, 2, 8
IFA_F_TEMPORARY, IFA_F_DADFAILED, IFA_F_TENTATIVE = 0x1, 0x8, 0x40
RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_MULTIPATH, RTA_TABLE = 4, 5, 6, 9, 15
RTA_VIA, RTA_PREF = 18, 20
RT_TABLE_MAIN, RT_SCOPE_UNIVERSE, RTN_UNICAST = 254, 0, 1
RTM_F_CLONED, RTNH_F_DEAD = 0x200, 0x1
NDA_DST, NDA_LLADDR = 1, 2
NUD_KNOWN: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x80
"""Reachable, stale, delay, probe, permanent: states in which the hardware address is known."""

_ADDRESS: Final = struct.Struct("=BBBBI")
"""Family, length of the prefix, flags, scope, index."""
_ROUTE: Final = struct.Struct("=8BI")
"""Family, lengths of destination and source, TOS, table, protocol, scope, type, flags."""
_NEXTHOP: Final = struct.Struct("=HBBi")
"""Length, flags, weight less one, index."""
_NEIGHBOUR: Final = struct.Struct("=BxxxiHBB")
"""Family, index, state, flags, type."""

Family = Literal["IPv4", "IPv6"]
FAMILIES: Final[Mapping[int, Family]] = {int(socket.AF_INET): "IPv4", int(socket.AF_INET6): "IPv6"}
_SIZES: Final = {4, 16}
_PREFERENCE: Final = {0b01: 2, 0b11: 0}
"""Router preference high and low (RFC 4191); anything else is medium, 1."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an interface; `duplicate` where another machine has it (RFC 4862, 5.4)."""

    index: int
    family: Family
    address: str
    prefix: int
    usable: bool
    """Reaches beyond the cable, is in use by now, and stays: no temporary one (RFC 8981)."""
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a route leads: the interface, and the gateway unless the line itself is the way."""

    index: int
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """One default route, with the hops that the kernel would use."""

    family: Family
    metric: int
    hops: tuple[Hop, ...]
    preference: int = 1

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts the one that the kernel takes to the front."""
        return self.metric, -self.preference


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The hardware address that belongs to an address on the same cable."""

    hop: Hop
    hardware: str


Row = Link | Address | Route | Neighbour


@dataclass(frozen=True, slots=True)
class Net:
    """What there is at one moment; what was not asked for is empty."""

    links: Mapping[int, Link] = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()
    routes: tuple[Route, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()

    def name(self, index: int) -> str:
        """Return what the interface is called."""
        link = self.links.get(index)
        return link.name if link else f"#{index}"

    def best(self, family: Family) -> frozenset[Hop]:
        """Return the hops that traffic of *family* to anywhere takes; none without a route."""
        routes = [route for route in self.routes if route.family == family]
        first = min((route.rank for route in routes), default=None)
        return frozenset(hop for route in routes if route.rank == first for hop in route.hops)


def net_of(rows: Iterable[Row]) -> Net:
    """Return the net that *rows* describe."""
    every = list(rows)
    return Net(
        {row.index: row for row in every if isinstance(row, Link) and not row.removed},
        tuple(row for row in every if isinstance(row, Address)),
        tuple(row for row in every if isinstance(row, Route)),
        tuple(row for row in every if isinstance(row, Neighbour)),
    )


def row_of(message: Message) -> Row | None:
    """Return what *message* tells of, whether it came or went; None where nobody asks for it."""
    read = {
        netlink.RTM_NEWLINK: netlink.link_of,
        RTM_NEWADDR: _address,
        RTM_NEWROUTE: _route,
        RTM_NEWNEIGH: _neighbour,
    }.get(message.kind & ~1)  # RTM_DEL… is RTM_NEW… and 1
    return read(message) if read else None


def _address(message: Message) -> Address | None:
    body = message.body
    if len(body) < _ADDRESS.size:
        return None
    number, prefix, flags, scope, index = _ADDRESS.unpack_from(body)
    found = dict(attributes(body[_ADDRESS.size :]))
    # Of a line between two points IFA_ADDRESS is the other end's.
    text, family = _spelt(found.get(IFA_LOCAL) or found.get(IFA_ADDRESS)), FAMILIES.get(number)
    if not text or family is None:
        return None
    flags = _number(found.get(IFA_FLAGS), flags)
    # 0x1 means a second address of the same network in IPv4.
    temporary = family == "IPv6" and bool(flags & IFA_F_TEMPORARY)
    duplicate = bool(flags & IFA_F_DADFAILED)
    beyond = scope == RT_SCOPE_UNIVERSE and not ip_address(text).is_link_local
    ready = not flags & IFA_F_TENTATIVE and not duplicate
    return Address(index, family, text, prefix, beyond and ready and not temporary, duplicate)


def _route(message: Message) -> Route | None:
    body = message.body
    if len(body) < _ROUTE.size:
        return None
    number, length, _, _, table, _, _, kind, flags = _ROUTE.unpack_from(body)
    found = dict(attributes(body[_ROUTE.size :]))
    family, table = FAMILIES.get(number), _number(found.get(RTA_TABLE), table)
    everywhere = length == 0 and kind == RTN_UNICAST and table == RT_TABLE_MAIN
    if family is None or not everywhere or flags & RTM_F_CLONED:
        return None
    preference = _PREFERENCE.get(int.from_bytes(found.get(RTA_PREF, b"")[:1]), 1)
    metric = _number(found.get(RTA_PRIORITY), 0)
    return Route(family, metric, tuple(_hops(found, flags)), preference)


def _hops(found: Mapping[int, bytes], flags: int) -> Iterator[Hop]:
    """Return the hops of a route; DEAD is one that the kernel leaves out by itself."""
    if RTA_OIF in found and not flags & RTNH_F_DEAD:
        yield _hop(_number(found[RTA_OIF], 0), found)
    data = found.get(RTA_MULTIPATH, b"")
    while len(data) >= _NEXTHOP.size:
        length, state, _, index = _NEXTHOP.unpack_from(data)
        if not _NEXTHOP.size <= length <= len(data):
            return
        if not state & RTNH_F_DEAD:
            yield _hop(index, dict(attributes(data[_NEXTHOP.size : length])))
        data = data[(length + 3) & ~3 :]


def _hop(index: int, found: Mapping[int, bytes]) -> Hop:
    # RTA_VIA: a gateway of the other family (RFC 5549), after two bytes that say which.
    return Hop(index, _spelt(found.get(RTA_GATEWAY) or found.get(RTA_VIA, b"")[2:]))


def _neighbour(message: Message) -> Neighbour | None:
    body = message.body
    if len(body) < _NEIGHBOUR.size:
        return None
    number, index, state, _, _ = _NEIGHBOUR.unpack_from(body)
    found = dict(attributes(body[_NEIGHBOUR.size :]))
    address, hardware = _spelt(found.get(NDA_DST)), found.get(NDA_LLADDR, b"")
    if number not in FAMILIES or not state & NUD_KNOWN or not address or not any(hardware):
        return None
    return Neighbour(Hop(index, address), hardware.hex(":"))


def _spelt(data: bytes | None) -> str:
    """Return an address as people write it; the empty text for what is none."""
    if data is None or len(data) not in _SIZES:
        return ""
    address = ip_address(data)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return "" if address.is_unspecified else str(mapped or address)


def _number(data: bytes | None, otherwise: int) -> int:
    return int(struct.unpack("=I", data)[0]) if data and len(data) == 4 else otherwise
