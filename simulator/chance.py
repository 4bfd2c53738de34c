"""Numbers that look like chance and follow from what names them: the same seed, the same district.

Nothing here remembers anything, so any hour of any school can be asked for alone and in any order.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

_64: Final = (1 << 64) - 1
MINUTES: Final = 60
CALM_STEP: Final = 5
"""In calm hours a value stays for so many minutes, in lively ones for one."""
NOISES: Final = 256
CALM_NOISES: Final = 32
"""Few, so that the calm hours of a series are made only once of each (simulator.history)."""


def mix(*parts: int) -> int:
    """Return 64 bits that follow from *parts* and betray nothing of them."""
    mixed = 0x9E3779B97F4A7C15
    for part in parts:
        mixed = ((mixed ^ (part & _64)) * 0xBF58476D1CE4E5B9) & _64
        mixed ^= mixed >> 29
    mixed = (mixed * 0x94D049BB133111EB) & _64
    return mixed ^ (mixed >> 32)


def unit(*parts: int) -> float:
    """Return a number from 0 to 1, 1 left out."""
    return mix(*parts) / (_64 + 1)


def pick(choices: Sequence[T], *parts: int) -> T:
    """Return one of *choices*."""
    return choices[mix(*parts) % len(choices)]


@dataclass(frozen=True, slots=True)
class Course:
    """How a value wanders in one hour, from -1 to 1: by the minute, and what that comes to.

    `number` tells one from another.
    """

    number: int
    values: tuple[float, ...]
    lowest: float
    highest: float
    mean: float
    last: float


def _course(number: int, values: Sequence[float], step: int) -> Course:
    kept = tuple(values[minute - minute % step] for minute in range(MINUTES))
    return Course(number, kept, min(kept), max(kept), sum(kept) / MINUTES, kept[-1])


def _wandering(seed: int) -> list[float]:
    rng, at = random.Random(seed), 0.0  # noqa: S311 — for play
    made = []
    for _ in range(MINUTES):
        at = max(-0.7, min(0.7, 0.8 * at + rng.uniform(-0.35, 0.35)))
        made.append(round(max(-1.0, min(1.0, at + rng.uniform(-0.3, 0.3))), 4))
    return made


_ALL: Final = [_wandering(seed) for seed in range(NOISES)]
LIVELY: Final = tuple(_course(number, values, 1) for number, values in enumerate(_ALL))
CALM: Final = tuple(
    _course(NOISES + number, values, CALM_STEP) for number, values in enumerate(_ALL[:CALM_NOISES])
)


def course(lively: bool, *parts: int) -> Course:
    """Return the course of the hour that *parts* name."""
    some = LIVELY if lively else CALM
    return some[mix(*parts) % len(some)]
