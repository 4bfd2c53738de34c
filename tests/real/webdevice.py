"""The small web server of a device: each whole question, body included, goes to a function."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tests.real.webserver import Handler


@dataclass(frozen=True)
class Asked:
    head: str
    body: str

    @property
    def line(self) -> str:
        return self.head.split("\r\n")[0]

    def header(self, name: str) -> str:
        lines = (line.partition(": ") for line in self.head.split("\r\n")[1:])
        return next((value for key, _, value in lines if key.lower() == name), "")


def responding(respond: Callable[[Asked], bytes]) -> Handler:
    """Answer each question with what *respond* gives for it."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(Asked(head, "").header("content-length") or 0)
        body = (await reader.readexactly(length)).decode()
        writer.write(respond(Asked(head, body)))
        writer.write_eof()
        await reader.read()

    return handler
