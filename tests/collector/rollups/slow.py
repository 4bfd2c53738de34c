"""Rollups the slow way: what the field was in each second, one after the other.

Everything here lies on whole seconds, so nothing is lost between two looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from core.types import Value

Seconds = Sequence[tuple[int, Value]]
"""Time in whole seconds, and value."""


@dataclass
class Told:
    """What was told of a series: a field, its state, and the field that it is known by."""

    points: Seconds
    states: Seconds = field(default_factory=list)
    known: Seconds = field(default_factory=list)


def at_second(told: Told, second: int, hold: int) -> Value | None:
    """Return the value that held from *second* to the next, None where it was unknown."""
    said = [(at, value) for at, value in told.points if at <= second]
    if not said or second - said[-1][0] >= hold:
        return None
    at, value = said[-1]
    for (was, before), (changed, after) in zip(told.states, told.states[1:]):
        if before != after and at < changed <= second and changed - was < hold:
            return None
    held = [(when, word) for when, word in told.known if when <= second]
    if held and second - held[-1][0] < hold and not held[-1][1]:
        return None
    return value


def rolled(told: Told, start: int, stop: int, hold: int) -> dict[str, Value | Fraction]:
    """Return the parts of the rollup, the mean exactly; empty where nothing was ever near."""
    count = sum(start <= at < stop for at, _ in told.points)
    seconds = [at_second(told, second, hold) for second in range(start, stop)]
    known = [value for value in seconds if value is not None]
    before = [at for at, _ in told.points if at < start]
    near = count or (before and before[-1] + hold > start)
    found: dict[str, Value | Fraction] = {"known": float(len(known)), "count": count}
    if not known:
        return found if near else {}
    found["last"] = known[-1]
    numbers = [value for value in known if not isinstance(value, str)]
    if numbers:
        found["mean"] = sum(map(Fraction, numbers), Fraction()) / len(numbers)
        if not isinstance(numbers[0], bool):
            found |= {"min": min(numbers), "max": max(numbers)}
    return found
