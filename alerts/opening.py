"""What an engine knows when it starts: what an earlier process left, and what is going on."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from alerts import subjects, tables
from alerts.facts import Ground
from alerts.match import EventFact
from alerts.memory import Memory
from alerts.rules import EventOf, Rule
from alerts.stages.hold import LANE_WAIT
from alerts.stages.storm import WINDOW, by_channel
from alerts.step import Case


def opened(
    ground: Ground, rules: Mapping[str, Rule], now: int
) -> tuple[Memory, Sequence[EventFact]]:
    """Return what is remembered, and for rules that are new the present state of what they see.

    What belongs to a rule that is no more ends, and nobody is told: nothing has changed but us.
    """
    with ground.transaction() as db:
        tables.create(db)
        memory = tables.restored(db, now - WINDOW)
        for case in [c for c in memory.cases.values() if c.alert.key.rule not in rules]:
            ended = replace(case.changed(state="ended", ended_at=now), folds="")
            memory.put(ended)
            tables.write_case(db, ended)
        for case in [c for c in memory.folded.values() if c.alert.key.rule not in rules]:
            del memory.folded[case.alert.number]
            tables.write_case(db, replace(case.changed(state="ended"), folds=""))
        tables.end_suppressed(db, now)
        new = tables.new_rules(db, rules)
        present = [fact for name in new for fact in _present(db, rules[name], now)]
    memory.folded_since = dict.fromkeys(by_channel(memory.folded), (now, 0))
    for case in list(memory.cases.values()):
        memory.put(_late_again(case, rules[case.alert.key.rule], now))
        memory.wake(case.alert.key, now)
    return memory, present


def _late_again(case: Case, rule: Rule, now: int) -> Case:
    """Let what waits wait for its lane: its end may have come while nobody listened."""
    lasting = isinstance(rule.of, EventOf) and not rule.momentary
    if case.alert.state != "pending" or not lasting:
        return case
    return replace(case, lane_until=max(case.lane_until, now + LANE_WAIT))


def _present(db: sqlite3.Connection, rule: Rule, now: int) -> Iterator[EventFact]:
    of = rule.of
    if not isinstance(of, EventOf) or of.by != "agent" or of.momentary:
        return
    for key, began_at, details in subjects.active(db, of.kind):
        yield EventFact(*key, True, began_at, now, details, late=True, past=True)
