"""What number a way to remember makes of a series."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from alerts.recall.samples import Changes, Counter, Values
from alerts.recall.shelf import Shelf
from alerts.recall.usual import Book
from alerts.rules import Change, Flaps, Rate, Usual
from core.alerts import AlertKey
from core.clock import SECOND
from core.types import Value

Number = tuple[float, dict[str, Any]]
"""The number, and what of the texts goes with it."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Works on what stands in *shelf* and *book*; may raise sqlite3.Error."""

    shelf: Shelf
    book: Book

    def of(
        self, key: AlertKey, how: Change | Rate | Flaps | Usual, value: Value, at: int, holds: int
    ) -> Number | None:
        """Return the number, None where too little is known; a value counts for *holds* ns."""
        if isinstance(how, Usual):
            return self._usual(key, how, value, at, holds)
        kinds: dict[type, type[Values | Counter | Changes]] = {
            Change: Values,
            Rate: Counter,
            Flaps: Changes,
        }
        series = self.shelf.get(key, partial(kinds[type(how)], at, over=window(how)))
        if series is None:
            return None
        is_new = at > series.at
        series.at = max(series.at, at)
        if isinstance(series, Counter):
            if isinstance(value, str):
                return None
            if is_new:
                series.add(at, float(value))
            rate = series.per_second(at)
            return None if rate is None else (rate, {"now": value})
        if isinstance(series, Changes):
            if is_new:
                series.add(at, value)
            return float(series.count(at)), {}
        assert isinstance(series, Values)
        assert isinstance(how, Change)
        if is_new:
            series.add(at, value)
        found = _difference(series.before(at), value, percent=how.percent)
        return None if found is None else (found, {"now": value})

    def _usual(self, key: AlertKey, how: Usual, value: Value, at: int, holds: int) -> Number | None:
        if isinstance(value, bool | str):
            return None
        name = "\n".join((key.place, key.rule, key.target))
        if not self.book.add(name, float(value), at, holds):
            return None
        found = self.book.compared(name, float(value), how)
        return None if found is None else (found[0], {"now": value, "usual": round(found[1], 3)})


def window(how: Change | Rate | Flaps | Usual) -> int:
    """Return how far back (ns) a way to remember looks, 0 for the value before."""
    seconds = how.since_s if isinstance(how, Change) else 0.0
    if isinstance(how, Rate | Flaps):
        seconds = how.over_s
    return int(seconds * SECOND)


def _difference(before: Value | None, now: Value, *, percent: bool) -> float | None:
    if before is None:
        return None
    if isinstance(now, bool | str) or isinstance(before, bool | str):
        return float(before != now)
    if not percent:
        return float(now - before)
    return 100 * (now - before) / abs(before) if before else None
