"""Frames of bytes as a template writes them: to send, and to be known again in what comes.

    7F 08          bytes in hexadecimal           ??       any byte
    {id}           the parameter `id` if there is one, else one byte that is captured as `id`
    {power:4}      four bytes, captured
    {xor8} {sum8} {crc16_modbus} {crc16_ccitt}    a checksum of what stands before it; {xor8:1}
                   leaves the first byte of the frame out

A pattern has one length: it is found wherever it stands, with its checksums right.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

MOST_BYTES: Final = 1024
"""Of one frame."""

_TOKEN: Final = re.compile(r"([0-9A-Fa-f]{2})|(\?\?)|\{([a-z][a-z0-9_]*)(?::(\d{1,4}))?\}")


def _crc16(data: bytes, polynomial: int, start: int, *, reflected: bool) -> int:
    value = start
    for byte in data:
        value ^= byte if reflected else byte << 8
        for _ in range(8):
            if reflected:
                value = value >> 1 ^ (polynomial if value & 1 else 0)
            else:
                value = (value << 1 ^ (polynomial if value & 0x8000 else 0)) & 0xFFFF
    return value


CHECKSUMS: Final[Mapping[str, tuple[int, Callable[[bytes], bytes]]]] = {
    "sum8": (1, lambda data: bytes([sum(data) & 0xFF])),
    "xor8": (1, lambda data: bytes([reduce(xor, data, 0)])),
    "crc16_modbus": (
        2,
        lambda data: _crc16(data, 0xA001, 0xFFFF, reflected=True).to_bytes(2, "little"),
    ),
    "crc16_ccitt": (
        2,
        lambda data: _crc16(data, 0x1021, 0xFFFF, reflected=False).to_bytes(2, "big"),
    ),
}
"""Word → bytes that it takes, and how they come about; the last one is CRC-16/CCITT-FALSE."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a frame: given ones, or where `data` is None any, captured under `name`.

    With `checksum` they have to be that of what stands before, from byte `begin` on.
    """

    length: int
    data: bytes | None = None
    name: str = ""
    checksum: str = ""
    begin: int = 0


@dataclass(frozen=True, slots=True)
class BytePattern:
    """A frame with its holes."""

    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        """Return the bytes of the frame."""
        return sum(piece.length for piece in self.pieces)

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is captured, in its order."""
        return tuple(piece.name for piece in self.pieces if piece.name)

    def frame(self, captured: Mapping[str, bytes] | None = None) -> bytes:
        """Return the frame to send; holes are filled from *captured*, or with zeros."""
        made = b""
        for piece in self.pieces:
            if piece.checksum:
                made += CHECKSUMS[piece.checksum][1](made[piece.begin :])
            elif piece.data is not None:
                made += piece.data
            else:
                filled = (captured or {}).get(piece.name, b"")[: piece.length]
                made += filled.rjust(piece.length, b"\0")
        return made

    def search(self, data: bytes) -> tuple[dict[str, bytes], int] | None:
        """Return the captures of the first frame in *data* and where it ends, or None."""
        for begin in range(len(data) - self.length + 1):
            found = self._at(data[begin : begin + self.length])
            if found is not None:
                return found, begin + self.length
        return None

    def _at(self, frame: bytes) -> dict[str, bytes] | None:
        found: dict[str, bytes] = {}
        at = 0
        for piece in self.pieces:
            part = frame[at : at + piece.length]
            wanted = piece.data
            if piece.checksum:
                wanted = CHECKSUMS[piece.checksum][1](frame[piece.begin : at])
            if wanted is not None and part != wanted:
                return None
            if piece.name:
                found[piece.name] = part
            at += piece.length
        return found


def pattern(text: str, parameters: Mapping[str, bytes]) -> BytePattern:
    """Return what *text* says; raises ValueError with a sentence about what it says wrongly."""
    pieces = tuple(_pieces(text, parameters))
    made = BytePattern(pieces)
    if not pieces:
        raise ValueError("is empty; expected bytes in hexadecimal, as 7F 08")
    if made.length > MOST_BYTES:
        raise ValueError(f"has more than {MOST_BYTES} bytes")
    if len(set(made.names)) < len(made.names):
        raise ValueError("captures two parts under one name")
    if all(piece.data is None and not piece.checksum for piece in pieces):
        raise ValueError("would know anything as an answer: give at least one byte")
    return made


def _pieces(text: str, parameters: Mapping[str, bytes]) -> Iterator[Piece]:
    length = 0
    for word in text.split():
        match = _TOKEN.fullmatch(word)
        if match is None:
            raise ValueError(f"has {word[:40]!r}; expected 7F, ??, {{name}} or {{name:4}}")
        piece = _piece(match, parameters, length)
        length += piece.length
        yield piece


def _piece(match: re.Match[str], parameters: Mapping[str, bytes], before: int) -> Piece:
    digits, anything, name, number = match.groups()
    if digits:
        return Piece(1, bytes.fromhex(digits))
    if anything:
        return Piece(1)
    if name in CHECKSUMS:
        begin = int(number or 0)
        if begin >= before:
            raise ValueError(f"has {match[0]}, with nothing before it to sum up")
        return Piece(CHECKSUMS[name][0], checksum=name, begin=begin)
    if name in parameters:
        return Piece(len(parameters[name]), parameters[name])
    if number == "0" or int(number or 1) > MOST_BYTES:
        raise ValueError(f"has {match[0]}; expected 1 to {MOST_BYTES} bytes")
    return Piece(int(number or 1), name=name)
