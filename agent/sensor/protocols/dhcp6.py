"""DHCP for IPv6: RFC 8415, resolvers by RFC 3646. What a relay wraps is looked into."""

import struct
from collections.abc import Iterator
from typing import Final

from agent.sensor.facts import Dhcp6
from agent.sensor.frames import Malformed
from agent.sensor.protocols.head import Ends
from agent.sensor.protocols.ndp import addresses

PORTS: Final = frozenset((546, 547))
RELAYED: Final = frozenset((12, 13))
CLIENT, SERVER, WRAPPED, RESOLVERS = 1, 2, 9, 23
HOPS_MAX: Final = 8
"""HOP_COUNT_LIMIT of relays, §7.6."""
DUID_MAX: Final = 130
"""Bytes: 128 and the type, §11.1."""


def read_dhcp6(ends: Ends, frame: bytes, start: int, end: int) -> Dhcp6:
    """Return a message; of one that a relay wrapped, its own type with what stands inside."""
    body = frame[start:end]
    message = body[0]
    inner = body
    for _ in range(HOPS_MAX):
        if inner[0] not in RELAYED:
            break
        wrapped = dict(options(inner, 34)).get(WRAPPED)
        if not wrapped:
            return Dhcp6(*ends, message, b"", b"", ())
        inner = wrapped
    else:
        raise Malformed("dhcp6_relays")
    found = dict(options(inner, 4))
    return Dhcp6(
        *ends,
        message,
        _duid(found.get(SERVER, b"")),
        _duid(found.get(CLIENT, b"")),
        tuple(addresses(found.get(RESOLVERS, b""))),
    )


def options(body: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Yield each option's code and value."""
    while place < len(body):
        code, length = struct.unpack_from("!HH", body, place)
        value = body[place + 4 : place + 4 + length]
        if len(value) < length:
            raise IndexError
        yield code, value
        place += 4 + length


def _duid(data: bytes) -> bytes:
    if len(data) > DUID_MAX:
        raise Malformed("dhcp6_duid")
    return data
