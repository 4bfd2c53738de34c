"""One network interface that the sensor listens to: its sockets, and whether it is there.

Sockets need CAP_NET_RAW when they are opened and nothing afterwards, so they outlive the
interface: one that vanishes and comes back, under another index, has them bound to it anew.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Final

from agent.sensor import filters, ring
from agent.sensor.sight import Sight
from core.errors import NotPermitted

EVERYTHING: Final = 3
"""ETH_P_ALL."""

# <linux/sockios.h>, <linux/if.h>, <linux/if_arp.h>, <linux/if_packet.h>
_SIOCGIFFLAGS, _SIOCGIFHWADDR, _SIOCGIFINDEX = 0x8913, 0x8927, 0x8933
_IFF_UP: Final = 1
_ETHERNET: Final = (1, 772)
"""Ethernet (and what looks like it, as Wi-Fi does), and the loopback."""
_SOL_PACKET, _ADD_MEMBERSHIP, _PROMISCUOUS = 263, 1, 1
_HOST, _OTHER_HOST = 0, 3

SAMPLES_S: Final = 64
"""So many sampled frames a second are aimed at: a busy line costs no more than a quiet one."""
MOST_EVERY: Final = 1 << 16
_SAMPLES_BYTES: Final = 1 << 17
"""Of the socket's buffer: what does not fit is not looked at, and counted all the same."""


class Tap:
    """Listens to *name*; with *promiscuous* also to what is for others, where it arrives.

    Raises NotPermitted where this process may not listen at all.
    """

    def __init__(self, name: str, *, promiscuous: bool = False) -> None:
        self.name, self.promiscuous = name, promiscuous
        self.sight = Sight(promiscuous)
        self.frames = self.dropped = 0
        """What the filter passed, and what of it was lost: since the start."""
        self._index, self._every = 0, 1
        self._sock = _opened()
        filters.attach(self._sock, filters.control())
        self.ring = ring.Ring(self._sock)
        self._samples = _opened()
        self._samples.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SAMPLES_BYTES)
        filters.attach(self._samples, filters.sampling(self._every))
        self._header = bytearray(filters.HEADER)

    def fileno(self) -> int:
        """Return what becomes readable when there are frames."""
        return self._sock.fileno()

    def look(self) -> str:
        """Listen to the interface as it is now; return why there is nothing to hear, or "".

        `gone`, `down`, `not_ethernet`, or `refused`.
        """
        for sock in (self._sock, self._samples):
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # ENETDOWN, said once
        try:
            index = self._asked(_SIOCGIFINDEX, "i")
            if index != self._index:
                if self._asked(_SIOCGIFHWADDR, "H") not in _ETHERNET:
                    return "not_ethernet"
                self._bind(index)
            return "" if self._asked(_SIOCGIFFLAGS, "H") & _IFF_UP else "down"
        except PermissionError:
            return "refused"
        except OSError:
            self._index = 0
            return "gone"

    def count(self) -> tuple[int, int]:
        """Return the frames that the filter passed since the last call, and those lost of them."""
        passed, lost = ring.statistics(self._sock)
        self.frames += passed
        self.dropped += lost
        return passed, lost

    def sample(self, now: float) -> None:
        """Look at the unicast frames that were sampled since the last call: once a second."""
        own = foreign = 0
        with contextlib.suppress(BlockingIOError):
            for kind in self._kinds():
                own += kind == _HOST
                foreign += kind == _OTHER_HOST
        passed, _lost = ring.statistics(self._samples)
        self.sight.add(now, own, foreign, passed * self._every)
        self._tune(passed)

    def close(self) -> None:
        """Give everything back."""
        self.ring.close()
        self._sock.close()
        self._samples.close()

    def _kinds(self) -> Iterator[int]:
        for _ in range(4 * SAMPLES_S):
            try:
                yield self._samples.recvfrom_into(self._header)[1][2]
            except BlockingIOError:
                return
            except OSError:  # ENETDOWN: `look` says so
                return

    def _tune(self, passed: int) -> None:
        """Sample as many frames a second as are aimed at, whatever the line carries."""
        every = self._every
        if passed > 2 * SAMPLES_S:
            every = min(MOST_EVERY, every * 2 ** (passed // SAMPLES_S).bit_length() // 2)
        elif passed < SAMPLES_S // 4:
            every = max(1, every // 2)
        if every != self._every:
            self._every = every
            filters.attach(self._samples, filters.sampling(every))

    def _bind(self, index: int) -> None:
        for sock in (self._sock, self._samples):
            sock.bind((self.name, EVERYTHING))
        if self.promiscuous:
            wanted = struct.pack("@iHH8s", index, _PROMISCUOUS, 0, b"")
            self._sock.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, wanted)
        self._index = index
        self.sight.forget()  # another interface, or another cable

    def _asked(self, request: int, form: str) -> int:
        import fcntl  # noqa: PLC0415 — the module can be imported where there is none

        asked = struct.pack("16s24x", self.name.encode())
        answer = fcntl.ioctl(self._sock.fileno(), request, asked)
        value: int = struct.unpack_from("=" + form, answer, 16)[0]
        return value


def _opened() -> socket.socket:
    if not hasattr(socket, "AF_PACKET"):
        raise NotPermitted("packets can be listened to on Linux only")
    # Protocol 0: until it is bound to its interface it hears nothing, not even of others.
    try:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError:
        raise NotPermitted("listening to a network interface needs the right CAP_NET_RAW") from None
    sock.setblocking(False)
    return sock
