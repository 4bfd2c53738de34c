"""What is known of an alert only afterwards, for who reads its story.

An attack that cuts a school off is heard of when its agent is back: by then the outage is over and
was told of without a cause. And what begins at many schools is known to spread only at the third.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from alerts.names import ATTACK_SPREADS, EXPLAINED, EXPLAINING
from alerts.stages.because import MOST
from alerts.step import Case
from core.alerts import AlertKey, Because
from core.kinds import kind_of

LONGEST: Final = 7 * 86_400 * 10**9
"""An attack that began earlier than so long before an outage (ns) is not looked for."""
MOST_SPREADS: Final = 500


class Time(NamedTuple):
    """When an alert of `what` was open; `until` 0: it still is."""

    what: str
    since: int
    until: int

    def meets(self, case: Case) -> bool:
        """Return whether a case was open at the same time."""
        alert = case.alert
        begins_before = not alert.ended_at or self.since < alert.ended_at
        return begins_before and (not self.until or self.until > alert.began_at)


@dataclass(frozen=True, slots=True)
class Hindsight:
    """The codes that spread and when; the attacks on each school."""

    spreads: Sequence[Time]
    attacks: dict[str, list[Time]]

    def raised(self, case: Case) -> bool:
        """Return whether one grade higher is proposed for a case."""
        code = kind_of(case.alert.key.rule).code
        return any(one.what == code and one.meets(case) for one in self.spreads)

    def explained(self, case: Case) -> Case:
        """Return the case with every attack that went on while it was open."""
        alert = case.alert
        if alert.key.rule not in EXPLAINED:
            return case
        found = {one.rule: one for one in alert.because}
        for one in self.attacks.get(alert.key.school, ()):
            if one.meets(case) and one.what not in found:
                found[one.what] = Because(*one)
        because = sorted(found.values(), key=lambda one: (one.since, one.rule))[:MOST]
        return case.changed(because=tuple(because))


def hindsight(db: sqlite3.Connection, cases: Iterable[Case]) -> Hindsight:
    """Return what is known now beside *cases*."""
    query = f"""SELECT target, began_at, ended_at FROM alert
        WHERE rule = '{ATTACK_SPREADS}' AND fired_at > 0
        ORDER BY number DESC LIMIT {MOST_SPREADS}"""  # noqa: S608 — our words
    spreads = [Time(*row) for row in db.execute(query)]
    began = [one.alert.began_at for one in cases if one.alert.key.rule in EXPLAINED]
    attacks: dict[str, list[Time]] = {}
    if began:
        marks = ", ".join("?" * len(EXPLAINING))
        query = f"""SELECT rule, place, began_at, ended_at FROM alert
            WHERE rule IN ({marks}) AND fired_at > 0 AND began_at > ?
            ORDER BY number"""  # noqa: S608 — our words
        for rule, place, since, until in db.execute(query, (*EXPLAINING, min(began) - LONGEST)):
            attacks.setdefault(AlertKey(rule, place).school, []).append(Time(rule, since, until))
    return Hindsight(spreads, attacks)
