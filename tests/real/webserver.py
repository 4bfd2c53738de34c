"""A web server on loopback that answers as it is told to, down to the single byte."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ASKED_END = b"\r\n\r\n"


@asynccontextmanager
async def web_server(
    handler: Handler, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """Serve each connection by *handler*, which is cancelled at the end; yields the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.transport.abort()

    def started(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(started, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def page(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answers(data: bytes) -> Handler:
    """Send *data* once the question is there, and end the connection in good order."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(ASKED_END)
        writer.write(data)
        writer.write_eof() if writer.can_write_eof() else writer.close()
        await reader.read()

    return handler


def byte_by_byte(data: bytes, pause_s: float) -> Handler:
    """Send *data* one byte at a time."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(ASKED_END)
        for number in range(len(data)):
            writer.write(data[number : number + 1])
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.close()

    return handler


def without_end(beginning: bytes, again: bytes) -> Handler:
    """Send *beginning* and then *again*, for ever."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(ASKED_END)
        writer.write(beginning)
        while True:
            writer.write(again)
            await writer.drain()

    return handler


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Take the connection and the question, and say nothing."""
    while await reader.read(4096):
        pass


async def farewell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the connection and end it."""
    writer.close()


def reset_after(data: bytes) -> Handler:
    """Send *data* once the question is there, and break the connection with a RST."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(ASKED_END)
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.05)  # a RST overtakes what was not read yet
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return handler


@contextmanager
def deaf_port() -> Iterator[int]:
    """Give a port whose SYNs are answered by nothing: its queue is full, and nobody takes out."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        try:
            for sock in waiting:
                sock.setblocking(False)
                sock.connect_ex(listening.getsockname())
            yield listening.getsockname()[1]
        finally:
            for sock in waiting:
                sock.close()


def closed_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
