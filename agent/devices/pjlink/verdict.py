"""From what a projector said to how it is; no connection, no clock.

ERR3 and silence are what projectors answer in standby and while they change: healthy, and what
they do not tell is absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.devices.base import Sighting
from agent.devices.pjlink.answers import (
    BROKEN,
    UNAVAILABLE,
    Power,
    errors_of,
    muted_of,
    power_of,
    refused,
)
from core.devices import HEALTHY, DeviceState
from core.types import Value

STATES: Final[dict[Power, DeviceState]] = {
    "off": "standby",
    "on": "ready",
    "cooling": "cooling",
    "warming": "warming",
}
BURNS: Final = frozenset({"on", "warming"})
"""The lamp is on, or comes on."""

CHANGES_S: Final = 300.0
"""The longest that a change takes; an old lamp cools down for three minutes."""

GARBAGE: Final = Sighting("unknown", "garbage")
SILENT: Final = Sighting("unknown", "silent")


@dataclass(frozen=True, slots=True)
class Before:
    """What it was when it last told its power, and for how many seconds it has not told it."""

    power: Power | None = None
    untold_s: float = 0.0


def judged(said: Mapping[str, bytes], before: Before) -> Sighting | None:
    """Return how a projector is that said *said*; None where silence lasted too long to be well.

    *said* has the value for each of the four letters that it answered, ERR1 … ERR4 as they are.
    """
    told_errors = said.get("ERST", UNAVAILABLE)
    errors = errors_of(told_errors)
    fields: dict[str, Value] = {}
    muted = muted_of(said.get("AVMT", b""))
    if muted is not None:
        fields["muted"] = muted
    told = said.get("POWR")
    power = None if told is None else power_of(told)
    if power:
        fields["on"] = power in BURNS
        return _whole(Sighting(STATES[power], fields=fields), errors, told_errors)
    if told is None:
        plain = unanswered(before)
    elif refused(told) == UNAVAILABLE:
        plain = Sighting(between(before) or "standby")
    elif refused(told) == BROKEN:
        plain = Sighting("fault", "other")
    else:
        plain = GARBAGE
    return plain and _whole(Sighting(plain.state, plain.cause, fields), errors, told_errors)


def _whole(sighting: Sighting, errors: Mapping[str, int] | None, told: bytes) -> Sighting:
    """Return *sighting* with what ERST *told*, which are *errors* where it can be read.

    What cannot be read may be a fault, and ERR4 is one.
    """
    if errors is not None:
        return with_errors(sighting, errors)
    if sighting.state not in HEALTHY or refused(told) not in (b"", BROKEN):
        return sighting
    if refused(told) == BROKEN:
        return Sighting("fault", "other", sighting.fields)
    return Sighting("unknown", "unlisted", sighting.fields)


def with_errors(sighting: Sighting, errors: Mapping[str, int]) -> Sighting:
    """Return *sighting* with the worst of *errors*: 2 is a fault, 1 a limit; else as it is."""
    worst = max(errors.values(), default=0)
    if worst == 0 or (worst == 1 and sighting.state == "fault"):
        return sighting
    part = next(part for part, level in errors.items() if level == worst)
    return Sighting("fault" if worst == 2 else "limited", part, sighting.fields)


def between(before: Before) -> DeviceState | None:
    """Return on which way it is that answered until now; None where that was too long ago."""
    if before.untold_s > CHANGES_S or before.power in (None, "off"):
        return None
    return "warming" if before.power == "warming" else "cooling"


def unanswered(before: Before) -> Sighting | None:
    """Return how a projector is that greets and answers nothing; None where it hangs."""
    if state := between(before):
        return Sighting(state)
    if before.power in ("off", "cooling"):
        return Sighting("standby")
    return SILENT if before.power is None else None
