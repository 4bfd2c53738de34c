"""Frames as Linux gives them where a capture is of all interfaces: LINKTYPE_LINUX_SLL and _SLL2.

Both made of an Ethernet frame; the receiver's address is lost, as it is there.
"""

import struct

ARPHRD_ETHER = 1
TO_US, BROADCAST, MULTICAST, ELSEWHERE, FROM_US = range(5)


def kind_of(frame: bytes) -> int:
    if frame[:6] == b"\xff" * 6:
        return BROADCAST
    return MULTICAST if frame[0] & 1 else TO_US


def cooked(frame: bytes) -> bytes:
    """The sender's address fills 8 bytes, and the tags stay in front of the packet."""
    head = struct.pack("!HHH", kind_of(frame), ARPHRD_ETHER, 6)
    return head + frame[6:12] + b"\0\0" + frame[12:]


def cooked_2(frame: bytes, interface: int = 2) -> bytes:
    head = frame[12:14] + struct.pack("!HIHBB", 0, interface, ARPHRD_ETHER, kind_of(frame), 6)
    return head + frame[6:12] + b"\0\0" + frame[14:]
