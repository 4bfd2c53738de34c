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
        self._section()

    def __iter__(self) -> Iterator[Captured]:
        """Yield every frame, numbered through all sections; raises CaptureError."""
        source = self.source
        while head := source.read_or_end(4, "a block's header"):
            if head == SECTION:
                self._section()
                continue
            start = source.offset - 4
            (kind,) = struct.unpack(self._order + "I", head)
            body = self._body(kind, start)
            if kind == INTERFACE:
                self._interface(body, start)
            elif kind in (ENHANCED, SIMPLE, PACKET):
                try:
                    frame = self._frame(kind, body)
                except struct.error:
                    source.fail("its block is too short", start)
                except ValueError as wrong:
                    source.fail(str(wrong), start)
                source.number += 1
                yield frame

    def _section(self) -> None:
        """Take the rest of a section's header, which gives the byte order of all that follows."""
        start = self.source.offset - 4
        head = self.source.read(8, "a section's header")
        order = ORDERS.get(head[4:])
        if order is None:
            self.source.fail(f"a section does not say its byte order: {DAMAGED}", start)
        self._order, self._interfaces = order, []
        (length,) = struct.unpack(order + "I", head[:4])
        self._check(length, 28, start)
        body = self._rest(length, 12, "a section's header", start)
        major, minor = struct.unpack_from(order + "HH", body)
        if major != 1:
            self.source.fail(f"version {major}.{minor} of pcapng is not read here, only 1", start)

    def _body(self, kind: int, start: int) -> bytes:
        """Return a block's content; b"" for a kind that is passed over."""
        head = self.source.read(4, "a block's header")
        (length,) = struct.unpack(self._order + "I", head)
        self._check(length, 12, start)
        if kind in (INTERFACE, ENHANCED, SIMPLE, PACKET):
            if length > FRAME_MAX + PIECE:
                self.source.fail(f"a block of {length} bytes: {DAMAGED}", start)
            return self._rest(length, 8, "a block", start)
        left = length - 12
        while left:
            left -= len(self.source.read(min(left, PIECE), "a block"))
        self._closing(length, start)
        return b""

    def _check(self, length: int, least: int, start: int) -> None:
        if length < least or length % 4 or length > BLOCK_MAX:
            self.source.fail(f"a block of {length} bytes: {DAMAGED}", start)

    def _rest(self, length: int, had: int, what: str, start: int) -> bytes:
        body = self.source.read(length - had - 4, what)
        self._closing(length, start)
        return body

    def _closing(self, length: int, start: int) -> None:
        (again,) = struct.unpack(self._order + "I", self.source.read(4, "a block"))
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

    def _frame(self, kind: int, body: bytes) -> Captured:
        """Return the frame of a block; raises ValueError and struct.error."""
        if kind == SIMPLE:
            (size,) = struct.unpack_from(self._order + "I", body)
            interface = self._of(0)
            kept = min(size, interface.snap or size, len(body) - 4)
            # It has no time of its own: that of the packet before is the nearest.
            return Captured(self._at, body[4 : 4 + kept], size, interface.link)
        if kind == PACKET:
            which, _, high, low, kept, size = struct.unpack_from(self._order + "HHIIII", body)
        else:
            which, high, low, kept, size = struct.unpack_from(self._order + "IIIII", body)
        if kept > min(FRAME_MAX, len(body) - 20):
            raise ValueError(f"it says that it has {kept} bytes, more than its block")
        interface = self._of(which)
        self._at = (high << 32 | low) * interface.unit + interface.offset
        if not 0 <= self._at < YEAR_10000:
            raise ValueError("its time is in no year that there is")
        return Captured(self._at, body[20 : 20 + kept], max(size, kept), interface.link)

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
