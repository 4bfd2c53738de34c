"""Reads what anybody can send to a UDP port, a little at a time, on every system of asyncio.

Of a flood a thousand datagrams a second are read; the kernel drops the rest, which Linux counts.
"""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from typing import Final, NoReturn

from agent.clients.address import plain

READS_AT_ONCE: Final = 50
REST_S: Final = 0.05
"""After so many datagrams; the first of a few is heard at once all the same."""

# <asm-generic/socket.h>, <linux/sock_diag.h>: nine numbers about the memory of a socket.
SO_MEMINFO: Final = 55
MEMINFO: Final = struct.Struct("=9I")
DROPS: Final = 8


async def read(
    sock: socket.socket,
    most_bytes: int,
    take: Callable[[bytes, str], None],
    at_once: int = READS_AT_ONCE,
) -> NoReturn:
    """Hand each datagram and its sender's address to *take*, until cancelled.

    *at_once* are read before others have a turn: twenty times as many a second at the most.
    """
    loop = asyncio.get_running_loop()
    while True:
        for _ in range(at_once):
            try:
                data, sender = await loop.sock_recvfrom(sock, most_bytes)
            except OSError:  # Windows: one of ours found nobody, or one of theirs was too long
                break
            take(data, plain(sender[0]))
        await asyncio.sleep(REST_S)


def dropped(sock: socket.socket) -> int:
    """Return how many datagrams the kernel has dropped, since more came than is read; 0 unknown."""
    if sys.platform != "linux":
        return 0
    try:
        return int(
            MEMINFO.unpack(sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size))[DROPS]
        )
    except (OSError, struct.error):  # a kernel before 4.12
        return 0
