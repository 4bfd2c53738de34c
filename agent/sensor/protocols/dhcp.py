"""DHCP: RFC 2131 and 2132, with options continued (RFC 3396) and in the fields for names."""

from typing import Final

from agent.sensor.facts import Address, Dhcp
from agent.sensor.frames import Malformed
from agent.sensor.protocols.head import Ends

PORTS: Final = frozenset((67, 68))
COOKIE: Final = b"\x63\x82\x53\x63"
PAD, ROUTERS, RESOLVERS, OVERLOAD, MESSAGE, SERVER, END = 0, 3, 6, 52, 53, 54, 255


def read_dhcp(ends: Ends, frame: bytes, start: int, end: int) -> Dhcp | None:
    """Return a message; None for BOOTP, which has no type."""
    body = frame[start:end]
    if len(body) < 240:
        raise IndexError
    if body[236:240] != COOKIE:
        return None
    found = _options(body)
    message = found.get(MESSAGE)
    if message is None:
        return None
    if len(message) != 1:
        raise Malformed("dhcp_option")
    length = min(body[2], 16)
    return Dhcp(
        *ends,
        message[0],
        int.from_bytes(body[4:8]),
        body[28 : 28 + length],
        body[16:20],
        body[24:28],
        b"".join(_addresses(found.get(SERVER, b""))[:1]),
        _addresses(found.get(ROUTERS, b"")),
        _addresses(found.get(RESOLVERS, b"")),
    )


def _options(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    _add_options(found, body[240:])
    overload = found.get(OVERLOAD, b"\0")[:1]
    if overload in (b"\1", b"\3"):
        _add_options(found, body[108:236])
    if overload in (b"\2", b"\3"):
        _add_options(found, body[44:108])
    return found


def _add_options(found: dict[int, bytes], data: bytes) -> None:
    place = 0
    while place < len(data):
        code = data[place]
        if code == END:
            return
        if code == PAD:
            place += 1
            continue
        length = data[place + 1]
        value = data[place + 2 : place + 2 + length]
        if len(value) < length:
            raise IndexError
        found[code] = found.get(code, b"") + value
        place += 2 + length


def _addresses(data: bytes) -> tuple[Address, ...]:
    if len(data) % 4:
        raise Malformed("dhcp_option")
    return tuple(data[place : place + 4] for place in range(0, len(data), 4))
