"""A time server on loopback that tells this machine's own time (SNTP, RFC 4330)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from core import clock, sntp
from tests.real.brokers import LOOPBACK

STRATUM: Final = 1
POLL, PRECISION = 6, -20


class _Answers(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        now = sntp.timestamp(clock.now())
        first = sntp.VERSION << 3 | sntp.SERVER
        times = (now, data[-8:], now, now)
        reference, origin, received, sent = times
        answer = sntp.PACKET.pack(
            *(first, STRATUM, POLL, PRECISION, 0, 0, 0),
            *(reference.to_bytes(8), origin, received, sent),
        )
        self.transport.sendto(answer, address)


@asynccontextmanager
async def time_server() -> AsyncIterator[int]:
    """Give the port of a server."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        _Answers, local_addr=(LOOPBACK, 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
