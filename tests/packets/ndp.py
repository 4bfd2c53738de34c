"""Neighbour discovery as bytes: RFC 4861, RFC 4191, RFC 8106. Addresses are texts."""

import struct
from collections.abc import Iterable
from ipaddress import ip_address

from tests.packets.frames import icmp, mac_bytes, over

ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
MEDIUM, HIGH, LOW = 0, 1, 3


def link(kind: int, mac: str) -> bytes:
    """Source (1) or target (2) link-layer address."""
    return bytes([kind, 1]) + mac_bytes(mac)


def prefix(text: str, valid: int = 86_400) -> bytes:
    address, _, length = text.partition("/")
    head = struct.pack("!BBBBIII", 3, 4, int(length), 0xC0, valid, valid // 2, 0)
    return head + ip_address(address).packed


def resolvers(texts: Iterable[str], lifetime: int = 600) -> bytes:
    found = b"".join(ip_address(text).packed for text in texts)
    return struct.pack("!BBHI", 25, 1 + len(found) // 8, 0, lifetime) + found


def router_advert(
    mac: str,
    source: str,
    *,
    prefixes: Iterable[str] = ("2001:db8:1::/64",),
    servers: Iterable[str] = (),
    lifetime: int = 1800,
    preference: int = MEDIUM,
    link_mac: str | None = None,
    vlans: tuple[int, ...] = (),
) -> bytes:
    """To everybody; the link-layer address is *mac* unless *link_mac* says otherwise ("": none)."""
    rest = struct.pack("!BBHII", 64, preference << 3, lifetime, 0, 0)
    told = mac if link_mac is None else link_mac
    rest += link(1, told) if told else b""
    rest += b"".join(prefix(text) for text in prefixes)
    servers = tuple(servers)
    rest += resolvers(servers) if servers else b""
    return over(mac, ALL_NODES_MAC, icmp(source, ALL_NODES, 134, 0, rest), vlans)


def neighbour_advert(
    mac: str,
    owned: str,
    *,
    link_mac: str | None = None,
    source: str = "",
    target: str = ALL_NODES,
    dst: str = ALL_NODES_MAC,
    router: bool = False,
    solicited: bool = False,
    override: bool = True,
) -> bytes:
    flags = router << 7 | solicited << 6 | override << 5
    rest = struct.pack("!B3x", flags) + ip_address(owned).packed
    told = mac if link_mac is None else link_mac
    rest += link(2, told) if told else b""
    return over(mac, dst, icmp(source or owned, target, 136, 0, rest))


def neighbour_solicit(mac: str, source: str, asked: str) -> bytes:
    """To the solicited-node group; *source* `::` looks for a duplicate and has no option."""
    low = ip_address(asked).packed[-3:]
    group = str(ip_address(ip_address("ff02::1:ff00:0").packed[:13] + low))
    rest = bytes(4) + ip_address(asked).packed
    rest += b"" if source == "::" else link(1, mac)
    return over(mac, f"33:33:ff:{low.hex(':')}", icmp(source, group, 135, 0, rest))
