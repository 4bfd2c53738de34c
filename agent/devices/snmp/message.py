"""Messages of SNMP version 1 and 2c (RFC 1157, 1901, 3416): questions out, answers in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agent.devices.snmp import ber
from agent.devices.snmp.ber import Garbled, Item
from agent.devices.snmp.session import Value

Kind = Literal["get", "next", "bulk"]

TAGS: Final[dict[Kind, int]] = {"get": 0xA0, "next": 0xA1, "bulk": 0xA5}
RESPONSE: Final = 0xA2
V1, V2C, V3 = 0, 1, 3
"""The numbers that SNMP gives its versions."""

IP_ADDRESS, OPAQUE = 0x40, 0x44
UNSIGNED: Final[dict[int, int]] = {0x41: 32, 0x42: 32, 0x43: 32, 0x46: 64, 0x47: 32}
"""Bits of Counter32, Gauge32, TimeTicks, Counter64, UInteger32."""

NOTHING: Final = ber.value(ber.NULL, b"")

TRAPS: Final = {(V1, 0xA4), (V2C, 0xA7), (V2C, 0xA6)}
"""A trap of version 1, one of 2c, and an inform."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; `rows` at most for each of `oids` with bulk."""

    kind: Kind
    oids: tuple[str, ...]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0 is well, and `index` counts from 1 which of the questions it is about."""

    status: int
    index: int
    found: Sequence[tuple[str, Value | None]]


def asked(version: int, community: bytes, number: int, question: Question) -> bytes:
    """Return the message that asks *question* under *number*."""
    listed = b"".join(
        ber.value(ber.SEQUENCE, ber.oid_bytes(oid) + NOTHING) for oid in question.oids
    )
    body = ber.integer(number) + ber.integer(0) + ber.integer(question.rows)
    pdu = ber.value(TAGS[question.kind], body + ber.value(ber.SEQUENCE, listed))
    head = ber.integer(version) + ber.value(ber.OCTETS, community)
    return ber.value(ber.SEQUENCE, head + pdu)


def answered(data: bytes, version: int, number: int) -> Answer | None:
    """Return the answer to *number*; None for one to another question; raises Garbled."""
    said, _, pdu = _parts(data)
    if ber.number(data, said) != version:
        raise Garbled("is of another version of SNMP")
    body = ber.inside(data, pdu, RESPONSE)
    if len(body) != 4:
        raise Garbled("is no answer")
    if ber.number(data, body[0]) != number:
        return None
    found = [_pair(data, one) for one in ber.inside(data, body[3])]
    return Answer(ber.number(data, body[1]), ber.number(data, body[2]), found)


def is_trap(data: bytes) -> bool:
    """Return whether *data* has the form of a trap or an inform; who sent it is not proven.

    Of version 3 only the frame is looked at: the rest may be encrypted.
    """
    try:
        parts = ber.inside(data, ber.item(data, 0, len(data)))
        version = ber.number(data, parts[0]) if parts else -1
        if version == V3:
            tags = [tag for tag, *_ in parts[1:]]
            return tags in ([ber.SEQUENCE, ber.OCTETS, last] for last in (ber.SEQUENCE, ber.OCTETS))
        _, community, pdu = _parts(data)
        return community[0] == ber.OCTETS and (version, pdu[0]) in TRAPS
    except Garbled:
        return False


def _parts(data: bytes) -> list[Item]:
    parts = ber.inside(data, ber.item(data, 0, len(data)))
    if len(parts) != 3:
        raise Garbled("is no message of SNMP")
    return parts


def _pair(data: bytes, pair: Item) -> tuple[str, Value | None]:
    parts = ber.inside(data, pair)
    if len(parts) != 2:
        raise Garbled("has a name without a value")
    return ber.oid(data, parts[0]), plain(data, parts[1])


def plain(data: bytes, found: Item) -> Value | None:
    """Return a value; None for noSuchObject and the like, and for a type that SNMP does not have.

    Raises Garbled for a value that its type cannot have.
    """
    tag, start, end = found
    content = data[start:end]
    if tag in (ber.OCTETS, OPAQUE):
        return content
    if tag == ber.INTEGER:
        return ber.number(data, found)
    if bits := UNSIGNED.get(tag):
        if not 1 <= len(content) <= bits // 8 + 1:
            raise Garbled("has a counter without a number")
        # Some send one of all its bits without the zero before it, as if it were negative.
        return int.from_bytes(content, "big") & ((1 << bits) - 1)
    if tag == ber.OID:
        return ber.oid_text(content)
    if tag == IP_ADDRESS:
        if len(content) != 4:
            raise Garbled("has an address that is none")
        return ".".join(map(str, content))
    return None
