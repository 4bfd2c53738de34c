"""What the watchdog does each minute: publish a canary, and ask the collector whether it came."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

from collector import canary
from core import clock, lineprotocol, topics
from core.errors import NotConnected
from core.mqtt import Broker, Connected, Message, Session
from core.mqtt.reasons import REFUSED
from core.types import Reading

WAIT_S: Final = 20.0
"""For one canary to come round: batches of others may be before it."""
LOOK_S: Final = 0.5
ANSWER_S: Final = 5.0

_log = logging.getLogger(__name__)


class _Answer(msgspec.Struct):
    """What `/api/v1/canary` says."""

    number: int
    stored: int
    problem: str = ""
    audit_problem: str = ""


@dataclass(slots=True)
class Publisher:
    """The watchdog's own connection to the broker; `up` is what is known of it."""

    broker: Broker
    region: str
    up: bool = False
    why: str = "not connected yet"
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        name = str(canary.identity(self.region))
        self.session = Session(self.broker, name, self, reconnect_within_s=1)

    def publish(self, number: int, at: int) -> None:
        """Send a canary; raises NotConnected."""
        who = canary.identity(self.region)
        line = lineprotocol.encode(Reading(canary.MEASUREMENT, {canary.FIELD: number}, at))
        self.session.publish(topics.topic(who, "readings"), line + b"\n")

    # What the session tells.

    def connected(self, _connected: Connected, /) -> None:
        """Hear that the broker is there."""
        self.up = True

    def disconnected(self, reason: str, /) -> None:
        """Hear that it is not."""
        self.up, self.why = False, reason

    def received(self, _message: Message, /) -> None:
        """Leave out what nobody asked for."""

    def acknowledged(self, _mid: int, reason_code: int, reason: str, /) -> None:
        """Hear what the broker says to a canary: a refusal is why it does not come."""
        if reason_code >= REFUSED:
            _log.error("the broker refuses the canary (%s, 0x%02x)", reason, reason_code)


@dataclass(slots=True)
class Round:
    """One canary from here through the whole way and back."""

    publisher: Publisher
    url: str
    now: clock.Clock = clock.now
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def failure(self) -> str:
        """Return why a new canary did not come round, an empty string where it did."""
        await self._connected()
        number = self.now()  # no other canary has it, also after a restart
        try:
            self.publisher.publish(number, number)
        except NotConnected:
            return f"the broker cannot be reached: {self.publisher.why}"
        why = "the collector did not answer"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S), self._client() as client:
                while why := await self._missing(client, number):
                    await self.sleep(LOOK_S)
        return why

    async def _connected(self) -> None:
        """Give the connection a moment, at the start and after a loss."""
        for _ in range(int(ANSWER_S / LOOK_S)):
            if self.publisher.up:
                return
            await self.sleep(LOOK_S)

    async def audit(self) -> str | None:
        """Return why the audit log cannot be written, "" where it can; None without an answer."""
        async with self._client() as client:
            answer = await self._answer(client)
        return None if isinstance(answer, str) else answer.audit_problem

    async def _missing(self, client: aiohttp.ClientSession, number: int) -> str:
        answer = await self._answer(client)
        if isinstance(answer, str):
            return answer
        if answer.number != number:
            return answer.problem or "the canary did not come through the collector's rules"
        if answer.stored != number:
            return answer.problem or "the canary cannot be read back from the store"
        return ""

    async def _answer(self, client: aiohttp.ClientSession) -> _Answer | str:
        """Return what the collector says; why not, in words, where it says nothing."""
        try:
            async with client.get(f"{self.url}/api/v1/canary") as response:
                if response.status != 200:
                    return f"the collector answers with {response.status}"
                return msgspec.json.decode(await response.read(), type=_Answer)
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            return f"the collector does not answer: {str(error) or type(error).__name__}"

    @staticmethod
    def _client() -> Any:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S))
