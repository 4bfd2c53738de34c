"""Reads tag, length and value of DER (X.690), no more than a certificate is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SEQUENCE: Final = 0x30
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OBJECT_IDENTIFIER: Final = 0x06
UTC_TIME: Final = 0x17


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, what is in it, and the bytes of the whole."""

    tag: int
    value: bytes
    whole: bytes


def elements(data: bytes) -> Iterator[Element]:
    """Yield the elements that stand one after the other in *data*.

    Raises ValueError where one is cut off, or of a form that DER does not allow. The input comes
    from strangers: nothing here calls itself, and no length is believed before it is checked.
    """
    at = 0
    while at < len(data):
        begin, tag = at, data[at]
        if tag & 0x1F == 0x1F:
            raise ValueError("a tag of several bytes is in no certificate")
        length, at = _length(data, at + 1)
        if at + length > len(data):
            raise ValueError(f"an element of {length} bytes is cut off")
        yield Element(tag, data[at : at + length], data[begin : at + length])
        at += length


def one(data: bytes, tag: int) -> Element:
    """Return the first element of *data*; raises ValueError where it is not of *tag*."""
    for element in elements(data):
        if element.tag == tag:
            return element
        raise ValueError(f"tag {element.tag:#x} where {tag:#x} belongs")
    raise ValueError(f"nothing where tag {tag:#x} belongs")


def object_identifier(value: bytes) -> str:
    """Return the dotted form of an OID."""
    numbers, number = [], 0
    for byte in value:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    if not numbers or value[-1] & 0x80:
        raise ValueError("an object identifier is cut off")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise ValueError("a length is missing")
    short = data[at]
    if short < 0x80:
        return short, at + 1
    count = short & 0x7F
    octets = data[at + 1 : at + 1 + count]
    if not 0 < count <= 4 or len(octets) < count:
        raise ValueError("a length that cannot be")
    return int.from_bytes(octets), at + 1 + count
