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
from alerts.recall.numbers import Numbers
from alerts.recall.samples import Changes, Series
from alerts.recall.shares import Groups, Part
from alerts.recall.shelf import Shelf
from alerts.recall.usual import Book
from alerts.recall.watched import Watching
from alerts.rules import Absent, Flaps, Recalled, Rule, Said, Threshold
from alerts.step import Signal
from core.alerts import NOT_EXPECTED, AlertKey
from core.catalog import CATALOG
from core.clock import SECOND
from core.measurements.base import HEARTBEAT_S
from core.types import Value

LOOK_EVERY: Final = 5 * SECOND
TIDY_EVERY: Final = 600 * SECOND
FORGET_AFTER: Final = 7 * 86_400 * SECOND
"""A series that said nothing for so long is no longer expected."""
MISSED: Final = 3
"""Heartbeats, as of alerts/freshness.py."""
SPOKEN: Final = 2
"""Heartbeats within which every agent that is there has said everything."""

Heard = Callable[[str], int]
"""Since when (ns) an agent has been heard without a break, 0 while it is not."""


@dataclass(slots=True)
class Recall:
    """`watching` is the part for events and the live picture; `places` gives the agents that have
    been heard of."""

    rules: Iterable[Rule]
    heard_since: Heard
    book: Book
    places: Callable[[], Iterable[str]] = tuple
    shelf: Shelf = field(default_factory=Shelf)
    watching: Watching = field(init=False)
    _numbers: Numbers = field(init=False)
    _readings: Concerned[Recalled] = field(default_factory=Concerned)
    _of: dict[str, Recalled] = field(default_factory=dict)
    _timed: list[str] = field(default_factory=list)
    _groups: dict[str, Groups] = field(default_factory=dict)
    _looked: int = 0
    _tidied: int = 0

    def __post_init__(self) -> None:
        self._numbers = Numbers(self.shelf, self.book)
        self.rules = tuple(self.rules)
        self.watching = Watching(self.rules, self.heard_since, self.places, self._numbers)
        for rule in self.rules:
            if isinstance(rule.of, Recalled):
                self._readings.add(rule.of.measurement, rule, rule.of)
                self._of[rule.name] = rule.of
                if isinstance(rule.of.how, Absent | Flaps):
                    self._timed.append(rule.name)
                if rule.of.share:
                    self._groups[rule.name] = Groups(rule.of.share)

    @property
    def refused(self) -> int:
        """How many series there was no room for; asking begins the count anew."""
        found = self.shelf.refused + self.book.refused
        self.shelf.refused = self.book.refused = 0
        return found

    def take_over(self, before: "Recall") -> None:
        """Go on with what *before* remembered for rules that look as they did."""
        same = {name for name, of in self._of.items() if before._of.get(name) == of}
        for name in same:
            self.shelf.take_over(before.shelf, name)
        for name in same & set(self._groups):
            self._groups[name] = before._groups[name]
        self.watching.take_over(before.watching)

    def set_back(self, by: int, at: int) -> None:
        """Hear that the clock was set by *by* (ns), to *at*: what was ten minutes ago still is."""
        self._looked, self._tidied = min(self._looked, at), min(self._tidied, at)
        self.shelf.move(by)
        self.book.move(by)
        for groups in self._groups.values():
            groups.move(by)
        self.watching.set_back(by, at)

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
                self.shelf.refused += 1

    def advance(self, at: int) -> Iterator[Signal]:
        """Let time pass: what was not said, what has become quiet, what groups come to."""
        if at - self._looked < LOOK_EVERY:
            return
        all_groups = at // (60 * SECOND) != self._looked // (60 * SECOND)
        self._looked = at
        for name in self._timed:
            of = self._of[name]
            for key, series in self.shelf.of(name):
                if isinstance(of.how, Absent):
                    yield from self._absent(key, series, of, at)
                elif of.share is None and isinstance(of.judge, Threshold):
                    yield from self._quiet(key, series, of.judge, at)
        for name, groups in self._groups.items():
            yield from self._shared(name, groups, at, all_groups=all_groups)
        yield from self.watching.advance(at)
        self.book.flush(at)
        yield from self._tidied_away(at)

    # How it is done.

    def _judged(
        self, key: AlertKey, of: Recalled, fact: ReadingFact, value: Value, at: int
    ) -> tuple[Said, dict[str, Any]] | None:
        """Return what a rule says of a reading, None where it does not know enough."""
        how, details = of.how, of.details(fact.fields)
        if isinstance(how, Absent):
            series = self.shelf.get(key, partial(Series, at))
            if series is not None:
                series.at = max(series.at, at)
            return "off", details
        if how is None:
            assert of.judge is not None, "a rule without memory has a limit or words"
            said = of.judge.says(fact.fields)
            return None if said is None else (said, details)
        holds = int(CATALOG[fact.measurement].holds_s * SECOND)
        found = self._numbers.of(key, how, value, at, holds)
        if found is None or not isinstance(of.judge, Threshold):
            return None
        number, more = found
        said = of.judge.says({**fact.fields, of.name: number})
        if said is None:
            return None
        series = self.shelf.find(key)
        if isinstance(how, Flaps) and said == "off" and series is not None:
            is_quiet = at - self._known_since(key, series) >= how.over_s * SECOND
            said = "off" if is_quiet else "between"
        return said, details | {"value": round(number, 3)} | more

    def _quiet(self, key: AlertKey, series: Series, judge: Threshold, at: int) -> Iterator[Signal]:
        """Say what flaps or has become quiet; of an agent that is not heard nobody can tell."""
        if not isinstance(series, Changes) or not self.heard_since(key.place):
            return
        count = series.count(at)
        said = judge.says({judge.name: count})
        if said == "off" and at - self._known_since(key, series) < series.over:
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
        assert of.share is not None
        assert of.share.judge is not None, "of readings a share has a limit"
        groups.first_at = groups.first_at or at
        holds = _holds(of.measurement)

        def is_known(part: Part) -> bool:
            return at - part.at <= holds and self.heard_since(part.place) > 0

        def may_hold(part: Part) -> bool:
            # What a silent agent said last, and one that is back until it says it anew: not to
            # know is no recovery.
            since = self.heard_since(part.place)
            return is_known(part) or (part.is_on and (not since or at - since <= holds))

        for group in list(groups.parts) if all_groups else sorted(groups.dirty):
            count = groups.count(group, is_known)
            if count.known < of.share.least:
                continue
            judge = of.share.judge
            said = judge.says({judge.name: count.percent})
            most = groups.count(group, may_hold)
            if said == "off" and judge.says({judge.name: most.percent}) != "off":
                said = "between"
            said = groups.settled(group, said, at, SPOKEN * holds // MISSED)
            details = {"value": round(count.percent, 1), "count": count.on, "total": count.known}
            if said is not None:
                yield Signal(AlertKey(name, group), said, at, at, details, adds=True)
        groups.dirty.clear()

    def _known_since(self, key: AlertKey, series: Series) -> int:
        return max(series.first_at, self.heard_since(key.place))

    def _tidied_away(self, at: int) -> Iterator[Signal]:
        """Forget what is no longer expected; of what is missed for so long that is said."""
        if at - self._tidied < TIDY_EVERY:
            return
        self._tidied = at
        for key, series in self.shelf.unheard(at - FORGET_AFTER):
            if type(series) is Series:
                if not self.heard_since(key.place):
                    continue  # of what lies behind a silent agent nobody can tell
                yield Signal(key, "off", at, at, ended_by=NOT_EXPECTED)
            self.shelf.drop(key)
        for groups in self._groups.values():
            groups.forget(at - FORGET_AFTER)


def _holds(measurement: str) -> int:
    """Return how long (ns) what was said of a series counts."""
    known = CATALOG.get(measurement)
    return int(MISSED * max(HEARTBEAT_S, known.interval_s if known else 0) * SECOND)
