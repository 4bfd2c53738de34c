"""What a counter says about the time between two looks at it."""

from collections.abc import Iterable

from core.catalog import CATALOG
from core.clock import SECOND
from core.types import Value

LONGEST_STEP = int(CATALOG["net"].holds_s * SECOND)
"""Looks further apart than this do not belong together: the agent was away in between."""


def number(value: Value) -> float | None:
    """Return *value* where it is a number; True is not."""
    return None if isinstance(value, bool | str) else float(value)


def thinned(points: Iterable[tuple[int, Value]], window: int) -> list[tuple[int, Value]]:
    """Return the last point of each *window* (ns) that has one, at its own time.

    A counter's rise from one kept point to the next is still exact, which the store's own `last`
    would not give: it answers with the window's start, as if the counter had been read there.
    """
    return list({at // window: (at, value) for at, value in points}.values())


def per_second(points: Iterable[tuple[int, Value]]) -> list[tuple[int, float]]:
    """Return the rise per second up to each point; one that has no honest answer is left out.

    A counter that went back was set to zero by a restart: what it counted before is not known, so
    the step is no traffic, neither negative nor huge.
    """
    rates: list[tuple[int, float]] = []
    before: tuple[int, float] | None = None
    for at, value in points:
        count = number(value)
        if count is None:
            continue
        if before is not None and 0 < at - before[0] <= LONGEST_STEP and count >= before[1]:
            rates.append((at, (count - before[1]) * SECOND / (at - before[0])))
        before = (at, count)
    return rates
