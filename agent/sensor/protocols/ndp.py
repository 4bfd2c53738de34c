"""Neighbour discovery: RFC 4861, with RFC 4191 (preference) and RFC 8106 (resolvers)."""

import struct
from collections.abc import Iterator
from typing import Final

from agent.sensor.facts import Address, Advert, Mac, Neighbour
from agent.sensor.frames import Malformed
from agent.sensor.protocols.head import Ends

ADVERT, SOLICIT, NEIGHBOUR = 134, 135, 136
KINDS: Final = frozenset((ADVERT, SOLICIT, NEIGHBOUR))
SOURCE_LINK, TARGET_LINK, PREFIX, RESOLVERS = 1, 2, 3, 25
HOPS: Final = 255
PREFERENCES: Final = (0, 1, 0, -1)
"""By two bits; the third is reserved and counts as medium (RFC 4191 §2.2)."""
EACH_MAX: Final = 64
"""Prefixes or resolvers that are looked at; a real router has a few."""


def read_ndp(ends: Ends, hops: int, frame: bytes, start: int, end: int) -> Advert | Neighbour:
    """Return what a router or a neighbour says of itself or asks."""
    body = frame[start:end]
    if body[0] == ADVERT:
        return _advert(ends, hops, body)
    if hops != HOPS:
        # Every host throws it away (§7.1): it came through a router, or nobody made it well.
        raise Malformed("ndp_hops")
    return _neighbour(ends, body)


def _advert(ends: Ends, hops: int, body: bytes) -> Advert:
    flags, lifetime = struct.unpack_from("!BH", body, 5)
    link = b""
    prefixes: list[tuple[Address, int, int]] = []
    resolvers: list[Address] = []
    for kind, option in options(body, 16):
        if kind == SOURCE_LINK:
            link = option[2:8]
        elif kind == PREFIX and len(prefixes) < EACH_MAX:
            prefixes.append(_prefix(option))
        elif kind == RESOLVERS and len(resolvers) < EACH_MAX:
            resolvers += addresses(option[8:])
    at, number, vlan, src, dst, source, _ = ends
    return Advert(
        *(at, number, vlan, src, dst, source, hops, lifetime, PREFERENCES[flags >> 3 & 3]),
        *(link, tuple(prefixes), tuple(resolvers[:EACH_MAX])),
    )


def _prefix(option: bytes) -> tuple[Address, int, int]:
    if len(option) != 32 or option[2] > 128:
        raise Malformed("ra_prefix")
    return option[16:32], option[2], int.from_bytes(option[4:8])


def _neighbour(ends: Ends, body: bytes) -> Neighbour:
    advert = body[0] == NEIGHBOUR
    flags, asked = body[4], body[8:24]
    if len(asked) < 16:
        raise IndexError
    wanted = TARGET_LINK if advert else SOURCE_LINK
    link: Mac = b""
    for kind, option in options(body, 24):
        if kind == wanted:
            link = option[2:8]
    return Neighbour(
        *ends[:6],
        *(asked, advert, link, advert and bool(flags & 0x80), advert and bool(flags & 0x20)),
    )


def options(body: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield each option's type and its bytes with type and length; raises Malformed."""
    while start < len(body):
        if start + 2 > len(body):
            raise IndexError
        length = body[start + 1] * 8
        if not length:
            raise Malformed("ndp_option")
        option = body[start : start + length]
        if len(option) < length:
            raise IndexError
        yield body[start], option
        start += length


def addresses(data: bytes) -> list[Address]:
    """Return the IPv6 addresses that stand behind each other."""
    if len(data) % 16:
        raise Malformed("addresses")
    return [data[place : place + 16] for place in range(0, len(data), 16)]
