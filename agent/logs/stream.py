"""Syslog over TCP (RFC 6587): octets counted, or a line at a time; from known addresses only."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from agent.listenat import endpoint
from agent.logs.line import MOST_BYTES
from agent.onchange import OnChange

_log = logging.getLogger(__name__)

AGAIN_S: Final = 60.0
MOST_CONNECTIONS: Final = 64
QUIET_S: Final = 3_600.0
"""A connection on which nothing comes for so long is closed; the device opens another."""
REST_S: Final = 0.05
LINES_AT_ONCE: Final = 50

Take = Callable[[bytes, str], bool]
"""Hears a line and who sent it; False for a stranger."""


async def read_frames(
    reader: asyncio.StreamReader, take: Callable[[bytes], bool], spoiled: Callable[[], None]
) -> None:
    """Give each line of *reader* to *take*, until that returns False or the stream is none.

    RFC 6587 section 3.4.1 (a length before each) and 3.4.2 (a newline after each): which it is
    tells the first byte, since a line begins with `<`. *spoiled* hears of a line that was cut off,
    or whose length is no number: what follows cannot be told apart any more.
    """
    count = 0
    while True:
        first = await reader.read(1)
        if not first:
            return
        if first in b"\n\r\0 ":
            continue
        try:
            line = await (_counted(reader, first) if first.isdigit() else _ended(reader, first))
        except (asyncio.IncompleteReadError, ConnectionError):
            line = None
        if line is None:
            spoiled()
            return
        if not take(line):
            return
        count += 1
        if not count % LINES_AT_ONCE:
            await asyncio.sleep(REST_S)


async def _counted(reader: asyncio.StreamReader, first: bytes) -> bytes | None:
    digits = first
    while (more := await reader.readexactly(1)) != b" ":
        digits += more
        if not digits.isdigit() or len(digits) > 6:
            return None
    length = int(digits)
    line = await reader.readexactly(min(length, MOST_BYTES))
    left = length - len(line)
    while left > 0:  # longer than is read
        left -= len(await reader.readexactly(min(left, MOST_BYTES)))
    return line


async def _ended(reader: asyncio.StreamReader, first: bytes) -> bytes:
    """Return a line up to its newline, or up to the end: some devices close after each."""
    line = first
    while True:
        try:
            line += await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            line += end.partial
        except asyncio.LimitOverrunError as over:  # longer than is read
            line = (line + await reader.readexactly(over.consumed))[:MOST_BYTES]
            continue
        return line[:MOST_BYTES]


@dataclass(slots=True)
class Stream:
    """Listens at *place* until cancelled; "" for nowhere."""

    take: Take
    spoiled: Callable[[str], None]
    is_known: Callable[[str], bool]
    place: str = ""
    again_s: float = AGAIN_S
    _state: OnChange = field(default_factory=lambda: OnChange(_log))
    _open: int = 0

    async def run(self) -> None:
        """Listen; a port that cannot be had is said once, and tried again."""
        if not self.place:
            return
        while True:
            try:
                family, (host, port) = endpoint(self.place)
                server = await asyncio.start_server(
                    self._serve, host, port, family=family, limit=MOST_BYTES
                )
            except OSError as error:
                why = f"logs: cannot listen at {self.place}: {error.strerror or error}"
                self._state.broke("logs", why)
                await asyncio.sleep(self.again_s)
                continue
            self._state.well("logs")
            async with server:
                await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: Any = writer.get_extra_info("peername")
        self._open += 1
        try:
            if self._open <= MOST_CONNECTIONS and peer and self.is_known(peer[0]):
                with suppress(OSError, TimeoutError):
                    async with asyncio.timeout(QUIET_S) as quiet:
                        await read_frames(
                            reader,
                            lambda line: self._took(line, peer[0], quiet),
                            lambda: self.spoiled(peer[0]),
                        )
        finally:
            self._open -= 1
            writer.close()

    def _took(self, line: bytes, sender: str, quiet: asyncio.Timeout) -> bool:
        quiet.reschedule(asyncio.get_running_loop().time() + QUIET_S)
        return self.take(line, sender)
