"""Whether another alert says it all: a line that is down hides what lies behind it.

As inhibition in Alertmanager. Also what has begun and is not decided yet hides: it is the cause
that people should hear of first. What is hidden is told if it outlasts what hides it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from alerts.facts import above
from alerts.rules import Rule
from alerts.step import Step
from core.alerts import AlertKey


@dataclass(frozen=True, slots=True)
class Hide:
    """`is_open` says whether there is a case of a key that has not ended."""

    rules: Mapping[str, Rule]
    is_open: Callable[[AlertKey], bool]
    hiders: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hiders", _hiders(self.rules.values()))

    def run(self, step: Step, at: int) -> Step:
        """Note what hides an alert that nobody was told of."""
        alert = step.case.alert
        if alert.state != "firing" or step.case.told:
            return step
        hidden_by = self._hider(alert.key)
        if hidden_by == alert.hidden_by:
            return step
        return replace(step, case=step.case.changed(hidden_by=hidden_by))

    def _hider(self, key: AlertKey) -> str:
        for rule in self.hiders.get(key.rule, ()):
            for place in above(key.place):
                if self.is_open(AlertKey(rule, place)):
                    return rule
        return ""


def _hiders(rules: Iterable[Rule]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        for name in rule.hides:
            found[name] = (*found.get(name, ()), rule.name)
    return found
