"""One projector: what to ask it this time, what was learnt of it, and how it is.

Asked one question at a time over one connection at a time, whoever asks: some stop answering, for
good, when two programs ask at once, or one asks too often with a password.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from agent.devices.base import Sighting
from agent.devices.pjlink.answers import (
    UNDEFINED,
    Power,
    class_of,
    hours_of,
    input_of,
    input_words,
    lamp_hours_of,
    power_of,
    refused,
)
from agent.devices.pjlink.conversation import AGAIN_S, Conversation, Door
from agent.devices.pjlink.faults import Busy, Closed, Garbage, Gone, Silent
from agent.devices.pjlink.link import Habits, Question
from agent.devices.pjlink.text import Coding, text_of
from agent.devices.pjlink.verdict import BURNS, GARBAGE, Before, judged
from core import clock
from core.types import Value

DETAILS: Final = ("CLSS", "INF1", "INF2", "NAME", "LAMP")
DETAILS_2: Final = ("FILT", "SVER")
"""Asked only where CLSS said 2."""


@dataclass(slots=True, weakref_slot=True)
class Turn:
    """`async with` it: one conversation at a time, and a pause between two."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ended: float = 0.0

    async def __aenter__(self) -> None:
        await self.lock.acquire()
        try:
            await asyncio.sleep(self.ended + AGAIN_S - clock.monotonic())
        except BaseException:
            self.lock.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self.ended = clock.monotonic()
        self.lock.release()


_turns: WeakValueDictionary[tuple[str, int], Turn] = WeakValueDictionary()


def turn_of(door: Door) -> Turn:
    """Return the turn of the projector behind *door*: two drivers may be configured for one."""
    return _turns.setdefault((door.host, door.port), Turn())


@dataclass(slots=True)
class Known:
    """What is known of a projector from one look to the next; times are monotonic seconds."""

    habits: Habits = field(default_factory=Habits)
    version: int = 1
    fields: dict[str, Value] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    undefined: set[Question] = field(default_factory=set)
    details_at: float | None = None
    power: Power | None = None
    untold_since: float | None = None


@dataclass(slots=True)
class Projector:
    """Asks the projector behind `door`; `monotonic` gives seconds."""

    door: Door
    coding: Coding
    details_every_s: float
    most_s: float
    monotonic: Callable[[], float]
    known: Known = field(default_factory=Known)
    turn: Turn = field(init=False)

    def __post_init__(self) -> None:
        self.turn = turn_of(self.door)

    async def look(self) -> Sighting | None:
        """Return how it is; None where it greets and has answered nothing for too long.

        Raises Gone, TargetUnreachable, Busy, Denied.
        """
        said: dict[str, bytes] = {}
        async with self.turn, Conversation(self.door, self.known.habits) as talk:
            try:
                async with asyncio.timeout(self.most_s):
                    await self._ask_all(talk, said)
            except (Silent, Closed, TimeoutError):
                pass  # it is changing, or asleep: what it said holds
            except Garbage:
                if not said:
                    return GARBAGE
            except (Busy, Gone):  # it needed a second connection, and what it said holds
                if not said:
                    raise
            answer_ms = talk.answer_ms
        sighting = judged(said, self._before(said))
        if sighting is None:
            return None
        fields = {**self.known.fields, **sighting.fields, **self._input(said)}
        if answer_ms is not None:
            fields["answer_ms"] = answer_ms
        return Sighting(sighting.state, sighting.cause, fields)

    async def _ask_all(self, talk: Conversation, said: dict[str, bytes]) -> None:
        """Fill *said* in the order of what matters, since it may fall silent on the way."""
        power = power_of(await self._ask(talk, said, Question("POWR")) or b"")
        if power in BURNS and self.known.power not in BURNS:
            self.known.undefined.clear()  # some call undefined in standby what they know
            self.known.details_at = None
        await self._ask(talk, said, Question("ERST"))
        if power in BURNS:  # without a picture there is no input, and no mute
            await self._ask(talk, said, Question("AVMT"))
            await self._ask_input(talk, said)
        now, since = self.monotonic(), self.known.details_at
        if since is None or now - since >= self.details_every_s:
            self.known.details_at = now  # before: what it does not tell now is no hurry
            await self._ask_details(talk, said)

    async def _ask(
        self, talk: Conversation, said: dict[str, bytes], question: Question
    ) -> bytes | None:
        if question in self.known.undefined:
            return None
        said[question.body] = value = await talk.ask(question)
        if refused(value) == UNDEFINED and question.body != "POWR":
            self.known.undefined.add(question)
        return value

    async def _ask_input(self, talk: Conversation, said: dict[str, bytes]) -> None:
        second = self.known.version == 2
        value = await self._ask(talk, said, Question("INPT", "2" if second else "1"))
        code = input_of(value or b"")
        if second and code and code not in self.known.inputs:
            name = await self._ask(talk, said, Question("INNM", "2", code))
            if name and not refused(name):
                self.known.inputs[code] = text_of(name, self.coding)

    async def _ask_details(self, talk: Conversation, said: dict[str, bytes]) -> None:
        for body in DETAILS:
            await self._ask(talk, said, Question(body))
            self._learn(said)
        if self.known.version == 2:
            for body in DETAILS_2:
                await self._ask(talk, said, Question(body, "2"))
                self._learn(said)

    def _learn(self, said: dict[str, bytes]) -> None:
        self.known.version = class_of(said.get("CLSS", b"")) or self.known.version
        fields = self.known.fields
        hours = {
            "lamp_h": lamp_hours_of(said.get("LAMP", b"")),
            "filter_h": hours_of(said.get("FILT", b"")),
        }
        fields.update({name: value for name, value in hours.items() if value is not None})
        maker, model = (self._text(said, body) for body in ("INF1", "INF2"))
        whole = model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}"
        texts = {
            "model": whole.strip(),
            "name": self._text(said, "NAME"),
            "firmware": self._text(said, "SVER"),
        }
        fields.update({name: text for name, text in texts.items() if text})

    def _text(self, said: dict[str, bytes], body: str) -> str:
        value = said.get(body, b"")
        return "" if refused(value) else text_of(value, self.coding)

    def _input(self, said: dict[str, bytes]) -> dict[str, Value]:
        code = input_of(said.get("INPT", b""))
        return {"input": self.known.inputs.get(code) or input_words(code)} if code else {}

    def _before(self, said: dict[str, bytes]) -> Before:
        """Return what was before, and remember what is told now."""
        power, now = power_of(said.get("POWR", b"")), self.monotonic()
        if power:
            self.known.power, self.known.untold_since = power, None
            return Before(power)
        if self.known.untold_since is None:
            self.known.untold_since = now
        return Before(self.known.power, now - self.known.untold_since)
