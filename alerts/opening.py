"""What an engine knows when it starts: what an earlier process left, and what is going on."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from alerts import subjects, tables
from alerts.facts import Ground
from alerts.match import EventFact
from alerts.memory import Draft, Memory
from alerts.rules import Condition, EventOf, OfReading, Recalled, Rule, Watched
from alerts.stages.hold import LANE_WAIT
from alerts.stages.storm import WINDOW, by_channel
from alerts.step import Case

End = Callable[[sqlite3.Connection, Memory, Sequence[Case]], Draft]
"""Ends cases in the transaction that is under way; what it drafts is taken over after it."""


def opened(
    ground: Ground, rules: Mapping[str, Rule], now: int, end: End
) -> tuple[Memory, Sequence[EventFact]]:
    """Return what is remembered, and for rules that are new the present state of what they see.

    What belongs to a rule that is no more is ended by *end*.
    """
    with ground.transaction() as db:
        tables.create(db)
        memory = tables.restored(db, now - WINDOW)
        lost = _without_rule(memory, rules, rules)
        draft = end(db, memory, lost)
        tables.end_suppressed(db, now)
        new = tables.new_rules(db, rules)
        present = [fact for name in new for fact in _present(db, rules[name], now)]
    _forget(memory, lost, draft)
    memory.folded_since = dict.fromkeys(by_channel(memory.folded), (now, 0))
    for case in list(memory.cases.values()):
        memory.put(_late_again(case, rules[case.alert.key.rule], now))
        memory.wake(case.alert.key, now)
    return memory, present


def taken_over(
    ground: Ground,
    memory: Memory,
    before: Mapping[str, Rule],
    rules: Mapping[str, Rule],
    now: int,
    *,
    end: End,
) -> Sequence[EventFact]:
    """Let *memory* go on with other rules; return the present state of what is new among them.

    What is open of a rule that looks at the same thing as before stays open; the rest is ended by
    *end*.
    """
    with ground.transaction() as db:
        lost = _without_rule(memory, before, rules)
        draft = end(db, memory, lost)
        known = tables.known_rules(db)
        new = [rule for name, rule in rules.items() if name not in known]
        present = [fact for rule in new for fact in _present(db, rule, now)]
    _forget(memory, lost, draft)
    for key in memory.cases:
        memory.wake(key, now)
    return present


def _forget(memory: Memory, lost: Iterable[Case], draft: Draft) -> None:
    draft.take_over()
    for case in lost:
        memory.folded.pop(case.alert.number, None)


def _without_rule(
    memory: Memory, before: Mapping[str, Rule], rules: Mapping[str, Rule]
) -> list[Case]:
    """Return what no rule looks at any more, also what is over and waits for a summary."""
    found = []
    for case in {**{c.alert.number: c for c in memory.cases.values()}, **memory.folded}.values():
        key = case.alert.key
        rule, was = rules.get(key.rule), before.get(key.rule)
        if rule and was and _same(was, rule) and _looks_at(rule, key.place):
            continue
        found.append(case)
    return found


def _looks_at(rule: Rule, place: str) -> bool:
    if isinstance(rule.of, Recalled | Watched) and rule.of.share:
        # Of a group it may look at some schools only.
        return rule.places.hold_some(place)
    return rule.places.hold(place)


def _same(before: Rule, rule: Rule) -> bool:
    """Return whether both look at the same thing, so that a case of one is a case of the other."""
    return before is rule or _thing(before.of) == _thing(rule.of)


def _thing(of: Condition) -> tuple[object, ...]:
    match of:
        case Recalled():
            group = (of.share.of,) if of.share else ()
            return (of.measurement, of.name, of.target, of.beside, type(of.how), *group)
        case OfReading():
            return (of.measurement, of.name, of.target, of.beside)
        case EventOf(kind, by, momentary):
            return (kind, by, momentary)
        case Watched():
            group = (of.share.of,) if of.share else ()
            return (of.kind, of.by, type(of.how), *group)
        case _:
            return (of,)


def _late_again(case: Case, rule: Rule, now: int) -> Case:
    """Let what waits wait for its lane: its end may have come while nobody listened."""
    lasting = isinstance(rule.of, EventOf) and not rule.momentary
    if case.alert.state != "pending" or not lasting:
        return case
    return replace(case, lane_until=max(case.lane_until, now + LANE_WAIT))


def going_on(ground: Ground, rules: Iterable[Rule]) -> Sequence[EventFact]:
    """Return the present state of what rules ask of how many it is; raises sqlite3.Error."""
    kinds = {one.of.kind for one in rules if isinstance(one.of, Watched) and one.of.by == "agent"}
    with ground.transaction() as db:
        return [
            EventFact(*key, True, began_at, began_at, details, late=True, past=True)
            for kind in sorted(kinds)
            for key, began_at, details in subjects.active(db, kind)
        ]


def _present(db: sqlite3.Connection, rule: Rule, now: int) -> Iterator[EventFact]:
    of = rule.of
    if not isinstance(of, EventOf) or of.by != "agent" or of.momentary:
        return
    for key, began_at, details in subjects.active(db, of.kind):
        yield EventFact(*key, True, began_at, now, details, late=True, past=True)
