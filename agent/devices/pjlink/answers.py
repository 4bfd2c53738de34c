"""What a projector says, from bytes to values; None for what it does not tell.

An answer is `%1POWR=0`: the class, four letters, a value. Some write it in small letters.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

Power = Literal["off", "on", "cooling", "warming"]

POWER: Final[dict[bytes, Power]] = {b"0": "off", b"1": "on", b"2": "cooling", b"3": "warming"}

PARTS: Final = ("fan", "lamp", "temperature", "cover", "filter", "other")
"""In the order of the digits of ERST; each is a word of `core.causes`."""

UNDEFINED: Final = b"ERR1"
UNAVAILABLE: Final = b"ERR3"
BROKEN: Final = b"ERR4"
REFUSALS: Final = frozenset({UNDEFINED, b"ERR2", UNAVAILABLE, BROKEN})

NOTICES: Final = frozenset({"LKUP", "ERST", "POWR", "INPT"})
"""What a projector of class 2 tells by itself, over UDP, and some over TCP."""

DENIED: Final = b"PJLINK ERRA"
OPEN: Final = b"PJLINK 0"

SOURCES: Final = {
    "1": "RGB",
    "2": "VIDEO",
    "3": "DIGITAL",
    "4": "STORAGE",
    "5": "NETWORK",
    "6": "INTERNAL",
}
"""First character of an input; 6 only in class 2."""

MOST_LAMPS: Final = 8

_LINE: Final = re.compile(rb"%([12])([A-Za-z0-9]{4})=(.*)", re.DOTALL)
_RANDOM: Final = re.compile(rb"PJLINK 1 ([0-9A-F]{8})", re.IGNORECASE)
_RANDOM_2: Final = re.compile(rb"PJLINK 2 ([0-9A-F]{32})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a projector: its class, its four letters (capitals), its value."""

    version: str
    body: str
    value: bytes


def parsed(line: bytes) -> Line | None:
    """Return the parts of *line*, which has lost its end; None where it is no answer."""
    found = _LINE.fullmatch(line.strip())
    if not found:
        return None
    version, body, value = found.groups()
    return Line(version.decode(), body.decode().upper(), value)


def random_of(greeting: bytes) -> bytes | None:
    """Return the eight digits of `PJLINK 1 498e4a67`; None where it is no such greeting."""
    found = _RANDOM.fullmatch(greeting.strip())
    return found and found[1]


def random_2_of(line: bytes) -> bytes | None:
    """Return the 32 digits of `PJLINK 2 …`; None where it is another answer."""
    found = _RANDOM_2.fullmatch(line.strip())
    return found and found[1]


def refused(value: bytes) -> bytes:
    """Return ERR1 … ERR4, or nothing where *value* is an answer."""
    word = value.strip().upper()
    return word if word in REFUSALS else b""


def power_of(value: bytes) -> Power | None:
    """Return what POWR tells."""
    return POWER.get(value.strip())


def muted_of(value: bytes) -> bool | None:
    """Return whether picture or sound are off, by AVMT (11, 21, 31 are; 10, 20, 30 are not)."""
    text = value.strip()
    return text[1:] == b"1" if text[:1] in (b"1", b"2", b"3") and text[1:] in (b"0", b"1") else None


def errors_of(value: bytes) -> dict[str, int] | None:
    """Return 1 (warning) or 2 (error) for each of PARTS that is not well, by ERST."""
    digits = value.strip()
    if not re.fullmatch(rb"[012]{6}", digits):
        return None
    return {part: int(chr(digit)) for part, digit in zip(PARTS, digits) if digit != ord("0")}


def lamp_hours_of(value: bytes) -> int | None:
    """Return the hours of the oldest lamp, by LAMP: pairs of hours and whether it burns."""
    words = value.split()
    if len(words) > 1 and (len(words) % 2 or len(words) > 2 * MOST_LAMPS):
        return None
    if not {*words[1::2]} <= {b"0", b"1"}:
        return None
    # Some leave out whether the only lamp burns.
    hours = [_hours(word) for word in words[::2]]
    known = [one for one in hours if one is not None]
    return max(known) if known and len(known) == len(hours) else None


def hours_of(value: bytes) -> int | None:
    """Return the hours that FILT tells."""
    return _hours(value.strip())


def _hours(word: bytes) -> int | None:
    return int(word) if re.fullmatch(rb"[0-9]{1,5}", word) else None


def class_of(value: bytes) -> int | None:
    """Return 1 or 2, by CLSS; the Optoma X351 says `Class 1`."""
    found = re.fullmatch(rb"(?:class\s*)?([12])", value.strip(), re.IGNORECASE)
    return int(found[1]) if found else None


def input_of(value: bytes) -> str:
    """Return the two characters of an input, as in `31`; nothing where it is none."""
    text = value.strip().upper()
    return text.decode() if re.fullmatch(rb"[1-6][1-9A-Z]", text) else ""


def input_words(code: str) -> str:
    """Return what an input is, as in `DIGITAL 1`, where the projector has no name for it."""
    return f"{SOURCES[code[0]]} {code[1]}"
