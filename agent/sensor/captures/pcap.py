"""The classic format of libpcap: draft-ietf-opsawg-pcap, and Kuznetzov's records."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from agent.sensor.captures.base import DAMAGED, FRAME_MAX, Captured, Source
from agent.sensor.frames import RAW_IP


class Magic(NamedTuple):
    """What the first four bytes say."""

    order: str
    unit: float
    """s of one step of the second half of a time."""
    more: int
    """Bytes of a record's header beyond the usual 16."""


MAGICS: Final = {
    struct.pack(order + "I", number): Magic(order, unit, more)
    for order in "<>"
    for number, unit, more in (
        (0xA1B2C3D4, 1e-6, 0),
        (0xA1B23C4D, 1e-9, 0),
        (0xA1B2CD34, 1e-6, 8),
    )
}
HEADER: Final = 24
OTHER_NUMBERS: Final = {12: RAW_IP, 14: RAW_IP}
"""DLT_RAW, which is another number on each system and stands in files of old programs."""
LINK: Final = 0x0000FFFF
"""Beside the link type stands how long the frames' check sequence is."""


class Pcap:
    """The frames of a classic capture; *source* stands behind its first four bytes, *magic*."""

    def __init__(self, source: Source, magic: bytes) -> None:
        self.source = source
        self._magic = MAGICS[magic]
        header = source.read(HEADER - 4, "the file's header")
        major, minor, *_, link = struct.unpack(self._magic.order + "HHiIII", header)
        if (major, minor) != (2, 4):
            source.fail(f"version {major}.{minor} of the format is not read here, only 2.4", 4)
        self._link: int = OTHER_NUMBERS.get(link & LINK, link & LINK)

    def __iter__(self) -> Iterator[Captured]:
        """Yield every frame; raises CaptureError."""
        source, link, (order, unit, more) = self.source, self._link, self._magic
        head, size_of_head = struct.Struct(order + "IIII").unpack_from, 16 + more
        read = source.stream.read
        while len(header := read(size_of_head)) == size_of_head:
            seconds, part, kept, size = head(header)
            if kept > FRAME_MAX:
                source.fail(f"it says that it has {kept} bytes, more than any packet: {DAMAGED}")
            data = read(kept)
            if len(data) < kept:
                source.offset += size_of_head
                source.cut("a packet", kept, len(data))
            source.offset += size_of_head + kept
            source.number += 1
            yield Captured(seconds + part * unit, data, size if size > kept else kept, link)
        if header:
            source.cut("a packet's header", size_of_head, len(header))
