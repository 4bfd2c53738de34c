"""What is made of looks at a device: pure functions of what came of them.

a look ─▶ answered: its sighting           ┐
       └▶ failed, and again at once: why   ┴▶ standing ─▶ shown, with what it is behind
"""

import errno
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, TypeGuard

from agent.devices.base import Sighting
from agent.devices.snmp.session import Silent
from agent.readings import mistake
from core.causes import CAUSES
from core.devices import HEALTHY, STATES, THERE
from core.errors import ConfigError, NotPermitted, TargetUnreachable
from core.names import NotResolved
from core.types import Reading, Value

LONGEST_S: Final = 600.0
"""Between two looks at a device that does not answer."""
MOST_READINGS: Final = 1_000
"""Of one sighting; a device that gives more is broken."""
NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.ENETDOWN})
"""What the system says where this machine itself has no network."""

NOT_ASKED: Final = Sighting("unknown", "not_asked")
BEHIND: Final = Sighting("unknown", "behind")
SILENT: Final = Sighting("unreachable", "no_answer")
SILENT_TO_SNMP: Final = Sighting("unreachable", "no_answer_snmp")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a device: its last sighting, and how often in a row it has not answered.

    `failures` counts looks of which the second, at once, failed as well.
    """

    sighting: Sighting = NOT_ASKED
    failures: int = 0

    def saw(self, sighting: Sighting) -> "Standing":
        """Return the standing after an answer."""
        return Standing(sighting)

    def failed(self, why: Sighting) -> "Standing":
        """Return the standing after two looks in a row without an answer."""
        return Standing(why, self.failures + 1)

    def roused(self) -> "Standing":
        """Return the standing of what may be back: it is asked as often as at first."""
        return replace(self, failures=min(1, self.failures))


def failure(error: BaseException) -> Sighting:
    """Return what it means that a look ended with *error*."""
    if isinstance(error, NotPermitted | PermissionError):
        return Sighting("unknown", "rights")
    if isinstance(error, ConfigError):
        return Sighting("unknown", "settings")
    if isinstance(error, OSError | TargetUnreachable):
        return next((found for one in _chain(error) if (found := _meaning(one))), SILENT)
    return Sighting("unknown", "failed")


def answered(seen: Sighting | BaseException) -> TypeGuard[Sighting]:
    """Tell whether a look had an answer; a driver may also say itself that there was none."""
    return isinstance(seen, Sighting) and seen.state != "unreachable"


def _meaning(error: BaseException) -> Sighting | None:
    """Return what *error* says beyond that there was no answer."""
    if isinstance(error, NotResolved):
        return Sighting("unknown", "name")
    if isinstance(error, OSError) and error.errno in NO_WAY:
        return Sighting("unknown", "network")
    if isinstance(error, Silent):
        return SILENT_TO_SNMP
    refused = isinstance(error, ConnectionRefusedError)
    return Sighting("unreachable", "refused") if refused else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield *error* and those that it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def skipped(failures: int, interval_s: float) -> int:
    """Return how many of the next regular looks are left out, after *failures*.

    The time between two doubles with each failure, up to `LONGEST_S`.
    """
    most = max(1, int(LONGEST_S // interval_s))
    return min(1 << min(max(0, failures - 1), 20), most) - 1


def shown(standing: Standing, before: Iterable[Standing]) -> Sighting:
    """Return how a device is, *before* which stand the others that it is reached through.

    One that answers is what it says, whatever is said of the way to it.
    """
    quiet = standing.failures or standing.sighting.by_silence
    if quiet and any(is_down(one.sighting) for one in before):
        return BEHIND
    return standing.sighting


def is_down(seen: Sighting) -> bool:
    """Tell whether nothing gets through a device: one that refuses to be asked is there."""
    return seen.state == "unreachable" and seen.cause not in THERE


def dues(interval_s: float, share: float, spread_s: float) -> tuple[float, float]:
    """Return the seconds from the start to the first look, and to the first regular one.

    *share* is the device's place among all. The first looks lie within *spread_s*, so that a page
    lives soon; the regular ones are spread over the interval, and begin half of one later.
    """
    first = share * min(spread_s, interval_s)
    regular = share * interval_s
    while regular < first + interval_s / 2:
        regular += interval_s
    return first, regular


def checked(seen: object) -> tuple[Sighting, list[str]]:
    """Return what of a driver's answer may travel, and what is wrong with the rest.

    A field that the catalogue lacks costs no more than itself: how the device is has to travel.
    Raises TypeError for what is no sighting.
    """
    if not isinstance(seen, Sighting) or seen.state not in STATES:
        said = f"state {seen.state!r}" if isinstance(seen, Sighting) else type(seen).__name__
        raise TypeError(f"its driver returned {said}, which is no sighting")
    reasons: list[str] = []
    fields = dict(_good_fields(seen.fields, reasons))
    readings = list(_good_readings(seen.readings, reasons))
    cause = "" if seen.state in HEALTHY else seen.cause or "other"
    if cause and cause not in CAUSES:
        reasons.append(f"cause {cause!r} is not among core/causes")
        cause = "other"
    return replace(seen, cause=cause, fields=fields, readings=tuple(readings)), reasons


def _good_fields(fields: Mapping[str, Value], reasons: list[str]) -> Iterator[tuple[str, Value]]:
    for name, value in fields.items():
        wrong = mistake(Reading("device", {name: value}, 1, {}))
        if wrong:
            reasons.append(wrong)
        else:
            yield name, value


def _good_readings(readings: Iterable[Reading], reasons: list[str]) -> Iterator[Reading]:
    found = list(islice(readings, MOST_READINGS + 1))
    if len(found) > MOST_READINGS:
        reasons.append(f"it gave more than {MOST_READINGS} readings")
    for one in found[:MOST_READINGS]:
        wrong = mistake(one)
        if wrong:
            reasons.append(wrong)
        elif one.measurement == "device":
            reasons.append("a reading of 'device' among those of other measurements")
        else:
            yield one
