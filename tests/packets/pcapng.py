"""Captures as files: pcapng block by block (draft-ietf-opsawg-pcapng)."""

import struct
from collections.abc import Iterable
from pathlib import Path

from tests.packets.captures import ETHERNET

LITTLE, BIG = "<", ">"
MICRO = 6
"""If_tsresol: a power of 10, or of 2 with the first bit set."""


def block(kind: int, body: bytes, order: str = LITTLE) -> bytes:
    body = body.ljust((len(body) + 3) // 4 * 4, b"\0")
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(code: int, value: bytes, order: str = LITTLE) -> bytes:
    padded = value.ljust((len(value) + 3) // 4 * 4, b"\0")
    return struct.pack(order + "HH", code, len(value)) + padded


def section(order: str = LITTLE) -> bytes:
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    comment = option(1, b"made by a test", order) + option(0, b"", order)
    return block(0x0A0D0D0A, body + comment, order)


def interface(
    link: int = ETHERNET,
    *,
    snap: int = 0,
    resolution: int | None = None,
    offset: int = 0,
    order: str = LITTLE,
) -> bytes:
    options = option(2, b"eth0", order)
    if resolution is not None:
        options += option(9, bytes([resolution]), order)
    if offset:
        options += option(14, struct.pack(order + "q", offset), order)
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options + bytes(4), order)


def enhanced(
    ticks: int,
    frame: bytes,
    *,
    which: int = 0,
    size: int = 0,
    order: str = LITTLE,
) -> bytes:
    """A packet whose time is *ticks* of its interface's unit."""
    head = struct.pack(
        order + "IIIII", which, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), size or len(frame)
    )
    padded = frame.ljust((len(frame) + 3) // 4 * 4, b"\0")
    return block(6, head + padded + option(1, b"noted", order) + bytes(4), order)


def simple(frame: bytes, *, size: int = 0, order: str = LITTLE) -> bytes:
    return block(3, struct.pack(order + "I", size or len(frame)) + frame, order)


def statistics(order: str = LITTLE) -> bytes:
    return block(5, bytes(12), order)


def pcapng(
    frames: Iterable[tuple[float, bytes]], link: int = ETHERNET, order: str = LITTLE
) -> bytes:
    """One section with one interface and microseconds."""
    packets = (enhanced(round(at * 1_000_000), frame, order=order) for at, frame in frames)
    return section(order) + interface(link, order=order) + b"".join(packets)


def write_pcapng(path: Path, frames: Iterable[tuple[float, bytes]], link: int = ETHERNET) -> Path:
    path.write_bytes(pcapng(frames, link))
    return path
