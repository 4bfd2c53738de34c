"""The newer format, pcapng: draft-ietf-opsawg-pcapng.

Sections follow each other, each with its own byte order and its own list of interfaces; blocks of
other kinds (names, statistics, secrets) are passed over unread.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from agent.sensor.captures.base import DAMAGED, FRAME_MAX, YEAR_10000, Captured, Source
from agent.sensor.captures.pcap import LINK, OTHER_NUMBERS

SECTION: Final = b"\x0a\x0d\x0d\x0a"
"""The type of a section's header, the same in both byte orders."""
SECTION_TYPE, INTERFACE, PACKET, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
READ: Final = frozenset((INTERFACE, PACKET, SIMPLE, ENHANCED))
ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
BLOCK_MAX: Final = 64 * 1024 * 1024
"""Bytes; a block beyond is a damaged length. Keys of a long capture can be large."""
PIECE: Final = 1024 * 1024
INTERFACES_MAX: Final = 4096
RESOLUTION, OFFSET = 9, 14
"""Options of an interface: the unit of its times, and s to be added to them."""


class Interface(NamedTuple):
    """What an interface's block says of its packets."""

    link: int
    snap: int
    """Bytes kept of a frame; 0 for all."""
    unit: float
    """s of one step of its times."""
    offset: int
    """s."""


class Pcapng:
    """The frames of a capture; *source* stands behind its first four bytes, those of SECTION."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._order = ""
        self._interfaces: list[Interface] = []
        self._at = 0.0
        self._section(source.read(4, "a section's header"))

    def __iter__(self) -> Iterator[Captured]:
        """Yield every frame, numbered through all sections; raises CaptureError."""
        source, read = self.source, self.source.stream.read
        while len(head := read(8)) == 8:
            start = source.offset
            source.offset += 8
            if head[:4] == SECTION:
                self._section(head[4:])
                continue
            kind, length = self._head(head)
            if kind not in READ:
                self._pass_over(length, start)
                continue
            self._check(length, 12, FRAME_MAX + PIECE, start)
            body = read(length - 8)
            if len(body) < length - 8:
                source.cut("a block", length - 8, len(body))
            if body[-4:] != head[4:]:
                self._closing(length, body[-4:], start)
            source.offset += length - 8
            if kind == INTERFACE:
                self._interface(body[:-4], start)
                continue
            try:
                frame = self._enhanced(body) if kind == ENHANCED else self._other(kind, body)
            except struct.error:
                source.fail("its block is too short", start)
            except ValueError as wrong:
                source.fail(str(wrong), start)
            source.number += 1
            yield frame
        if head:
            source.cut("a block's header", 8, len(head))

    def _section(self, written: bytes) -> None:
        """Take a section's header, which gives the byte order of all that follows.

        *written* is its length, in an order that stands only behind it.
        """
        start = self.source.offset - 8
        order = ORDERS.get(self.source.read(4, "a section's header"))
        if order is None:
            self.source.fail(f"a section does not say its byte order: {DAMAGED}", start)
        self._order, self._interfaces = order, []
        self._head = struct.Struct(order + "II").unpack
        self._packet = struct.Struct(order + "IIIII").unpack_from
        (length,) = struct.unpack(order + "I", written)
        self._check(length, 28, BLOCK_MAX, start)
        body = self.source.read(length - 12, "a section's header")
        if body[-4:] != written:
            self._closing(length, body[-4:], start)
        major, minor = struct.unpack_from(order + "HH", body)
        if major != 1:
            self.source.fail(f"version {major}.{minor} of pcapng is not read here, only 1", start)

    def _pass_over(self, length: int, start: int) -> None:
        """Read what is not looked at, which may be long, in pieces."""
        self._check(length, 12, BLOCK_MAX, start)
        left = length - 12
        while left:
            left -= len(self.source.read(min(left, PIECE), "a block"))
        self._closing(length, self.source.read(4, "a block"), start)

    def _check(self, length: int, least: int, most: int, start: int) -> None:
        if not least <= length <= most or length % 4:
            self.source.fail(f"a block of {length} bytes: {DAMAGED}", start)

    def _closing(self, length: int, written: bytes, start: int) -> None:
        (again,) = struct.unpack(self._order + "I", written)
        if again != length:
            self.source.fail(
                f"a block says {length} bytes at its start and {again} at its end: {DAMAGED}",
                start,
            )

    def _interface(self, body: bytes, start: int) -> None:
        if len(body) < 8 or len(self._interfaces) >= INTERFACES_MAX:
            self.source.fail("no more interfaces than this, and each with a link type", start)
        link, snap = struct.unpack_from(self._order + "HxxI", body)
        unit, offset = 1e-6, 0
        for code, value in _options(self._order, body, 8):
            if code == RESOLUTION and len(value) == 1:
                unit = _unit(value[0])
            elif code == OFFSET and len(value) == 8:
                (offset,) = struct.unpack(self._order + "q", value)
        link = OTHER_NUMBERS.get(link & LINK, link & LINK)
        self._interfaces.append(Interface(link, snap, unit, offset))

    def _enhanced(self, body: bytes) -> Captured:
        """Return the frame of the usual block; raises ValueError and struct.error."""
        which, high, low, kept, size = self._packet(body)
        return self._captured(body, which, high << 32 | low, kept, size)

    def _other(self, kind: int, body: bytes) -> Captured:
        """Return the frame of a block of an older or simpler kind; raises the same."""
        if kind == PACKET:
            which, _, high, low, kept, size = struct.unpack_from(self._order + "HHIIII", body)
            return self._captured(body, which, high << 32 | low, kept, size)
        (size,) = struct.unpack_from(self._order + "I", body)
        interface = self._of(0)
        kept = min(size, interface.snap or size, len(body) - 8)
        # It has no time of its own: that of the packet before is the nearest.
        return Captured(self._at, body[4 : 4 + kept], size, interface.link)

    def _captured(self, body: bytes, which: int, ticks: int, kept: int, size: int) -> Captured:
        if kept > FRAME_MAX or kept > len(body) - 24:
            raise ValueError(f"it says that it has {kept} bytes, more than its block")
        link, _, unit, offset = self._of(which)
        self._at = at = ticks * unit + offset
        if not 0 <= at < YEAR_10000:
            raise ValueError("its time is in no year that there is")
        return Captured(at, body[20 : 20 + kept], size if size > kept else kept, link)

    def _of(self, which: int) -> Interface:
        if which >= len(self._interfaces):
            raise ValueError(f"it is of interface {which}, which the section does not describe")
        return self._interfaces[which]


def _options(order: str, body: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Yield each option's code and value; what is damaged ends them."""
    while place + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, place)
        if not code:
            return
        yield code, body[place + 4 : place + 4 + length]
        place += 4 + (length + 3) // 4 * 4


def _unit(resolution: int) -> float:
    """Return the s of one step: a power of 10, or of 2 where the first bit is set."""
    return 2.0 ** -(resolution & 0x7F) if resolution & 0x80 else 10.0**-resolution
