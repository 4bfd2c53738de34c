"""A device on loopback that answers bytes with bytes, as a case says."""

import asyncio
from collections.abc import Sequence

from tests.real.webserver import Handler

Exchanges = Sequence[tuple[bytes, bytes]]


def playing(exchanges: Exchanges, greeting: bytes = b"") -> Handler:
    """Say *greeting*, then answer each question of *exchanges* once it is whole; nothing else."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        asked = b""
        while data := await reader.read(1024):
            asked += data
            for question, answer in exchanges:
                if asked == question:
                    writer.write(answer)
                    asked = b""
                    break

    return handler


def saying(data: bytes, pause_s: float = 0.0) -> Handler:
    """Answer whatever comes first with *data*, byte by byte where there is a pause."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        step = 1 if pause_s else len(data) or 1
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
            await writer.drain()
            await asyncio.sleep(pause_s)
        await reader.read()

    return handler


def flooding(data: bytes) -> Handler:
    """Send *data* without end."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(data)
            await writer.drain()

    return handler


def answering_and_ending(answer: bytes) -> Handler:
    """Answer, and close the own half of the connection with it."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(answer)
        writer.write_eof()
        await reader.read()

    return handler
