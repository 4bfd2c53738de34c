"""Whether people know already: of an alert they hear once when it begins and once when it ends.

As the notification log of Alertmanager: it answers with a reason, which goes into the message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from alerts.rules import Rule
from alerts.step import Step


@dataclass(frozen=True, slots=True)
class Dedup:
    """Gives the reason to tell people, where there is one."""

    rules: Mapping[str, Rule]

    def run(self, step: Step, at: int) -> Step:
        """Say why people are to be told of a case, if they are."""
        case, alert = step.case, step.case.alert
        if self.rules[alert.key.rule].quiet:
            return step
        if alert.state == "firing" and not case.told and not alert.is_quiet:
            return replace(step, reason="FIRST")
        if alert.state == "ended" and case.told and not self.rules[alert.key.rule].momentary:
            return replace(step, reason="ALL_RESOLVED")
        return step
