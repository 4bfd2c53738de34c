"""The one place where time is read, so that tests and SNTP corrections have one door.

Inside the programs time is UTC, as integer nanoseconds since 1970 (`at`); durations are seconds
of the monotonic clock, which no step of the wall clock reaches.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

Clock = Callable[[], int]
"""Gives wall time in nanoseconds since 1970, UTC."""

Monotonic = Callable[[], float]
"""Gives seconds that never go back; their zero means nothing."""

SECOND = 1_000_000_000
"""One second in the unit of `at`."""

WARN_MS = 1_000
BAD_MS = 5_000
"""A machine's clock that is off by more deserves a word, and its data a flag (domain.md R-59)."""

FIRST_PLAUSIBLE = 1_735_689_600 * SECOND
LAST_PLAUSIBLE = 7_258_118_400 * SECOND
"""2025 to 2200. A clock that is outside was lost, and says nothing about another."""


def plausible(at: int) -> bool:
    """Return whether *at* may be the present."""
    return FIRST_PLAUSIBLE <= at <= LAST_PLAUSIBLE


def now() -> int:
    """Return wall time in nanoseconds since 1970, UTC."""
    return time.time_ns()


def monotonic() -> float:
    """Return seconds that only differences have a meaning of."""
    return time.monotonic()


def boottime() -> int:
    """Return nanoseconds that go on while the machine sleeps, and that no step reaches.

    Where the system has no such clock (only Linux has one) sleep is left out.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()


def gap(wall: Clock, boot: Clock) -> int:
    """Return *wall* minus *boot* time, from the quickest of three looks at both."""
    looks = []
    for _ in range(3):
        before, at, after = boot(), wall(), boot()
        looks.append((after - before, at - before))
    return min(looks)[1]


def rfc3339(at: int) -> str:
    """Return *at* as `2026-11-22T08:00:00Z`, whole seconds."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at_of(text: str) -> int:
    """Return the moment that rfc3339 wrote; raises ValueError."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def local(at: int, zone: tzinfo) -> datetime:
    """Return *at* in the district's zone, for people."""
    return datetime.fromtimestamp(at / SECOND, zone)


MINUTE_FORM = "%Y-%m-%d %H:%M"
"""A moment as people read and write it."""


def minute(at: int, zone: tzinfo) -> str:
    """Return *at* in the district's zone, to the minute, for people."""
    return local(at, zone).strftime(MINUTE_FORM)
