"""Servers that are no brokers, or strange ones, to connect an MQTT session to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from core.mqtt import Broker
from tests.real.brokers import LOOPBACK

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
FAST: dict[str, Any] = {"reconnect_within_s": 0.05, "backoff_max_s": 0.1, "connect_timeout_s": 0.3}


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[tuple[Broker, list[bytes]]]:
    """Run a server that is no broker; give its place and the first packet of each connection."""
    packets: list[bytes] = []
    open_ones: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[writer] = asyncio.current_task()
        packets.append(await reader.read(4096))
        await serve(reader, writer)
        writer.close()

    listening = await asyncio.start_server(kept, LOOPBACK, 0)
    try:
        yield Broker(LOOPBACK, listening.sockets[0].getsockname()[1]), packets
    finally:
        listening.close()
        for writer in open_ones:
            writer.transport.abort()
        await asyncio.gather(*filter(None, open_ones.values()), return_exceptions=True)


def version(packet: bytes) -> int:
    """Return the protocol level in CONNECT: 5, or 4 for 3.1.1."""
    return packet[packet.index(b"MQTT") + 4]


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n" * 100)
    await writer.drain()


async def only_3_1_1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer CONNECT as the 3.1.1 specification says to one of another version."""
    writer.write(b"\x20\x02\x00\x01")
    await writer.drain()


async def half_a_connack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x20\x13\x00")
    await writer.drain()
    await reader.read()
