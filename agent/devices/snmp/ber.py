"""Reads and writes what SNMP takes from the Basic Encoding Rules (X.690; RFC 3417 section 8).

Our own, since a codec for all of ASN.1 takes 70 microseconds for each value that a switch tells,
of which its tables have hundreds (docs/decisions/014-snmp.md); tests hold it against that codec.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30

LONGEST_OID: Final = 128
"""Parts; each up to 2**32 - 1 (RFC 2578 section 3.5)."""
LARGEST_PART: Final = 2**32 - 1


SMALL: Final = tuple(f".{part}" for part in range(128))
FIRST: Final = tuple(f"{part // 40}.{part % 40}" for part in range(80))
"""Parts of one byte, as most are; the first one holds two."""


class Garbled(ValueError):
    """Bytes that are not what SNMP sends; says what about them."""


Item = tuple[int, int, int]
"""The tag of a value, and where in the bytes it begins and ends."""


def item(data: bytes, at: int, end: int) -> Item:
    """Return the value whose tag stands at *at*, before *end*; raises Garbled."""
    if at + 2 > end:
        raise Garbled("ends within a value")
    tag, length, start = data[at], data[at + 1], at + 2
    if length > 0x7F:
        size = length & 0x7F
        if not 1 <= size <= 4 or start + size > end:
            raise Garbled("has a length that cannot be")
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > end:
        raise Garbled("ends within a value")
    return tag, start, start + length


def items(data: bytes, at: int, end: int) -> Iterator[Item]:
    """Yield the values between *at* and *end*, one after the other; raises Garbled."""
    while at < end:
        found = item(data, at, end)
        yield found
        at = found[2]


def inside(data: bytes, found: Item, tag: int = SEQUENCE) -> list[Item]:
    """Return what *found* holds, which has to be of *tag*; raises Garbled."""
    if found[0] != tag:
        raise Garbled(f"has type {found[0]:#04x} where {tag:#04x} belongs")
    return list(items(data, found[1], found[2]))


def number(data: bytes, found: Item) -> int:
    """Return an INTEGER of up to 64 bits; raises Garbled."""
    tag, start, end = found
    if tag != INTEGER or not 1 <= end - start <= 8:
        raise Garbled("has no number where one belongs")
    return int.from_bytes(data[start:end], "big", signed=True)


def oid(data: bytes, found: Item) -> str:
    """Return an object identifier as numbers with dots; raises Garbled."""
    tag, start, end = found
    if tag != OID:
        raise Garbled(f"has type {tag:#04x} where an object identifier belongs")
    return oid_text(data[start:end])


def oid_text(content: bytes) -> str:
    """Return the object identifier of which *content* are the bytes; raises Garbled."""
    if content.isascii() and 0 < len(content) < LONGEST_OID and content[0] < 80:
        return FIRST[content[0]] + "".join([SMALL[part] for part in content[1:]])
    parts: list[int] = []
    part, open_ = 0, False
    for byte in content:
        part = part << 7 | byte & 0x7F
        if part > LARGEST_PART:
            raise Garbled("has an object identifier with a part over 32 bits")
        open_ = byte > 0x7F
        if not open_:
            parts.append(part)
            part = 0
    if open_ or not parts or len(parts) >= LONGEST_OID:
        raise Garbled("has an object identifier that is not whole")
    first = min(parts[0] // 40, 2)
    return ".".join(map(str, (first, parts[0] - 40 * first, *parts[1:])))


@lru_cache(maxsize=1024)
def oid_bytes(text: str) -> bytes:
    """Return *text*, an object identifier as numbers with dots, as a value; raises ValueError."""
    numbers = [int(part) for part in text.split(".")]
    fits = all(0 <= number <= LARGEST_PART for number in numbers)
    if not fits or not 2 <= len(numbers) <= LONGEST_OID:
        raise ValueError(f"{text!r} is no object identifier")
    first, second, *others = numbers
    return value(OID, b"".join(map(_part, (40 * first + second, *others))))


def _part(part: int) -> bytes:
    coded = bytearray([part & 0x7F])
    while part := part >> 7:
        coded.insert(0, 0x80 | part & 0x7F)
    return bytes(coded)


def value(tag: int, content: bytes) -> bytes:
    """Return *content* as a value of *tag*."""
    length = len(content)
    if length <= 0x7F:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def integer(whole: int) -> bytes:
    """Return *whole* as an INTEGER, in as few bytes as it needs."""
    bits = (whole if whole >= 0 else ~whole).bit_length()
    return value(INTEGER, whole.to_bytes(bits // 8 + 1, "big", signed=True))
