"""What the rules read out of a fact, which costs nothing for rules that it does not concern.

A rule sees who says a thing, not only what is said: an agent may send any kind of event, so what
only the collector can know is taken from the collector alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import msgspec

from alerts.concerned import Concerned
from alerts.facts import ReadingFact, Sight, Wrong, is_within
from alerts.recall.recall import Recall
from alerts.rules import EventOf, Rule, Said, Sighted, Threshold, Watched, Worded
from alerts.step import Case, Signal
from core.alerts import AlertKey
from core.shown import named, shown, shown_name
from core.topics import LEVEL

MOST_DETAILS: Final = 2_000
"""Bytes of JSON; a message carries them, and every open alert is held in memory."""

LONGEST_TARGET: Final = 200
"""Characters, as of the target of an event; a tag may be as long as a line."""


@dataclass(frozen=True, slots=True)
class EventFact:
    """An event that changes what is known of its subject, or a momentary one.

    `late`: it came long after it happened, or is handled long after it came. `past`: a restore
    made its row anew, or it was there before the first rule.
    """

    who: str
    kind: str
    target: str
    subject: str
    active: bool
    at: int
    heard: int
    details: Mapping[str, Any] = field(default_factory=dict)
    late: bool = False
    past: bool = False
    repeat: bool = False

    @property
    def by_collector(self) -> bool:
        """Whether the collector says it; no agent can be called like that."""
        return self.who.startswith("collector/")


class Match:
    """The rules by what they look at, and where."""

    def __init__(self, rules: Iterable[Rule], recall: Recall | None = None) -> None:
        self._recall = recall
        self._events = Concerned[EventOf]()
        self._readings = Concerned[Threshold | Worded]()
        self._sights: dict[str, list[Rule]] = {}
        self._kind_of: dict[str, str] = {}
        for rule in rules:
            match rule.of:
                case EventOf() as of:
                    self._events.add(of.kind, rule, of)
                case Threshold() | Worded() as of:
                    self._readings.add(of.measurement, rule, of)
                case Sighted(kind):
                    self._sights.setdefault(kind, []).append(rule)
                    self._kind_of[rule.name] = kind

    def event(self, fact: EventFact) -> Iterator[Signal]:
        """Read an event."""
        self.recall(fact)
        for rule, of in self._events.at(fact.kind, _place_of(fact)):
            if (of.by == "collector") != fact.by_collector:
                continue
            key = _event_key(fact, rule)
            said: Said = "on" if fact.active else "off"
            late = fact.late and not fact.by_collector
            details, names = small(shown(fact.kind, fact.details)), _named(fact)
            if not of.momentary:
                yield Signal(
                    *(key, said, fact.at, fact.heard, details, late),
                    repeat=fact.repeat,
                    updates=True,
                    named=names,
                )
            elif fact.active:
                # One that came in time is told however late we come to it; what is long past is
                # over by itself.
                lasts_from = fact.at if late or fact.past else max(fact.at, fact.heard)
                over_at = lasts_from + max(rule.keep, 1)
                yield Signal(
                    *(key, "on", fact.at, fact.heard, details, late, over_at, fact.repeat),
                    named=names,
                )

    def recall(self, fact: EventFact) -> None:
        """Have an event remembered only."""
        if not self._recall:
            return
        self._recall.watching.event(
            *(fact.kind, _place_of(fact), partial(_event_key, fact)),
            by="collector" if fact.by_collector else "agent",
            active=fact.active,
            at=fact.at,
            late=fact.late or fact.past,
        )

    def reading(self, fact: ReadingFact, heard: int) -> Iterator[Signal]:
        """Read a fresh reading."""
        for rule, of in self._readings.at(fact.measurement, fact.place):
            said = of.says(fact.fields)
            if said is None or not of.concerns(fact.tags):
                continue
            target = of.target_of(fact.tags)[:LONGEST_TARGET]
            key = AlertKey(rule.name, fact.place, target)
            details = of.details(fact.fields)
            yield Signal(key, said, min(fact.at, heard), heard, details, adds=True)
        if self._recall:
            yield from self._recall.reading(fact, heard)

    def sight(self, sight: Sight, open_cases: Sequence[Case], heard: int) -> Iterator[Signal]:
        """Read a sight: what is wrong, and what of *open_cases* is not wrong any more."""
        wrong: set[AlertKey] = set()
        for one in sight.wrong:
            for signal in self._wrong(one, heard):
                wrong.add(signal.key)
                yield signal
        for case in open_cases:
            key = case.alert.key
            kind = self._kind_of.get(key.rule, "")
            if kind not in sight.covers or (kind, key.target) in sight.untold or key in wrong:
                continue
            if not is_within(key.place, sight.unknown):
                yield Signal(key, "off", min(sight.at, heard), heard)
        if self._recall:
            yield from self._recall.watching.sight(sight, heard)

    def _wrong(self, wrong: Wrong, heard: int) -> Iterator[Signal]:
        for rule in self._sights.get(wrong.kind, ()):
            if not rule.places.hold(wrong.place):
                continue
            key = AlertKey(rule.name, wrong.place, wrong.target)
            since = min(wrong.since, heard)
            details = small(wrong.details)
            yield Signal(
                *(key, "on", since, heard, details), part_of=wrong.part_of, whole=wrong.whole
            )


def small(details: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return *details* if they are not too large to be carried along, else that they were."""
    if not details or len(msgspec.json.encode(details)) <= MOST_DETAILS:
        return details
    return {"details_left_out": True}


def _named(fact: EventFact) -> Mapping[str, Any]:
    found = named(fact.kind, fact.details)
    return found if found and small(found) is found else {}


def _place_of(fact: EventFact) -> str:
    """Return where an event happened: what the collector says of an agent, at that agent."""
    return fact.target if fact.by_collector and _is_place(fact.target) else fact.who


def _event_key(fact: EventFact, rule: Rule) -> AlertKey:
    """What the collector says of an agent belongs to that agent's place."""
    if fact.by_collector and _is_place(fact.target):
        momentary = isinstance(rule.of, EventOf | Watched) and rule.of.momentary
        target = "" if momentary else fact.subject
        return AlertKey(rule.name, fact.target, target)
    target, subject = (shown_name(fact.kind, one) for one in (fact.target, fact.subject))
    return AlertKey(rule.name, fact.who, target, subject)


def _is_place(text: str) -> bool:
    names = text.split("/")
    return len(names) in (2, 3) and all(LEVEL.fullmatch(name) for name in names)
