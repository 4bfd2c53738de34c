"""Whether another alert says it all: a line that is down hides what lies behind it.

As inhibition in Alertmanager; a sight may also say that something is a part of another fact. What
has begun and is not decided yet hides too: it is the cause that people should hear of first. What
is hidden is told if it outlasts what hides it.
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
        if alert.state not in ("pending", "firing") or step.case.told:
            return step
        hidden_by = self._whole(step) or (self._hider(alert.key) if alert.state == "firing" else "")
        if hidden_by == alert.hidden_by:
            return step
        return replace(step, case=step.case.changed(hidden_by=hidden_by))

    def _whole(self, step: Step) -> str:
        """Return the rule of which the last sight said that this is a part of its alert."""
        if step.signal and step.signal.said == "on":
            return step.signal.part_of
        before = step.case.alert.hidden_by
        return "" if before in self.hiders.get(step.case.alert.key.rule, ()) else before

    def _hider(self, key: AlertKey) -> str:
        for rule in self.hiders.get(key.rule, ()):
            for place in above(key.place):
                # What lies there, or what is said of the same target there.
                if any(self.is_open(AlertKey(rule, place, t)) for t in {"", key.target}):
                    return rule
        return ""


def _hiders(rules: Iterable[Rule]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        for name in rule.hides:
            found[name] = (*found.get(name, ()), rule.name)
    return found
