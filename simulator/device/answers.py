"""What a device answers that is played from its template: a captured value for each hole."""

import re
from collections.abc import Mapping
from typing import Final

from agent.devices.bytepattern import BytePattern
from agent.devices.bytetemplate import Form, Line, Question, Template
from agent.devices.meanings import STATE
from core.errors import ConfigError

_ESCAPED: Final = re.compile(r"\\(.)")


def usual(template: Template) -> dict[str, str]:
    """Return a value for each capture: what means ready, else the first of its map, else 0."""
    values: dict[str, str] = {}
    for meaning in sorted(template.file.meanings, key=lambda one: one.field != STATE):
        table = meaning.map
        ready = next((value for value, made in table.items() if made == "ready"), "")
        values.setdefault(meaning.of, ready or next(iter(table), ""))
    return values


def answer_of(template: Template, question: Question, values: Mapping[str, str]) -> bytes:
    """Return the answer to *question*; raises ConfigError for a value that does not fit."""
    if isinstance(question.answer, BytePattern):
        forms = question.forms
        return question.answer.frame(
            {
                piece.name: _bytes(piece.name, values, forms.get(piece.name, "hex"), piece.length)
                for piece in question.answer.pieces
                if piece.name
            }
        )
    assert isinstance(question.answer, Line)
    text = _line(question.answer.regex, values)
    if not question.answer.regex.fullmatch(text):
        raise ConfigError(f"{text!r} is no answer that fits {question.answer.regex.pattern!r}")
    return (text + template.file.line_end).encode()


def _bytes(name: str, values: Mapping[str, str], form: Form, length: int) -> bytes:
    text = values.get(name, "")
    try:
        if form == "hex":
            made = bytes.fromhex(text)
        elif form == "text":
            made = text.encode()
        else:
            order = "little" if form == "little" else "big"
            made = int(text or "0").to_bytes(length, order, signed=form == "signed")  # type: ignore[arg-type]
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{name}: {text!r} does not fit {form} of {length} bytes") from error
    if len(made) > length:
        raise ConfigError(f"{name}: {text!r} is longer than {length} bytes")
    return made


def _line(regex: re.Pattern[str], values: Mapping[str, str]) -> str:
    """Return the line of *regex* with its groups filled in; the rest of it has to be plain."""
    text, rest = "", regex.pattern
    while (begin := rest.find("(?P<")) >= 0:
        text += _ESCAPED.sub(r"\1", rest[:begin])
        name, _, rest = rest[begin + 4 :].partition(">")
        depth, at = 1, 0
        while at < len(rest) and depth:
            step = 2 if rest[at] == "\\" else 1
            depth += {"(": 1, ")": -1}.get(rest[at], 0)
            at += step
        rest = rest[at:]
        text += values.get(name) or "0"
    return text + _ESCAPED.sub(r"\1", rest)
