"""Captures as files: the classic format of libpcap (draft-ietf-opsawg-pcap), microseconds."""

import struct
from collections.abc import Iterable
from pathlib import Path

ETHERNET, RAW_IP, COOKED, COOKED_2 = 1, 101, 113, 276
"""LINKTYPE_ values of tcpdump.org."""


def pcap(frames: Iterable[tuple[float, bytes]], link: int = ETHERNET, snap: int = 65_535) -> bytes:
    """Frames with their time in s since 1970, in the order given."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, link)]
    for at, frame in frames:
        seconds, micros = divmod(round(at * 1_000_000), 1_000_000)
        kept = frame[:snap]
        out += [struct.pack("<IIII", seconds, micros, len(kept), len(frame)), kept]
    return b"".join(out)


def write_pcap(path: Path, frames: Iterable[tuple[float, bytes]], link: int = ETHERNET) -> Path:
    path.write_bytes(pcap(frames, link))
    return path
