"""A device that is described by a file: what it is asked, and what its answers mean.

docs/templates.md tells how to write one; agent/devices/templates.py finds and checks them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Protocol

from msgspec import Meta, Struct

from agent.devices.base import Silence
from agent.devices.bytepattern import BytePattern, pattern
from agent.devices.meanings import Meaning
from agent.devices.texts import decoded
from core.errors import ConfigError
from core.hints import hint, quoted

LONGEST_LINE: Final = 512
"""Characters of a line that is looked at; what is longer is none of ours."""

Form = Literal["hex", "text", "number", "signed", "little"]
Forms = Annotated[
    dict[str, Form],
    Meta(description='a table as { power = "text" }: "hex", "text", "number", "signed", "little"'),
]
Seconds = Annotated[float, Meta(ge=0.1, le=30)]
Parameters = Annotated[
    dict[str, Annotated[str, Meta(pattern=r"\A[0-9A-Fa-f]{2}( ?[0-9A-Fa-f]{2})*\Z")]],
    Meta(description='a table of bytes in hexadecimal, as { id = "01" }'),
]


class Login(Struct, frozen=True, kw_only=True):
    """How a text connection asks for a password; an empty prompt: it never does."""

    prompt: str = ""
    accepted: str = ""
    wait_s: Annotated[float, Meta(ge=0.1, le=10)] = 1.0
    """It may come without being asked; after so long nobody asks for one."""


class QuestionFile(Struct, frozen=True, kw_only=True):
    """One question and its answer: as bytes, or with `_text` as lines."""

    send: str = ""
    send_text: str = ""
    answer: str = ""
    answer_text: str = ""
    refused: str = ""
    refused_text: str = ""
    optional: bool = False
    forms: Forms = {}


class TemplateFile(Struct, frozen=True, kw_only=True):
    """The file as it is written."""

    kind: Literal["template"] = "template"
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    source: Annotated[str, Meta(min_length=1)]
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    timeout_s: Seconds = 2.0
    gap_s: Annotated[float, Meta(ge=0, le=5)] = 0.0
    line_end: Annotated[str, Meta(min_length=1, max_length=8)] = "\r\n"
    silence: Silence = "unreachable"
    parameters: Parameters = {}
    login: Login = Login()
    questions: tuple[QuestionFile, ...]
    meanings: tuple[Meaning, ...] = ()


class Answering(Protocol):
    """Finds an answer in what came."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is captured."""

    def search(self, data: bytes) -> tuple[Mapping[str, bytes | str], int] | None:
        """Return the captures and where the answer ends, or None while there is none."""


@dataclass(frozen=True, slots=True)
class Line:
    """An answer that is a whole line; other lines are told by the device without being asked."""

    regex: re.Pattern[str]
    end: bytes

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its groups."""
        return tuple(self.regex.groupindex)

    def search(self, data: bytes) -> tuple[Mapping[str, bytes | str], int] | None:
        """Return the groups of the first line that fits, and where the line ends."""
        at = 0
        while (to := data.find(self.end, at)) >= 0:
            line = decoded(data[at:to]).strip("\r\n") if to - at <= LONGEST_LINE else ""
            at = to + len(self.end)
            if match := self.regex.fullmatch(line):
                return {name: text or "" for name, text in match.groupdict().items()}, at
        return None


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent, and what may come of it."""

    send: bytes
    answer: Answering
    refused: Answering | None
    optional: bool
    forms: Mapping[str, Form]


@dataclass(frozen=True, slots=True)
class Template:
    """A device, ready to be asked."""

    file: TemplateFile
    questions: tuple[Question, ...]


def template_of(file: TemplateFile, parameters: Mapping[str, str]) -> Template:
    """Return *file* as a device with *parameters* is asked; raises ConfigError."""
    for name in parameters:
        if name not in file.parameters:
            known = ", ".join(file.parameters) or "none"
            near = hint(name, file.parameters) or f"; there are {known}"
            raise ConfigError(f"parameters: the template has no {quoted(name)}{near}")
    given = {name: bytes.fromhex(text) for name, text in {**file.parameters, **parameters}.items()}
    return Template(file, tuple(_question(one, file, given) for one in file.questions))


def _question(one: QuestionFile, file: TemplateFile, given: Mapping[str, bytes]) -> Question:
    send = pattern(one.send, given).frame() if one.send else one.send_text.encode()
    answer = answering(one.answer, one.answer_text, file, given)
    refused = (
        answering(one.refused, one.refused_text, file, given)
        if one.refused or one.refused_text
        else None
    )
    return Question(send, answer, refused, one.optional, one.forms)


def answering(
    frame: str, text: str, file: TemplateFile, given: Mapping[str, bytes]
) -> BytePattern | Line:
    """Return what finds an answer that is a *frame* or else a *text*; raises ValueError."""
    if frame:
        return pattern(frame, given)
    try:
        return Line(re.compile(text), file.line_end.encode())
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
