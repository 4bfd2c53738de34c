"""Whether another alert says it all: a line that is down hides what lies behind it.

As inhibition in Alertmanager: line, switch, access point, room, device. What a rule hides at its
place and below it says in `hides`; what stands behind which switch the sights say, and that
something is a part of another fact. What has begun and is not decided yet hides too: it is the
cause that people should hear of first. What is hidden names the alert that hides it, and is told
if it outlasts that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from alerts.facts import above
from alerts.rules import Rule
from alerts.step import Case, Step
from core.alerts import AlertKey

HAS_TO_BE_OPEN: Final = frozenset({"school_unknown"})
"""Rules whose alerts are a part of another one only while that is open, else than with other parts:
nobody is to be left with what nothing tells of."""


@dataclass(frozen=True, slots=True)
class Hide:
    """`open_of` gives the open cases of a rule at a place, `open_at` all those of a school."""

    rules: Mapping[str, Rule]
    open_of: Callable[[str, str], Sequence[Case]]
    open_at: Callable[[str], Sequence[Case]]
    hiders: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hiders", _hiders(self.rules.values()))

    def run(self, step: Step, at: int) -> Step:
        """Note what hides an alert that nobody was told of."""
        alert = step.case.alert
        if alert.state not in ("pending", "firing") or step.case.told:
            return step
        if step.signal and step.signal.said == "on" and step.signal.whole != step.case.whole:
            step = replace(step, case=replace(step.case, whole=step.signal.whole))
        hidden_by, hider = self._whole(step)
        if not hidden_by and alert.state == "firing":
            hidden_by, hider = self._hider(alert.key)
        if (hidden_by, hider) == (alert.hidden_by, alert.hider):
            return step
        return replace(step, case=step.case.changed(hidden_by=hidden_by, hider=hider))

    def _whole(self, step: Step) -> tuple[str, int]:
        """Return the rule of which the last sight said that this is a part of its alert."""
        key, before = step.case.alert.key, step.case.alert.hidden_by
        whole = ""
        if step.signal and step.signal.said == "on":
            whole = step.signal.part_of
        elif before not in self.hiders.get(key.rule, ()):
            whole = before
        if not whole:
            return "", 0
        found = self._part_of(step, whole)
        if found is None:
            return ("", 0) if key.rule in HAS_TO_BE_OPEN else (whole, 0)
        return whole, found.alert.number

    def _part_of(self, step: Step, whole: str) -> Case | None:
        """Return the open alert of the rule *whole* that this is a part of: the one of the target
        that was named, else the one that it was, else the nearest."""
        key, target, before = step.case.alert.key, step.case.whole, step.case.alert.hider
        cases = chain.from_iterable(self.open_of(whole, place) for place in above(key.place))
        found = [*cases] or (self._of_school(key, whole) if key.school else [])
        found = [case for case in found if case.alert.key != key]
        named = [case for case in found if target and case.alert.key.target == target]
        same = [case for case in found if case.alert.number == before]
        return next(iter(named or same or found), None)

    def _of_school(self, key: AlertKey, whole: str) -> list[Case]:
        return [case for case in self.open_at(key.school) if case.alert.key.rule == whole]

    def _hider(self, key: AlertKey) -> tuple[str, int]:
        for rule in self.hiders.get(key.rule, ()):
            for place in above(key.place):
                # What lies there, or what is said of the same target there.
                for case in self.open_of(rule, place):
                    if case.alert.key.target in ("", key.target):
                        return rule, case.alert.number
        return "", 0


def _hiders(rules: Iterable[Rule]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        for name in dict.fromkeys(rule.hides):
            found[name] = (*found.get(name, ()), rule.name)
    return found
