"""Rules with memory over events and over the live picture: what flaps, and of how many it holds.

The picture gives everything that may be wrong (`Sight.members`), so a share of it is one of those
of which somebody can tell; of events the members are the agents that are heard, and their schools.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from alerts.concerned import Concerned
from alerts.facts import Sight, is_within
from alerts.recall.numbers import Numbers
from alerts.recall.samples import Changes
from alerts.recall.shares import MOST_MEMBERS, Count, Groups, Part
from alerts.rules import Change, Flaps, Rule, Usual, Watched
from alerts.step import Signal
from core.alerts import NOT_EXPECTED, AlertKey
from core.clock import SECOND
from core.measurements.base import HEARTBEAT_S

HOLDS: Final = int(HEARTBEAT_S * SECOND)
"""For so long counts what a group came to, where what is usual is learned."""
SPOKEN: Final = 2 * HOLDS
"""Within that every agent that is there was heard."""
MOST_UNTOLD: Final = 0.2
"""Where a larger part of the members of a group is unknown, its share is neither held against what
it was nor remembered."""
EXPECTED: Final = 7 * 86_400 * SECOND
"""For so long after it was last heard an agent is missed in the share of events."""
UNKNOWN: Final = -1
"""In place of whether it went on before, so that whatever comes counts as a change."""


@dataclass(slots=True)
class Watching:
    """`heard_since` and `places` as of Recall."""

    rules: Iterable[Rule]
    heard_since: Callable[[str], int]
    places: Callable[[], Iterable[str]]
    numbers: Numbers
    _live: dict[str, list[tuple[Rule, Watched]]] = field(default_factory=dict)
    _events: Concerned[Watched] = field(default_factory=Concerned)
    _rules: dict[str, tuple[Rule, Watched]] = field(default_factory=dict)
    _groups: dict[str, Groups] = field(default_factory=dict)
    _going: dict[str, set[AlertKey]] = field(default_factory=dict)
    _since: dict[str, int] = field(default_factory=dict)
    """Since when a rule has looked (ns): what went on before is no change."""

    def __post_init__(self) -> None:
        for rule in self.rules:
            of = rule.of
            if not isinstance(of, Watched):
                continue
            self._rules[rule.name] = (rule, of)
            if of.by == "live":
                self._live.setdefault(of.kind, []).append((rule, of))
            else:
                self._events.add(of.kind, rule, of)
            if of.share:
                self._groups[rule.name] = Groups(of.share)

    def take_over(self, before: "Watching") -> None:
        """Go on with what *before* remembered for rules that look as they did."""
        for name, (rule, of) in self._rules.items():
            if name not in before._rules or before._rules[name][1] != of:
                continue
            self.numbers.shelf.take_over(before.numbers.shelf, name)
            if name in before._groups:
                self._groups[name] = before._groups[name]
                self._groups[name].keep_at(rule.places.hold)
            if name in before._since:
                self._since[name] = before._since[name]
            if name in before._going:
                self._going[name] = before._going[name]

    def awaits(self, keys: Iterable[AlertKey], at: int) -> None:
        """Hear what is open: it ends when it was quiet, also where nothing more is said of it."""
        for key in keys:
            _, of = self._rules.get(key.rule, (None, None))
            if of and isinstance(of.how, Flaps) and not of.share:
                series = self._series(key, of, at, UNKNOWN if of.by != "live" else None)
                if series:
                    series.at = max(series.at, at)

    def set_back(self, by: int, at: int) -> None:
        """Hear that the clock was set by *by* (ns), to *at*."""
        self._since = {name: min(since, at) for name, since in self._since.items()}
        for groups in self._groups.values():
            groups.move(by)

    # What comes in.

    def event(
        self,
        kind: str,
        place: str,
        key_of: Callable[[Rule], AlertKey],
        *,
        by: str,
        active: bool,
        at: int,
        late: bool = False,
    ) -> None:
        """Hear of an event that begins or ends; what it comes to is said when time passes.

        A *late* one says what goes on by now, but not how often it changed lately.
        """
        for rule, of in self._events.at(kind, place):
            if of.by != by:
                continue
            key = key_of(rule)
            if not isinstance(of.how, Flaps):
                self._goes_on(key, active=active)
            elif not late:
                series = self._series(key, of, at, 0)
                if series and at > series.at:
                    if of.momentary and active:
                        series.last = UNKNOWN
                    series.add(at, int(active))
                    series.at = at

    def sight(self, sight: Sight, heard: int) -> Iterator[Signal]:
        """Look at the live picture."""
        at = min(sight.at, heard)
        for kind in sight.covers & self._live.keys():
            wrong = {(one.place, one.target) for one in sight.wrong if one.kind == kind}
            for rule, of in self._live[kind]:
                there = {one for one in wrong if rule.places.hold(one[0])}
                if isinstance(of.how, Flaps):
                    self._changed(rule, of, there, sight, at)
                if of.share:
                    yield from self._share_of_picture(rule, of, there, sight, at)
                self._since.setdefault(rule.name, at)

    def advance(self, at: int) -> Iterator[Signal]:
        """Let time pass: what has become quiet, and what groups of events come to."""
        for name, (rule, of) in self._rules.items():
            if of.share and of.by != "live":
                yield from self._share_of_events(rule, of, at)
            elif isinstance(of.how, Flaps) and not of.share:
                for key, series in self.numbers.shelf.of(name):
                    if isinstance(series, Changes):
                        yield from self._quiet(key, of, series, at)

    # How it is done.

    def _series(self, key: AlertKey, of: Watched, at: int, last: int | None) -> Changes | None:
        assert isinstance(of.how, Flaps)
        make = partial(Changes, at, over=int(of.how.over_s * SECOND), last=last)
        found = self.numbers.shelf.get(key, make)
        return found if isinstance(found, Changes) else None

    def _goes_on(self, key: AlertKey, *, active: bool) -> None:
        there = self._going.setdefault(key.rule, set())
        if not active:
            there.discard(key)
        elif len(there) < MOST_MEMBERS:
            there.add(key)
        else:
            self.numbers.shelf.refused += 1

    def _changed(
        self, rule: Rule, of: Watched, wrong: set[tuple[str, str]], sight: Sight, at: int
    ) -> None:
        """Remember what of the picture is otherwise than before."""
        members = sight.members.get(of.kind, {})
        # What was wrong already when we first looked did not begin under our eyes.
        before = 0 if rule.name in self._since else None
        for place, target in wrong:
            begun = self._series(AlertKey(rule.name, place, target), of, at, before)
            if begun:
                begun.hear(at, value=1)
        for key, series in self.numbers.shelf.of(rule.name):
            member = (key.place, key.target)
            if member in wrong or not isinstance(series, Changes):
                continue
            if _can_tell(of.kind, member, sight, members):
                series.hear(at, value=0)
            else:
                series.untold(at)

    def _quiet(self, key: AlertKey, of: Watched, series: Changes, at: int) -> Iterator[Signal]:
        """Say what flaps or has become quiet; what nobody can tell of is not quiet."""
        assert of.judge is not None
        heard_since = self.heard_since(key.place) if of.by == "agent" else series.first_at
        if not series.is_told or not heard_since:
            return
        count = series.count(at)
        said = of.judge.says({of.judge.name: count})
        if said == "off" and at - max(series.first_at, heard_since) < series.over:
            said = "between"
        if said is not None:
            yield Signal(key, said, at, at, {"value": count})

    def _share_of_picture(
        self, rule: Rule, of: Watched, wrong: set[tuple[str, str]], sight: Sight, at: int
    ) -> Iterator[Signal]:
        groups = self._groups[rule.name]
        there = {
            member: _can_tell(of.kind, member, sight, {member: known})
            for member, known in sight.members.get(of.kind, {}).items()
            if rule.places.hold(member[0])
        } | dict.fromkeys(wrong, True)
        before = set(groups.parts)
        groups.keep(there)
        flapping = self._flapping(rule, of, at) if isinstance(of.how, Flaps) else wrong
        for member, known in there.items():
            if known and (member in flapping or self._is_known(rule, of, at)):
                self._take(groups, member, at, on=member in flapping)
        for group in before:
            if not groups.parts.get(group):
                groups.parts.pop(group, None)
                yield Signal(AlertKey(rule.name, group), "off", at, at, ended_by=NOT_EXPECTED)
        yield from self._of_groups(rule, of, groups, at, there)

    def _share_of_events(self, rule: Rule, of: Watched, at: int) -> Iterator[Signal]:
        groups = self._groups[rule.name]
        self._since.setdefault(rule.name, at)
        if isinstance(of.how, Flaps):
            on = {place for place, _ in self._flapping(rule, of, at)}
        else:
            on = {key.place for key in self._going.get(rule.name, ())}
        for place in self.places():
            heard_since = self.heard_since(place)
            if not heard_since or not rule.places.hold(place):
                continue
            if place in on or self._is_known(rule, of, at, heard_since):
                self._take(groups, (place, ""), at, on=place in on)
        expected = [
            key
            for parts in groups.parts.values()
            for key, part in parts.items()
            if at - part.at <= EXPECTED
        ]
        yield from self._of_groups(rule, of, groups, at, expected)

    def _take(self, groups: Groups, member: tuple[str, str], at: int, *, on: bool) -> None:
        if not groups.take(*member, "on" if on else "off", at):
            self.numbers.shelf.refused += 1

    def _is_known(self, rule: Rule, of: Watched, at: int, since: int = 0) -> bool:
        """Return whether what did not begin would have been seen: of what flaps, for a window."""
        if not isinstance(of.how, Flaps):
            return True
        return at - max(since, self._since.get(rule.name, at)) >= of.how.over_s * SECOND

    def _flapping(self, rule: Rule, of: Watched, at: int) -> set[tuple[str, str]]:
        assert of.judge is not None
        return {
            (key.place, key.target)
            for key, series in self.numbers.shelf.of(rule.name)
            if isinstance(series, Changes) and of.judge.is_on(series.count(at))
        }

    def _of_groups(
        self,
        rule: Rule,
        of: Watched,
        groups: Groups,
        at: int,
        expected: Collection[tuple[str, str]],
    ) -> Iterator[Signal]:
        """Say what the groups come to, of all members that are *expected*."""
        assert of.share is not None
        is_number = of.share.judge is None
        sizes = groups.sizes(expected) if is_number else {}
        # The picture has all members, known or not; of events they come as they are heard.
        early = is_number and of.by != "live" and groups.is_early(at, SPOKEN)

        def is_known(part: Part) -> bool:
            return part.at == at

        def may_hold(part: Part) -> bool:
            # What it was when somebody could still tell: not to know is no recovery.
            return part.at == at or part.is_on

        for group in list(groups.parts):
            count = groups.count(group, is_known)
            if count.known < of.share.least:
                continue
            key = AlertKey(rule.name, group)
            if is_number and (early or sizes[group] - count.known > MOST_UNTOLD * sizes[group]):
                yield Signal(key, "between", at, at, adds=True)
                continue
            said = self._judged(key, of, groups, (count, groups.count(group, may_hold)), at)
            if said is not None:
                yield said
        groups.dirty.clear()

    def _judged(
        self, key: AlertKey, of: Watched, groups: Groups, counted: tuple[Count, Count], at: int
    ) -> Signal | None:
        """Return what a rule says of a group: of its known members, and of all that may count."""
        assert of.share is not None
        count, most = counted
        counts = {"count": count.on, "total": count.known}
        judge = of.share.judge
        if judge is None:
            found = self._of_number(key, of, count.percent, counts, at)
            if found is None:
                return None
            off = found.said == "off" and most.on > count.on
            said = groups.settled(key.place, "between" if off else found.said, at, SPOKEN)
            return replace(found, said=said) if said else None
        said = judge.says({judge.name: count.percent})
        if said == "off" and judge.says({judge.name: most.percent}) != "off":
            said = "between"
        said = groups.settled(key.place, said, at, SPOKEN)
        if said is None:
            return None
        details = {"value": round(count.percent, 1), **counts}
        return Signal(key, said, at, at, details, adds=True)

    def _of_number(
        self, key: AlertKey, of: Watched, percent: float, counts: Mapping[str, Any], at: int
    ) -> Signal | None:
        """Return what a rule says of a share against what it was."""
        assert isinstance(of.how, Change | Usual)
        assert of.judge is not None
        found = self.numbers.of(key, of.how, round(percent, 3), at, HOLDS)
        said = of.judge.says({of.judge.name: found[0]}) if found else None
        if found is None or said is None:
            return None
        details = {"value": round(found[0], 3), **counts, **found[1]}
        return Signal(key, said, at, at, details, adds=True)


def _can_tell(
    kind: str,
    member: tuple[str, str],
    sight: Sight,
    members: Mapping[tuple[str, str], bool],
) -> bool:
    place, target = member
    if (kind, target) in sight.untold or is_within(place, sight.unknown):
        return False
    return members.get(member, True)
