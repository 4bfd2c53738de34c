"""What a value that a device answered means, by tables that stand in a file: template or driver.

A value is text, a number, true or false; a table maps it to a state or to what a field holds. What
no table knows becomes nothing: no reading is better than a wrong one.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Annotated, Any, Final, get_args

from msgspec import Meta, Struct

from agent.devices.base import Sighting
from core.causes import CAUSES
from core.devices import HEALTHY, STATES, DeviceState
from core.hints import hint, quoted, shown
from core.measurements.devices import MEASUREMENTS
from core.types import Value

STATE: Final = "state"
UNLISTED: Final = "unlisted"
"""The cause of a device that answers a code which no table knows."""

FIELDS: Final = {
    name: field.type
    for name, field in MEASUREMENTS[0].fields.items()
    if name not in (STATE, "cause", "name", "essential", "behind", "profile", "answer_ms")
}
"""What an answer may fill, and of which type it is."""

WORST_FIRST: Final[tuple[DeviceState, ...]] = (
    *("fault", "limited", "unknown", "unreachable"),
    *("cooling", "warming", "standby", "ready"),
)
LONGEST: Final = 100
"""Characters of a text that a device tells."""

Table = Annotated[
    dict[str, str | bool | int | float],
    Meta(description='a table as { "01" = "ready", "02" = "fault lamp" }'),
]


class Meaning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value that is read of an answer, and what it becomes."""

    of: str
    """The capture."""
    field: str
    """A field of the measurement `device`, or "state"."""
    map: Table = {}
    absent: tuple[str, ...] = ()
    """Values that mean: not there, not known."""
    scale: float = 1.0


def mistakes(
    meanings: Iterable[Meaning], captures: Iterable[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong in *meanings*: where, and a sentence."""
    known = tuple(captures)
    for number, meaning in enumerate(meanings):
        if meaning.of not in known:
            there = f"there are {', '.join(known)}" if known else "there are none"
            near = hint(meaning.of, known) or f"; {there}"
            yield (number, "of"), f"of is {quoted(meaning.of)}, which nothing captures{near}"
        if meaning.field != STATE and meaning.field not in FIELDS:
            near = hint(meaning.field, (STATE, *FIELDS))
            yield (number, "field"), f"field {quoted(meaning.field)} is none of a device{near}"
        for value, made in meaning.map.items():
            said = _wrong(meaning.field, made)
            if said:
                yield (number, "map"), f"map makes {shown(made)} of {shown(value)}; {said}"
        if meaning.field == STATE and not meaning.map:
            yield (number, "map"), "a state needs a map: which value means which state"


def _wrong(field: str, made: Value) -> str:
    if field != STATE:
        kinds: Mapping[str, tuple[type, ...]] = {
            "integer": (int,),
            "float": (int, float),
            "boolean": (bool,),
            "string": (str,),
        }
        wanted = FIELDS.get(field, "")
        right = not wanted or (
            isinstance(made, kinds[wanted]) and (wanted == "boolean" or not isinstance(made, bool))
        )
        return "" if right else f"{field} takes a value of type {wanted}"
    state, _, cause = made.partition(" ") if isinstance(made, str) else ("", "", "")
    if state not in STATES:
        return f"expected one of {', '.join(STATES)}{hint(state, STATES)}"
    if (state in HEALTHY) == bool(cause):
        return f"{state} takes {'no' if state in HEALTHY else 'a'} cause after it"
    if cause and cause not in CAUSES:
        return f"{quoted(cause)} is no cause{hint(cause, CAUSES)}"
    return ""


def sighting(meanings: Iterable[Meaning], captured: Mapping[str, object]) -> Sighting:
    """Return the device as *captured* shows it: the worst state of several; ready without any."""
    said: list[tuple[DeviceState, str]] = []
    asked = False
    fields: dict[str, Value] = {}
    for meaning in meanings:
        asked = asked or meaning.field == STATE
        if meaning.of not in captured:
            continue
        value = captured[meaning.of]
        text = text_of_value(value)
        if text in meaning.absent:
            continue
        made: object = meaning.map.get(text) if meaning.map else value
        if meaning.field == STATE:
            said.append(_state(made))
        elif (fitting := _fitting(FIELDS[meaning.field], made, meaning.scale)) is not None:
            fields[meaning.field] = fitting
    if not said:
        said = [("unknown", UNLISTED) if asked else ("ready", "")]
    state, cause = min(said, key=lambda one: WORST_FIRST.index(one[0]))
    return Sighting(state, cause, fields)


def text_of_value(value: object) -> str:
    """Return *value* as the left side of a map writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int) and value.bit_length() > 128:
        return ""  # Python refuses to write out what is much longer
    return str(value)


def _state(made: object) -> tuple[DeviceState, str]:
    state, _, cause = made.partition(" ") if isinstance(made, str) else ("", "", "")
    for known in get_args(DeviceState):
        if known == state:
            return known, cause
    return "unknown", UNLISTED


def _fitting(wanted: str, value: object, scale: float) -> Value | None:
    """Return *value* as a field of type *wanted* holds it, or None where it is none."""
    if wanted == "string":
        text = "".join(char for char in text_of_value(value) if char.isprintable()).strip()
        return text[:LONGEST] if text and not isinstance(value, dict | list | None) else None
    if wanted == "boolean":
        return value if isinstance(value, bool) else None
    number = _number(value)
    if number is None:
        return None
    number *= scale
    if not isfinite(number):
        return None
    if wanted == "float":
        return round(number, 3)
    return round(number) if abs(number) < 2**53 else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 32:
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
