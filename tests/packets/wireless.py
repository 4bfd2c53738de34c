"""IEEE 802.11 data frames as bytes, and what monitor mode puts before them (radiotap.org); PPP."""

import struct

from tests.packets.frames import mac_bytes

WIRELESS, RADIOTAP, PPP = 105, 127, 9
TO_DS, FROM_DS = 1, 2
PROTECTED = 0x40


def data_frame(
    frame: bytes, ds: int = 0, *, bss: str = "02:00:00:00:00:aa", qos: bool = False, flags: int = 0
) -> bytes:
    """An Ethernet frame as it goes through the air to (*ds* 1) or from (2) an access point."""
    dst, src = frame[:6], frame[6:12]
    addresses = {
        0: dst + src + mac_bytes(bss),
        TO_DS: mac_bytes(bss) + src + dst,
        FROM_DS: dst + mac_bytes(bss) + src,
    }[ds]
    head = struct.pack("<BBH", 0x88 if qos else 0x08, ds | flags, 0) + addresses
    head += b"\0\0" + (b"\0\0" if qos else b"")
    # LLC with SNAP, RFC 1042
    return head + b"\xaa\xaa\x03\0\0\0" + frame[12:]


def beacon() -> bytes:
    head = struct.pack("<BBH", 0x80, 0, 0) + b"\xff" * 6 + bytes.fromhex("0200000000aa") * 2
    return head + bytes(2) + struct.pack("<QHH", 1, 100, 1) + b"\0\6school"


def radiotap(frame: bytes, *, check: bool = False) -> bytes:
    """The shortest header; with *check* it says that the frame's check sequence stands behind."""
    flags = b"\x10" if check else b"\0"
    head = struct.pack("<BBHI", 0, 0, 9, 2) + flags
    return head + frame + (b"\1\2\3\4" if check else b"")


def ppp(packet: bytes) -> bytes:
    """RFC 1661 in the framing of RFC 1662, as captures have it."""
    return b"\xff\x03" + (b"\x00\x57" if packet[0] >> 4 == 6 else b"\x00\x21") + packet
