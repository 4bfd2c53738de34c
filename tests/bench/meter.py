"""Counts what passes between a measured program and its server, as a school's line would carry it.

TCP goes through a relay of ours, whose sockets the kernel asks how many bytes and segments passed;
a segment has 1,448 bytes at most, as on Ethernet, and 52 bytes of headers (IPv4, TCP, timestamps).
Datagrams are counted by whoever receives them.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from tests.real.brokers import LOOPBACK

T = TypeVar("T")

TCP_HEADERS: Final = 52
UDP_HEADERS: Final = 28
ETHERNET_MSS: Final = 1448

# <linux/tcp.h>, struct tcp_info: tcpi_bytes_acked, tcpi_bytes_received, tcpi_segs_out, _in.
TCP_INFO_AT: Final = 120
TCP_INFO: Final = struct.Struct("=QQII")


class Meter:
    """Relays in a thread of its own; `bytes` is what passed so far, both ways together."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open: set[socket.socket] = set()
        self._passed = 0

    def relay(self, port: int) -> int:
        """Return a port of loopback where *port* is reached, counted."""
        return self._do(self._serve(port))

    def receive(self) -> int:
        """Return a UDP port of loopback that takes everything, counted."""
        return self._do(self._swallow())

    @property
    def bytes(self) -> int:
        """How many bytes passed so far."""
        return self._do(self._count())

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _serve(self, port: int) -> int:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sock = socket.fromfd(writer.get_extra_info("socket").fileno(), 2, socket.SOCK_STREAM)
            self._open.add(sock)
            try:
                behind = await asyncio.open_connection(LOOPBACK, port)
                await asyncio.gather(_pump(reader, behind[1]), _pump(behind[0], writer))
            except OSError:
                writer.close()
            finally:
                self._open.discard(sock)
                self._passed += _passed(sock)
                sock.close()

        listening = socket.create_server((LOOPBACK, 0))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, ETHERNET_MSS)
        await asyncio.start_server(connected, sock=listening)
        found: int = listening.getsockname()[1]
        return found

    async def _swallow(self) -> int:
        meter = self

        class Datagrams(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _addr: object) -> None:
                meter._passed += len(data) + UDP_HEADERS

        transport, _ = await self._loop.create_datagram_endpoint(
            Datagrams, local_addr=(LOOPBACK, 0)
        )
        port: int = transport.get_extra_info("sockname")[1]
        return port

    async def _count(self) -> int:
        return self._passed + sum(_passed(sock) for sock in self._open)

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _passed(sock: socket.socket) -> int:
    with suppress(OSError):
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        acked, received, segments_out, segments_in = TCP_INFO.unpack_from(info, TCP_INFO_AT)
        return int(acked + received + TCP_HEADERS * (segments_out + segments_in))
    return 0


@contextmanager
def metering() -> Iterator[Meter]:
    """Give a meter for the length of the block."""
    meter = Meter()
    thread = threading.Thread(target=meter._loop.run_forever, name="meter", daemon=True)
    thread.start()
    try:
        yield meter
    finally:
        meter._do(meter._end())
        meter._loop.call_soon_threadsafe(meter._loop.stop)
        thread.join(10)
        meter._loop.close()
