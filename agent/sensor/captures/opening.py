"""Which format a capture has, and what else a file may be that somebody takes for one."""

from typing import BinaryIO, Final

from agent.sensor.captures.base import Capture, CaptureError, Source
from agent.sensor.captures.pcap import MAGICS, Pcap
from agent.sensor.captures.pcapng import SECTION, Pcapng

FOREIGN: Final = (
    (b"\x1f\x8b", "it is compressed with gzip: gunzip -c FILE | schoolwatch sensor read -"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd: zstd -dc FILE | schoolwatch sensor read -"),
    (b"BZh", "it is compressed with bzip2: bunzip2 -c FILE | schoolwatch sensor read -"),
    (b"\xfd7zX", "it is compressed with xz: xz -dc FILE | schoolwatch sensor read -"),
    (b"PK\x03\x04", "it is a ZIP archive: unpack it first"),
    (b"snoo", "it is a capture of snoop: editcap -F pcap FILE NEW"),
    (b"GMBU", "it is a capture of Microsoft Network Monitor: editcap -F pcap FILE NEW"),
    (b"RTSS", "it is a capture of Microsoft Network Monitor: editcap -F pcap FILE NEW"),
)
"""By their first bytes."""


def opened(name: str, stream: BinaryIO) -> Capture:
    """Return the capture in *stream*, called *name* in errors; raises CaptureError."""
    magic = stream.read(4)
    source = Source(name, stream, magic)
    if magic in MAGICS:
        return Pcap(source, magic)
    if magic == SECTION:
        return Pcapng(source)
    raise CaptureError(f"{name}: no capture: {_why_not(magic)}")


def _why_not(magic: bytes) -> str:
    if not magic:
        return "the file is empty"
    for begins, text in FOREIGN:
        if magic.startswith(begins):
            return text
    return f"it begins with {magic.hex(' ')}, which is neither pcap nor pcapng"
