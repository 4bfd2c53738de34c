"""One connection to a projector: lines in, lines out, each with an end to the waiting."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from agent.clients.stream import Fault, Resolve, Stopwatch, Stream, connected
from agent.devices.faults import NO_NAME
from agent.devices.pjlink.answers import DENIED, NOTICES, parsed
from agent.devices.pjlink.faults import Busy, Closed, Denied, Garbage, Gone, Silent
from core.errors import TargetUnreachable
from core.names import NotResolved

PORT: Final = 4352

NO_WAY: Final = (errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EACCES)
"""This machine has no network, or may not use it."""

MOST_BYTES: Final = 1_024
"""Of one line. The specification ends at 136, and NUL bytes are not counted."""

MOST_LINES: Final = 32
"""Between a question and its answer: what a projector tells by itself, or nonsense."""

GRACE_S: Final = 0.5
"""For the answer of the class that was asked, after one of the other class came.

Such a line may be told by itself (`%2POWR=1`), or be the answer of one that is wrong by a digit.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """Four letters that are asked in one of the classes: `%1POWR ?`."""

    body: str
    version: str = "1"
    about: str = ""

    @property
    def line(self) -> bytes:
        """Return the question as it travels."""
        return f"%{self.version}{self.body} ?{self.about}\r".encode()


@dataclass(slots=True)
class Habits:
    """What was learnt of a projector.

    It knows no `PJLINK 2`; it closes after each answer; it answers with the other class.
    """

    only_md5: bool = False
    closes: bool = False
    other_class: bool = False


@dataclass(slots=True)
class Link:
    """An open connection; `prefix` goes before the next question, once."""

    stream: Stream
    reply_s: float
    habits: Habits
    prefix: bytes = b""
    answered: int = 0
    _pending: bytearray = field(default_factory=bytearray)

    async def greeting(self) -> bytes:
        """Return the first line; raises Busy where none comes, Garbage."""
        try:
            return await self.next_line()
        except (Closed, Silent):
            raise Busy from None

    async def next_line(self) -> bytes:
        """Return the next line; raises Closed, Silent, Garbage."""
        try:
            async with asyncio.timeout(self.reply_s):
                return await self._line()
        except TimeoutError:
            raise Silent from None

    async def send(self, line: bytes) -> None:
        """Send *line*; raises Closed."""
        try:
            self.stream.writer.write(line)
            await self.stream.writer.drain()
        except OSError:
            raise Closed from None

    async def ask(self, question: Question) -> bytes:
        """Return the value that answers *question*; raises Denied, Closed, Silent, Garbage.

        Lines about anything else are what the projector tells by itself, or an answer that was
        waited for in vain before; they are passed over.
        """
        prefix, self.prefix = self.prefix, b""
        perhaps: list[bytes] = []
        noise: list[bytes] = []
        try:
            async with asyncio.timeout(self.reply_s) as limit:
                await self.send(prefix + question.line)
                value = await self._answer(question, perhaps, noise, limit)
        except (TimeoutError, Closed) as error:
            if not perhaps:
                self._give_up(error, noise)
            value = perhaps[-1]
            self.habits.other_class |= question.body not in NOTICES
        self.answered += 1
        return value

    async def _answer(
        self,
        question: Question,
        perhaps: list[bytes],
        noise: list[bytes],
        limit: asyncio.Timeout,
    ) -> bytes:
        for _ in range(MOST_LINES):
            line = await self._line()
            said = parsed(line)
            if line.strip().upper() == DENIED:
                raise Denied
            if said is None:
                noise.append(line)
            elif said.body == question.body and (
                said.version == question.version or self.habits.other_class
            ):
                return said.value
            elif said.body == question.body:
                perhaps.append(said.value)
                end = asyncio.get_running_loop().time() + GRACE_S
                limit.reschedule(min(limit.when() or end, end))
        raise Garbage

    def _give_up(self, error: Exception, noise: list[bytes]) -> None:
        if noise:
            raise Garbage from None
        raise (error if isinstance(error, Closed) else Silent()) from None

    async def _line(self) -> bytes:
        """Return the next line that is not empty, without NUL bytes, which pad those of some."""
        while True:
            line, end, rest = self._pending.replace(b"\n", b"\r").partition(b"\r")
            if end:
                self._pending = rest
                if line.strip():
                    return bytes(line)
                continue
            if len(self._pending) > MOST_BYTES:
                raise Garbage
            try:
                more = await self.stream.reader.read(MOST_BYTES)
            except OSError:
                raise Closed from None
            if not more:
                raise Closed
            self._pending += more.replace(b"\0", b"")


@asynccontextmanager
async def opened(
    host: str,
    port: int,
    *,
    resolve: Resolve,
    connect_s: float,
    reply_s: float,
    watch: Stopwatch,
    habits: Habits,
) -> AsyncIterator[Link]:
    """Open a connection, which is gone afterwards however it ended.

    Raises Gone; where the fault is on this side NotResolved (no such name), OSError (no way out).
    """
    async with AsyncExitStack() as stack:
        opening = connected(
            host, port, resolve=resolve, timeout_s=connect_s, context=None, watch=watch
        )
        try:
            async with asyncio.timeout(connect_s):
                stream = await stack.enter_async_context(opening)
        except TimeoutError:
            raise Gone(f"{host}: TCP port {port} does not answer") from None
        except Fault as fault:
            raise _unreachable(host, port, fault) from None
        yield Link(stream, reply_s, habits)


def _unreachable(host: str, port: int, fault: Fault) -> TargetUnreachable | OSError:
    if fault.verdict == "connect_refused":
        return Gone(f"{host}: refuses TCP port {port}", refused=True)
    text = f"{host}: TCP port {port}: {str(fault) or fault.verdict}"
    if fault.verdict in NO_NAME:
        return NotResolved(text)
    # No way there from here: the fault is on this side. EHOSTUNREACH is not, nobody is there.
    return OSError(fault.number, text) if fault.number in NO_WAY else Gone(text)
