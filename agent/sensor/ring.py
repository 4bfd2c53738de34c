"""Frames from a ring that the kernel fills and this process reads: no call for each frame.

TPACKET_V2 of packet(7) and Documentation/networking/packet_mmap.rst. Each frame comes with the
moment at which the kernel took it, its true length, and the tag that the kernel took out of it.
The ring is written by the kernel while Python reads; the order of both is that of the processor,
which matters only where it reorders reads across hundreds of instructions.
"""

import mmap
import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from agent.sensor.facts import made

SLOT: Final = 1024
"""Bytes of the ring for one frame, 82 of them the kernel's own."""
SLOTS: Final = 8192
"""8 MB. At 50,000 frames/s it holds what comes in 160 ms."""

# <linux/if_packet.h>
_SOL_PACKET: Final = 263
_RX_RING, _STATISTICS, _VERSION, _TPACKET_V2 = 5, 6, 10, 1
_USER, _VLAN_VALID, _TPID_VALID = 0x1, 0x10, 0x40
_BLOCK: Final = 1 << 18
_HEADER: Final = struct.Struct("=IIIHHIIHH")
"""Status, length, length here, where the frame begins, its net header, s, ns, tag, its type."""
_TAG: Final = struct.Struct("!HH")
_STATS: Final = struct.Struct("=II")
_REQUEST: Final = struct.Struct("=IIII")
_KERNEL: Final = 0
_8021Q: Final = 0x8100


class Taken(NamedTuple):
    """A frame as it was on the wire, cut at what the filter passes."""

    at: float
    """s since 1970, by the kernel."""
    size: int
    """Bytes on the wire."""
    data: bytes


class Ring:
    """The ring of one packet socket, made before the socket is bound."""

    def __init__(self, sock: socket.socket, slots: int = SLOTS) -> None:
        self._sock, self._end = sock, slots * SLOT
        sock.setsockopt(_SOL_PACKET, _VERSION, struct.pack("=I", _TPACKET_V2))
        blocks = self._end // _BLOCK
        sock.setsockopt(_SOL_PACKET, _RX_RING, _REQUEST.pack(_BLOCK, blocks, SLOT, slots))
        self._map = mmap.mmap(sock.fileno(), self._end, mmap.MAP_SHARED)
        self._words = memoryview(self._map).cast("I")
        """The same by 32 bits, as the status is: read and written without a copy."""
        self._at = 0

    def take(self, most: int) -> Iterator[Taken]:
        """Yield the frames that are there, at most *most* of them; each slot is free at once."""
        room, words, header, at = self._map, self._words, _HEADER, self._at
        for _ in range(most):
            status, size, here, begin, _net, s, ns, tci, tpid = header.unpack_from(room, at)
            if not status & _USER:
                return
            data = room[at + begin : at + begin + here]
            words[at // 4] = _KERNEL
            at = self._at = (at + SLOT) % self._end
            if status & _VLAN_VALID:
                tag = _TAG.pack(tpid if status & _TPID_VALID else _8021Q, tci)
                data, size = data[:12] + tag + data[12:], size + 4
            yield made(Taken, (s + ns / 1e9, size, data))

    def close(self) -> None:
        """Give its memory back."""
        self._words.release()
        self._map.close()


def statistics(sock: socket.socket) -> tuple[int, int]:
    """Return how many frames the filter of *sock* passed since the last question, and how many of
    them were lost for want of room."""
    return _STATS.unpack(sock.getsockopt(_SOL_PACKET, _STATISTICS, _STATS.size))
