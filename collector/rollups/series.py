"""The rollup points of one series: all of its fields together, as the catalogue describes them.

Same measurement and same tags as the raw points; the time is the start of the hour or day.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from collector.rollups.roll import SUFFIXES, Points, Rolled, Said, changes, day, hour, unknown
from collector.rollups.times import HOUR
from core.catalog import CATALOG
from core.clock import SECOND
from core.measurements.base import Measurement
from core.types import Reading, Value

NOT_ROLLED: Final = frozenset({"alert", "event", "canary", "indicator", "room_day"})
"""Things that happen or last, a number that only has to arrive, and what is of a day already."""

ROLLED: Final = {name: one for name, one in CATALOG.items() if name not in NOT_ROLLED}


def holds(measurement: Measurement) -> int:
    """Return for how long a value of *measurement* counts (ns)."""
    return int(measurement.holds_s * SECOND)


def reach(measurement: Measurement) -> int:
    """Return how long after it was said a point can make a difference, or had one before (ns).

    A state, in the time that it holds, to the end of a value that was said meanwhile.
    """
    return 2 * holds(measurement)


LONGEST_REACH: Final = max(map(reach, ROLLED.values()))


def hour_point(
    measurement: Measurement, tags: Mapping[str, str], said: Mapping[str, Points], start: int
) -> Reading | None:
    """Return the point of the hour that begins at *start*, None where it has nothing to say.

    *said* is what each field of one series said, from `reach` before the hour on.
    """
    hold, fields = holds(measurement), dict[str, Value]()
    ends = sorted({at for name in measurement.states for at in changes(said.get(name, ()), hold)})
    for name, field in measurement.fields.items():
        if points := said.get(name):
            known = said.get(field.known_by, ()) if field.known_by else ()
            what = Said(points, ends, unknown(known, hold))
            if rolled := hour(what, start, start + HOUR, hold):
                fields |= rolled.fields(name)
    return Reading(measurement.name, fields, start, tags) if fields else None


def day_point(
    measurement: Measurement, tags: Mapping[str, str], hours: Iterable[Mapping[str, Value]], at: int
) -> Reading | None:
    """Return the point of the day that begins at *at*, of the fields of its *hours* in order."""
    fields, found = dict[str, Value](), list(hours)
    for name in measurement.fields:
        parts = [_of(name, values) for values in found]
        if rolled := day(part for part in parts if part):
            fields |= rolled.fields(name)
    return Reading(measurement.name, fields, at, tags) if fields else None


def rollup_fields(measurement: Measurement) -> Sequence[str]:
    """Return the names that the fields of rollup points of *measurement* may have."""
    return [f"{name}_{suffix}" for name in measurement.fields for suffix in SUFFIXES]


def _of(name: str, values: Mapping[str, Value]) -> Rolled | None:
    if f"{name}_known" not in values:
        return None
    named = {suffix: values.get(f"{name}_{suffix}") for suffix in SUFFIXES}
    return Rolled.of({suffix: value for suffix, value in named.items() if value is not None})
