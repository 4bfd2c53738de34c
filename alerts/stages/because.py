"""Whether an attack at the same school is likely to be why something fails.

Whichever came first: the attack that goes on while the network fails is named, and stays named
when it is over, with its end. What fails later is not put down to it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from alerts.names import EXPLAINED, EXPLAINING
from alerts.step import Case, Step
from core.alerts import Because

MOST: Final = 5
"""Attacks that one alert names."""


@dataclass(frozen=True, slots=True)
class Explain:
    """`open_at` gives the cases that are open at a school."""

    open_at: Callable[[str], Iterable[Case]]

    def run(self, step: Step, at: int) -> Step:
        """Note the attacks that go on where a case is open."""
        key, alert = step.case.alert.key, step.case.alert
        if key.rule not in EXPLAINED or not step.case.is_open or not key.school:
            return step
        because = merged(alert.because, self.open_at(key.school), at)
        if because == alert.because:
            return step
        return replace(step, case=step.case.changed(because=because))


def explains(case: Case) -> bool:
    """Return whether a case is an attack that goes on, and that may be why others fail."""
    return case.alert.key.rule in EXPLAINING and case.alert.state in ("firing", "keeping")


def merged(before: tuple[Because, ...], there: Iterable[Case], at: int) -> tuple[Because, ...]:
    """Return what was known to be behind an alert, with what goes on *there* now."""
    now: dict[str, int] = {}
    for case in filter(explains, there):
        rule, began = case.alert.key.rule, case.alert.began_at
        now[rule] = min(began, now.get(rule, began))
    found = {one.rule: one if one.until else replace(one, until=at) for one in before}
    for rule, began in now.items():
        known = found.get(rule)
        found[rule] = Because(rule, min(began, known.since) if known else began)
    return tuple(sorted(found.values(), key=lambda one: (one.since, one.rule))[:MOST])
