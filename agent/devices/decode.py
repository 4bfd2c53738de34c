"""What a device answered, as its profile understands it. Pure: no clock, no network."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.devices.base import Sighting
from agent.devices.meanings import UNLISTED
from agent.devices.profile import FIELDS, Code, Meaning, Profile, StateRow, Take, ValueRow
from agent.devices.snmp.session import Value as Answer
from agent.devices.texts import name_of
from core.devices import DeviceState
from core.types import Value

WORST: Final[tuple[DeviceState, ...]] = ("fault", "limited", "cooling", "warming", "standby")
"""The first of these that anything says of the device is its state; else it is ready."""

UNTOLD: Final = "untold"
MOST_TEXT: Final = 120
MOST_READ: Final = 1_024
_TAKEN: Final[Mapping[Take, Callable[[list[float]], float]]] = {
    "first": lambda numbers: numbers[0],
    "max": max,
    "min": min,
    "sum": sum,
}
_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a device answered: scalars by OID (None: it has none), columns by OID and row."""

    scalars: Mapping[str, Answer | None] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A sighting, and the codes that the profile does not know: object and code."""

    sighting: Sighting
    strange: tuple[tuple[str, Code], ...] = ()


def asked(profile: Profile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the scalars and the columns that *profile* needs, each once."""
    rows: tuple[ValueRow | StateRow, ...] = (*profile.value, *profile.state)
    scalars = dict.fromkeys(oid for row in rows for oid in row.oids)
    columns = [
        oid
        for row in rows
        for oid in (row.column, row.of, *(where.column for where in row.where))
        if oid
    ]
    return tuple(scalars), tuple(dict.fromkeys(columns))


def decode(profile: Profile, answers: Answers) -> Decoded:
    """Return how the device is; a field that it does not tell is absent."""
    fields: dict[str, Value] = {}
    for row in profile.value:
        value = _value(row, answers)
        if value is not None:
            fields.setdefault(row.field, value)
    told, strange = _told(profile.state, answers)
    state, cause = _verdict(told, profile)
    if strange:
        fields["codes_unknown"] = len(strange)
    return Decoded(Sighting(state, cause, fields), tuple(strange))


def _verdict(told: list[tuple[DeviceState, str]], profile: Profile) -> tuple[DeviceState, str]:
    for state in WORST:
        for one, cause in told:
            if one == state:
                return state, cause
    unknown = [cause for one, cause in told if one == "unknown"]
    if unknown:
        return "unknown", unknown[0]
    return ("ready", "") if told or profile.untold == "ready" else ("unknown", UNTOLD)


def _told(
    rows: Iterable[StateRow], answers: Answers
) -> tuple[list[tuple[DeviceState, str]], list[tuple[str, Code]]]:
    told: list[tuple[DeviceState, str]] = []
    strange: list[tuple[str, Code]] = []
    for row in rows:
        for code in _codes(row, answers):
            if code in row.ignore:
                continue
            meaning = _meaning(row, code)
            if meaning is not None:
                told.append((meaning.state, meaning.cause))
            elif code in row.well or _only_limits(row):
                told.append(("ready", ""))
            else:
                strange.append((row.object, code))
                # One part of many that says something new leaves the whole known.
                if row.oids:
                    told.append(("unknown", UNLISTED))
        if row.bits and _answered(row, answers) and not list(_codes(row, answers)):
            told.append(("ready", ""))
    return told, strange


def _meaning(row: StateRow, code: Code) -> Meaning | None:
    for meaning in row.means:
        if code in meaning.codes:
            return meaning
        if isinstance(code, int | float) and (
            (meaning.above is not None and code > meaning.above)
            or (meaning.below is not None and code < meaning.below)
        ):
            return meaning
    return None


def _only_limits(row: StateRow) -> bool:
    return bool(row.means) and not row.well and not any(one.codes for one in row.means)


def _answered(row: StateRow, answers: Answers) -> bool:
    return bool(list(_answers(row, answers)))


def _codes(row: StateRow, answers: Answers) -> Iterator[Code]:
    for answer in _answers(row, answers):
        if row.bits:
            yield from _bits(answer)
        elif row.match:
            if text := _text(row, answer):
                yield text
        elif isinstance(answer, bytes):
            number = _NUMBER.match(name_of(answer))  # of those who write numbers as text
            if number:
                yield int(float(number[0]))
        else:
            yield answer


def _bits(answer: Answer) -> Iterator[int]:
    if isinstance(answer, bytes):
        for place, octet in enumerate(answer):
            yield from (8 * place + bit for bit in range(8) if octet & 0x80 >> bit)


def _value(row: ValueRow, answers: Answers) -> Value | None:
    known = [one for one in _answers(row, answers) if one not in row.absent]
    if row.take == "count":
        return sum(one in row.codes for one in known) if known else None
    if row.codes:
        known = [one for one in known if one in row.codes]
    kind = FIELDS[row.field].type
    if kind == "boolean":
        return _flag(row, known)
    if kind == "string":
        return next(filter(None, (_text(row, one) for one in known)), None)
    numbers = [one for one in (_number(row, one) for one in known) if one is not None]
    if not numbers:
        return None
    taken = _TAKEN[row.take](numbers)
    return round(taken) if kind == "integer" else round(float(taken), 3)


def _flag(row: ValueRow, known: list[Answer]) -> bool | None:
    said = [_text(row, one) if row.match else one for one in known]
    if any(one in row.yes for one in said):
        return True
    return False if any(one in row.no for one in said) else None


def _text(row: ValueRow | StateRow, answer: Answer) -> str:
    text = name_of(answer[:MOST_READ]) if isinstance(answer, bytes) else str(answer)
    if row.match:
        found = re.search(row.match, text)
        text = found[found.re.groups] if found else ""
    return text.strip()[:MOST_TEXT]


def _number(row: ValueRow, answer: Answer) -> float | None:
    if isinstance(answer, bytes):
        found = _NUMBER.search(_text(row, answer)) if row.match else None
        told = float(found[0]) if found else None
    else:  # of another type than the MIB says: the object identifier 0.0 would look like a number
        told = None if isinstance(answer, str) else answer
    if told is None:
        return None
    number = told * row.scale
    return number if row.least <= number <= row.most else None


def _answers(row: ValueRow | StateRow, answers: Answers) -> Iterator[Answer]:
    """Yield what was answered for *row*, in the order of its OIDs or of the table."""
    for oid in row.oids:
        value = answers.scalars.get(oid)
        if value is not None:
            yield value
    for index, value in answers.columns.get(row.column, {}).items():
        if all(answers.columns.get(one.column, {}).get(index) in one.codes for one in row.where):
            if not row.of:
                yield value
                continue
            whole = answers.columns.get(row.of, {}).get(index)
            if isinstance(value, int) and isinstance(whole, int) and value >= 0 and whole > 0:
                # Codes instead of numbers are below 0: their quotient would look believable.
                yield round(100 * value / whole)
