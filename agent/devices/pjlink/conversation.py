"""Questions to one projector, over one connection or several; the password proven on each.

A projector that closes after each answer is noticed and gets a connection for each question.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Literal, Self

from agent.clients.stream import Resolve, Stopwatch
from agent.devices.pjlink.answers import DENIED, OPEN, random_2_of, random_of
from agent.devices.pjlink.auth import md5_prefix, sha256_prefix
from agent.devices.pjlink.faults import Busy, Closed, Denied, Garbage, Silent
from agent.devices.pjlink.link import Habits, Link, Question, opened

Way = Literal["learn", "md5", "sha256"]
"""How the password is proven; `learn` tries SHA-256 and falls back to MD5."""

AGAIN_S: Final = 0.3
"""Before a new connection: many have one place for a client, and free it slowly."""

CLOSINGS: Final = 2
"""Connections in a row that ended after one answer, until each question gets its own."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where a projector is and how it is entered."""

    host: str
    port: int
    password: str = field(repr=False)
    way: Way
    connect_s: float
    reply_s: float
    resolve: Resolve
    random: Callable[[int], str] = secrets.token_hex


@dataclass(slots=True)
class Conversation:
    """`async with` it; it lets go of its connection at the end. Raises as `ask` does."""

    door: Door
    habits: Habits
    answer_ms: float | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _link: Link | None = None
    _closings: int = 0
    _opened: int = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._drop()

    async def ask(self, question: Question) -> bytes:
        """Return the answer of the projector, asked again once where it closes before it.

        Raises Gone, TargetUnreachable, Busy, Denied, Closed, Silent, Garbage.
        """
        try:
            return await self._ask(question)
        except Closed:
            return await self._ask(question)

    async def _ask(self, question: Question) -> bytes:
        link = self._link or await self._open()
        try:
            value = await link.ask(question)
        except Closed:
            self._closings = self._closings + 1 if link.answered == 1 else 0
            self.habits.closes |= self._closings >= CLOSINGS
            await self._drop()
            raise
        if self.habits.closes:
            await self._drop()
        return value

    async def _open(self) -> Link:
        if self._opened:
            await asyncio.sleep(AGAIN_S)
        self._opened += 1
        try:
            self._link = await self._stack.enter_async_context(self._entered())
        except Busy:
            if self._opened > 1:
                raise
            return await self._open()
        return self._link

    async def _drop(self) -> None:
        self._link = None
        await self._stack.aclose()

    @asynccontextmanager
    async def _entered(self) -> AsyncIterator[Link]:
        async with self._greeted() as (link, random):
            if random is None or await self._proven(link, random):
                yield link
                return
        # It does not know `PJLINK 2`, which may have spoilt the connection (v2.10 §5.1).
        await asyncio.sleep(AGAIN_S)
        async with self._greeted() as (link, random):
            if random is not None:
                link.prefix = md5_prefix(random, self.door.password)
            yield link
            self.habits.only_md5 |= link.answered > 0

    @asynccontextmanager
    async def _greeted(self) -> AsyncIterator[tuple[Link, bytes | None]]:
        door, watch = self.door, Stopwatch()
        async with opened(
            door.host,
            door.port,
            resolve=door.resolve,
            connect_s=door.connect_s,
            reply_s=door.reply_s,
            watch=watch,
            habits=self.habits,
        ) as link:
            greeting = await link.greeting()
            if self.answer_ms is None:
                self.answer_ms = round(watch.total_ms(), 1)
            random = random_of(greeting)
            if random is None and (word := greeting.strip().upper()) != OPEN:
                raise Denied if word == DENIED else Garbage
            yield link, random

    async def _proven(self, link: Link, random: bytes) -> bool:
        """Give *link* its prefix; False where the projector has to be asked by MD5 instead."""
        door = self.door
        if not door.password:
            raise Denied
        if door.way == "md5" or (door.way == "learn" and self.habits.only_md5):
            link.prefix = md5_prefix(random, door.password)
            return True
        try:
            await link.send(b"PJLINK 2\r")
            theirs = random_2_of(await link.next_line())
        except (Closed, Silent, Garbage):
            theirs = None
        if theirs:
            link.prefix = sha256_prefix(theirs, door.random(16).encode(), door.password)
        elif door.way == "sha256":
            raise Denied
        return theirs is not None
