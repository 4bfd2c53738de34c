"""Asks a device by its template over an open connection, and cuts off what is no answer in time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.clients.stream import Stream
from agent.devices.bytetemplate import Form, Question, Template
from agent.devices.texts import decoded
from core import clock

MOST_BYTES: Final = 8192
"""Taken in for one answer, with all that comes beside it."""

WORDS: Final = {"silent": "no_answer", "garbled": "garbage", "denied": "credentials"}


class NoAnswer(Exception):
    """No answer that can be understood: `silent`, `garbled` or `denied`."""

    def __init__(self, how: str, text: str) -> None:
        super().__init__(text)
        self.how = how

    @property
    def cause(self) -> str:
        """Return the word of `core.causes`."""
        return WORDS[self.how]


@dataclass(slots=True)
class Told:
    """What a device told, as far as it went."""

    captured: dict[str, object] = field(default_factory=dict)
    answers: int = 0
    answer_ms: float = 0.0


@dataclass(slots=True)
class Conversation:
    """One connection to one device."""

    stream: Stream
    template: Template
    timeout_s: float
    monotonic: clock.Monotonic = clock.monotonic
    _came: bytearray = field(default_factory=bytearray)

    async def hold(self, told: Told, password: str) -> None:
        """Ask everything into *told*; raises NoAnswer at the first question without one."""
        if self.template.file.login.prompt:
            await self._log_in(password)
        for number, question in enumerate(self.template.questions):
            if number and self.template.file.gap_s:
                await asyncio.sleep(self.template.file.gap_s)
            try:
                await self._ask(question, told)
            except NoAnswer:
                if not question.optional:
                    raise

    async def _ask(self, question: Question, told: Told) -> None:
        self._came.clear()  # told without being asked, or an answer that came too late
        began = self.monotonic()
        try:
            async with asyncio.timeout(self.timeout_s):
                self.stream.writer.write(question.send)
                await self.stream.writer.drain()
                captured = await self._answer(question)
        except TimeoutError:
            raise self._nothing(f"no answer within {self.timeout_s:g} s") from None
        except OSError as error:
            raise self._nothing(str(error)) from None
        if not told.answers:
            told.answer_ms = 1000 * (self.monotonic() - began)
        told.answers += 1
        told.captured |= {
            name: formed(value, question.forms.get(name, "hex")) for name, value in captured.items()
        }

    async def _answer(self, question: Question) -> Mapping[str, bytes | str]:
        while True:
            data = bytes(self._came)
            if found := question.answer.search(data):
                return found[0]
            if question.refused and question.refused.search(data):
                return {}
            await self._more()

    async def _more(self) -> None:
        data = await self.stream.reader.read(1024)
        if not data:
            raise self._nothing("closed the connection without an answer")
        self._came += data
        if len(self._came) > MOST_BYTES:
            raise NoAnswer("garbled", f"no answer within {MOST_BYTES} bytes")

    def _nothing(self, text: str) -> NoAnswer:
        return NoAnswer("garbled" if self._came else "silent", text)

    async def _log_in(self, password: str) -> None:
        login = self.template.file.login
        if not await self._seen(login.wait_s, login.prompt):
            return
        if not password:
            raise NoAnswer("denied", "asks for a password, and there is none")
        self._came.clear()
        try:
            self.stream.writer.write(password.encode() + b"\r")
            await self.stream.writer.drain()
        except OSError as error:
            raise NoAnswer("silent", str(error)) from None
        if not await self._seen(self.timeout_s, login.accepted, login.prompt):
            raise NoAnswer("denied", "did not say that it takes the password")
        if login.accepted.encode() not in self._came:
            raise NoAnswer("denied", "does not take the password")

    async def _seen(self, wait_s: float, *texts: str) -> bool:
        """Wait until one of *texts* is there; False where none comes."""
        try:
            async with asyncio.timeout(wait_s):
                while not any(text.encode() in self._came for text in texts):
                    await self._more()
        except TimeoutError:
            return False
        except OSError as error:
            raise self._nothing(str(error)) from None
        return True


def formed(value: bytes | str, form: Form) -> object:
    """Return captured bytes as the template reads them; what was a line is text already."""
    if isinstance(value, str):
        return value
    if form == "text":
        return decoded(value).strip(" \0")
    if form == "hex":
        return value.hex().upper()
    return int.from_bytes(value, "little" if form == "little" else "big", signed=form == "signed")
