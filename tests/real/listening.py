"""A listener that keeps what it heard, and sessions that end with their block."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from core.mqtt import Broker, Connected, Message, Session
from tests.waiting import until


@dataclass
class Heard:
    """What a session told, in order."""

    connects: list[Connected] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    acks: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    async def until_connects(self, count: int) -> None:
        await until(lambda: len(self.connects) >= count)

    async def until_messages(self, count: int) -> None:
        await until(lambda: len(self.messages) >= count)

    def connected(self, connected: Connected, /) -> None:
        self.connects.append(connected)

    def disconnected(self, reason: str, /) -> None:
        self.losses.append(reason)

    def received(self, message: Message, /) -> None:
        self.messages.append(message)

    def acknowledged(self, mid: int, reason_code: int, reason: str, /) -> None:
        self.acks.append((mid, reason_code, reason))


@asynccontextmanager
async def session(
    broker: Broker, client_id: str, listener: Any, **options: Any
) -> AsyncIterator[Session]:
    """Run a session for the length of the block; it comes back within 0.2 s."""
    made = Session(broker, client_id, listener, **{"reconnect_within_s": 0.2, **options})
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        await made.close()
        await task
