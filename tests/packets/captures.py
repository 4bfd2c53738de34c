"""Captures as files: the classic format of libpcap (draft-ietf-opsawg-pcap)."""

import struct
from collections.abc import Iterable
from pathlib import Path

NULL, ETHERNET, RAW_IP, COOKED, COOKED_2 = 0, 1, 101, 113, 276
"""LINKTYPE_ values of tcpdump.org."""
MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
"""What stands first; the last is that of Kuznetzov, whose records have 8 bytes more."""


def pcap(
    frames: Iterable[tuple[float, bytes]],
    link: int = ETHERNET,
    snap: int = 65_535,
    *,
    order: str = "<",
    magic: int = MICRO,
) -> bytes:
    """Frames with their time in s since 1970, in the order given."""
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link)]
    unit = 1_000_000_000 if magic == NANO else 1_000_000
    for at, frame in frames:
        seconds, part = divmod(round(at * 1_000_000), 1_000_000)
        kept = frame[:snap]
        part *= unit // 1_000_000
        out.append(struct.pack(order + "IIII", seconds, part, len(kept), len(frame)))
        out += [bytes(8) if magic == MODIFIED else b"", kept]
    return b"".join(out)


def write_pcap(path: Path, frames: Iterable[tuple[float, bytes]], link: int = ETHERNET) -> Path:
    path.write_bytes(pcap(frames, link))
    return path
