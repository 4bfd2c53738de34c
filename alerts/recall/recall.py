"""Rules that have to remember: what they say of what comes in, and of time that passes.

Lives in this process, but for what is usual. After a restart nothing is known of before: no rule
says anything before it knows enough again, and what is open stays open until then.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from alerts.concerned import Concerned
from alerts.facts import ReadingFact
from alerts.recall.samples import Changes, Counter, Series, Values
from alerts.recall.shares import Groups, Part
from alerts.recall.usual import Book
from alerts.rules import (
    Absent,
    Change,
    Flaps,
    FlapsOf,
    Rate,
    Recalled,
    Rule,
    Said,
    Threshold,
    Usual,
)
from alerts.step import Signal
from core.alerts import NOT_EXPECTED, AlertKey
from core.catalog import CATALOG
from core.clock import SECOND
from core.measurements.base import HEARTBEAT_S
from core.types import Value

MOST_SERIES: Final = 50_000
MOST_OF_ONE_PLACE: Final = 500
"""Series that are remembered, of all rules; what is beyond is counted, and nothing said of it."""
LOOK_EVERY: Final = 5 * SECOND
TIDY_EVERY: Final = 600 * SECOND
FORGET_AFTER: Final = 7 * 86_400 * SECOND
"""A series that said nothing for so long is no longer expected."""
MISSED: Final = 3
"""Heartbeats, as of alerts/freshness.py."""

Heard = Callable[[str], int]
"""Since when (ns) an agent has been heard without a break, 0 while it is not."""


@dataclass(slots=True)
class Recall:
    """`counts` what there was no room for in `refused`."""

    rules: Iterable[Rule]
    heard_since: Heard
    book: Book
    refused: int = 0
    _readings: Concerned[Recalled] = field(default_factory=Concerned)
    _events: Concerned[FlapsOf] = field(default_factory=Concerned)
    _of: dict[str, Recalled | FlapsOf] = field(default_factory=dict)
    _series: dict[AlertKey, Series] = field(default_factory=dict)
    _timed: dict[AlertKey, Series] = field(default_factory=dict)
    _of_place: dict[str, int] = field(default_factory=dict)
    _groups: dict[str, Groups] = field(default_factory=dict)
    _looked: int = 0
    _tidied: int = 0

    def __post_init__(self) -> None:
        for rule in self.rules:
            if isinstance(rule.of, Recalled):
                self._readings.add(rule.of.measurement, rule, rule.of)
                self._of[rule.name] = rule.of
                if rule.of.share:
                    self._groups[rule.name] = Groups(rule.of.share)
            elif isinstance(rule.of, FlapsOf):
                self._events.add(rule.of.kind, rule, rule.of)
                self._of[rule.name] = rule.of

    def take_over(self, before: "Recall") -> None:
        """Go on with what *before* remembered for rules that look as they did."""
        same = {name for name, of in self._of.items() if before._of.get(name) == of}
        for key, series in before._series.items():
            if key.rule in same:
                self._series[key] = series
                self._timed |= {key: series} if _is_timed(series) else {}
                self._of_place[key.place] = self._of_place.get(key.place, 0) + 1
        for name in same & set(self._groups):
            self._groups[name] = before._groups[name]

    # What comes in.

    def reading(self, fact: ReadingFact, heard: int) -> Iterator[Signal]:
        """Read a fresh reading."""
        for rule, of in self._readings.at(fact.measurement, fact.place):
            value = fact.fields.get(of.name)
            if value is None or not of.concerns(fact.tags):
                continue
            at = min(fact.at, heard)
            key = AlertKey(rule.name, fact.place, of.target_of(fact.tags)[:200])
            found = self._judged(key, of, fact, value, at)
            if found is None:
                continue
            said, details = found
            if of.share is None:
                yield Signal(key, said, at, heard, details, adds=True)
            elif not self._groups[rule.name].take(key.place, key.target, said, at):
                self.refused += 1

    def event(
        self,
        kind: str,
        place: str,
        key_of: Callable[[Rule], AlertKey],
        *,
        by: str,
        active: bool,
        at: int,
    ) -> None:
        """Hear of an event that begins or ends; what it comes to is said when time passes."""
        for rule, of in self._events.at(kind, place):
            if of.by != by:
                continue
            key = key_of(rule)
            series = self._get(key, partial(Changes, at, over=int(of.over_s * SECOND), last=0))
            if isinstance(series, Changes) and at > series.at:
                series.add(at, int(active))
                series.at = at

    def advance(self, at: int) -> Iterator[Signal]:
        """Let time pass: what was not said, what has become quiet, what groups come to."""
        if at - self._looked < LOOK_EVERY:
            return
        all_groups = at // (60 * SECOND) != self._looked // (60 * SECOND)
        self._looked = at
        for key, series in self._timed.items():
            of = self._of[key.rule]
            if isinstance(of, FlapsOf):
                yield from self._quiet(key, series, of.judge, at, by_agent=of.by == "agent")
            elif isinstance(of.how, Flaps) and isinstance(of.judge, Threshold):
                if of.share is None:
                    yield from self._quiet(key, series, of.judge, at, by_agent=True)
            elif isinstance(of.how, Absent):
                yield from self._absent(key, series, of, at)
        for name, groups in self._groups.items():
            yield from self._shared(name, groups, at, all_groups=all_groups)
        self.book.flush(at)
        yield from self._tidied_away(at)

    # How it is done.

    def _judged(
        self, key: AlertKey, of: Recalled, fact: ReadingFact, value: Value, at: int
    ) -> tuple[Said, dict[str, Any]] | None:
        """Return what a rule says of a reading, None where it does not know enough."""
        how, details = of.how, of.details(fact.fields)
        if isinstance(how, Absent):
            series = self._get(key, partial(Series, at))
            if series is not None:
                series.at = max(series.at, at)
            return "off", details
        if how is None:
            assert of.judge is not None, "a rule without memory has a limit or words"
            said = of.judge.says(fact.fields)
            return None if said is None else (said, details)
        found = self._number(key, how, value, at, fact.measurement)
        if found is None or not isinstance(of.judge, Threshold):
            return None
        number, more = found
        said = of.judge.says({**fact.fields, of.name: number})
        if said is None:
            return None
        series = self._series.get(key)
        if isinstance(how, Flaps) and said == "off" and series is not None:
            said = (
                "off" if at - self._known_since(key, series) >= how.over_s * SECOND else "between"
            )
        return said, details | {"value": round(number, 3)} | more

    def _number(
        self,
        key: AlertKey,
        how: Change | Rate | Flaps | Usual,
        value: Value,
        at: int,
        measurement: str,
    ) -> tuple[float, dict[str, Any]] | None:
        if isinstance(how, Usual):
            return self._usual(key, how, value, at, measurement)
        kinds: dict[type, type[Values | Counter | Changes]] = {
            Change: Values,
            Rate: Counter,
            Flaps: Changes,
        }
        make = partial(kinds[type(how)], at, over=_ns(how))
        series = self._get(key, make)
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

    def _usual(
        self, key: AlertKey, how: Usual, value: Value, at: int, measurement: str
    ) -> tuple[float, dict[str, Any]] | None:
        if isinstance(value, bool | str):
            return None
        name = "\n".join((key.place, key.rule, key.target))
        holds = int(CATALOG[measurement].holds_s * SECOND)
        if not self.book.add(name, float(value), at, holds):
            return None
        found = self.book.compared(name, float(value), how)
        if found is None:
            return None
        return found[0], {"now": value, "usual": round(found[1], 3)}

    def _quiet(
        self, key: AlertKey, series: Series, judge: Threshold, at: int, *, by_agent: bool
    ) -> Iterator[Signal]:
        """Say what flaps or has become quiet; of an agent that is not heard nobody can tell."""
        if not isinstance(series, Changes) or (by_agent and not self.heard_since(key.place)):
            return
        count = series.count(at)
        said = judge.says({judge.name: count})
        known_since = self._known_since(key, series) if by_agent else series.first_at
        if said == "off" and at - known_since < series.over:
            said = "between"
        if said is not None:
            yield Signal(key, said, at, at, {"value": count})

    def _absent(self, key: AlertKey, series: Series, of: Recalled, at: int) -> Iterator[Signal]:
        assert isinstance(of.how, Absent)
        since = self.heard_since(key.place)
        if since and at - max(series.at, since) > of.how.after_s * SECOND:
            yield Signal(key, "on", series.at, at, {"value": (at - series.at) // SECOND})

    def _shared(self, name: str, groups: Groups, at: int, *, all_groups: bool) -> Iterator[Signal]:
        of = self._of[name]
        assert isinstance(of, Recalled)
        assert of.share is not None
        holds = _holds(of.measurement)

        def is_known(part: Part) -> bool:
            return at - part.at <= holds and self.heard_since(part.place) > 0

        for group in list(groups.parts) if all_groups else sorted(groups.dirty):
            count = groups.count(group, is_known)
            if count.known < of.share.least:
                continue
            said = of.share.judge.says({of.share.judge.name: count.percent})
            details = {"value": round(count.percent, 1), "count": count.on, "total": count.known}
            if said is not None:
                yield Signal(AlertKey(name, group), said, at, at, details, adds=True)
        groups.dirty.clear()

    def _get(self, key: AlertKey, make: Callable[[], Series]) -> Series | None:
        found = self._series.get(key)
        if found is not None:
            return found
        here = self._of_place.get(key.place, 0)
        if here >= MOST_OF_ONE_PLACE or len(self._series) >= MOST_SERIES:
            self.refused += 1
            return None
        self._of_place[key.place] = here + 1
        self._series[key] = made = make()
        if _is_timed(made):
            self._timed[key] = made
        return made

    def _known_since(self, key: AlertKey, series: Series) -> int:
        return max(series.first_at, self.heard_since(key.place))

    def _tidied_away(self, at: int) -> Iterator[Signal]:
        """Forget what is no longer expected; of what is missed for so long that is said."""
        if at - self._tidied < TIDY_EVERY:
            return
        self._tidied = at
        for key in [k for k, one in self._series.items() if at - one.at > FORGET_AFTER]:
            if type(self._series[key]) is Series:
                if not self.heard_since(key.place):
                    continue  # of what lies behind a silent agent nobody can tell
                yield Signal(key, "off", at, at, ended_by=NOT_EXPECTED)
            del self._series[key]
            self._timed.pop(key, None)
            self._of_place[key.place] -= 1
            if not self._of_place[key.place]:
                del self._of_place[key.place]
        for groups in self._groups.values():
            groups.forget(at - FORGET_AFTER)


def _is_timed(series: Series) -> bool:
    """Return whether time that passes says something of a series."""
    return isinstance(series, Changes) or type(series) is Series


def _ns(how: Change | Rate | Flaps | Usual) -> int:
    seconds = how.since_s if isinstance(how, Change) else 0.0
    if isinstance(how, Rate | Flaps):
        seconds = how.over_s
    return int(seconds * SECOND)


def _holds(measurement: str) -> int:
    """Return how long (ns) what was said of a series counts."""
    known = CATALOG.get(measurement)
    return int(MISSED * max(HEARTBEAT_S, known.interval_s if known else 0) * SECOND)


def _difference(before: Value | None, now: Value, *, percent: bool) -> float | None:
    if before is None:
        return None
    if isinstance(now, bool | str) or isinstance(before, bool | str):
        return float(before != now)
    if not percent:
        return float(now - before)
    return 100 * (now - before) / abs(before) if before else None
