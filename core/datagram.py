"""Asks an address by one datagram, and waits for the answer that is meant."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from core import clock

MOST_BYTES: Final = 4096
MOST_PACKETS: Final = 64
"""Of one answer: who sends more than this, and nothing that is meant, is not listened to."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answer, and when the question went and the answer came (ns of `clock.boottime`)."""

    packet: bytes
    sent: int
    arrived: int


async def exchange(
    address: tuple[socket.AddressFamily, Any],
    request: bytes,
    timeout_s: float,
    is_meant: Callable[[bytes], bool],
) -> Exchange | None:
    """Return the first answer of *address* that *is_meant*, or None where none came in time.

    Raises OSError where nothing listens there, or no way leads to it. The socket takes packets
    from nobody else, and has a port of its own for each question.
    """
    family, where = address
    loop = asyncio.get_running_loop()
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(where)
        sent = clock.boottime()
        sock.send(request)
        try:
            async with asyncio.timeout(timeout_s):
                for _ in range(MOST_PACKETS):
                    packet = await loop.sock_recv(sock, MOST_BYTES)
                    arrived = clock.boottime()
                    if is_meant(packet):
                        return Exchange(packet, sent, arrived)
                    await asyncio.sleep(0)  # sock_recv gives nobody a turn while packets wait
        except TimeoutError:
            pass
    return None
