"""SNMP 1 and 2c (RFC 1157, RFC 1901): whether a community goes over the line that anybody knows.

The community itself is compared and forgotten. Version 3 says nothing here.
"""

from typing import Final

from agent.sensor.facts import Snmp
from agent.sensor.frames import Malformed
from agent.sensor.protocols.head import Ends

PORT: Final = 161
SEQUENCE, INTEGER, OCTETS = 0x30, 0x02, 0x04
RESPONSE: Final = 0xA2
DEFAULT: Final = frozenset((b"public", b"private"))


def read_snmp(ends: Ends, frame: bytes, start: int, end: int) -> Snmp | None:
    """Return the class of a message's community; None for version 3."""
    body = frame[start:end]
    place, _ = _element(body, 0, SEQUENCE)
    place, length = _element(body, place, INTEGER)
    version = int.from_bytes(body[place : place + length])
    if length != 1 or version > 1:
        return None
    place, length = _element(body, place + length, OCTETS)
    kind = body[place + length]
    return Snmp(*ends, version, body[place : place + length] in DEFAULT, kind == RESPONSE)


def _element(body: bytes, place: int, tag: int) -> tuple[int, int]:
    """Return where the content of the BER element at *place* begins, and its length."""
    if body[place] != tag:
        raise Malformed("snmp_tag")
    length = body[place + 1]
    place += 2
    if length & 0x80:
        count = length & 0x7F
        if count > 4:
            raise Malformed("snmp_length")
        length = int.from_bytes(body[place : place + count])
        place += count
    return place, length
