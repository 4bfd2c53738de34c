"""Whether an alert is over for good.

As `keep_firing_for` of a Prometheus rule: what comes back within that time was never away. What
is momentary has no end of its own and is over by the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from alerts.rules import Rule
from alerts.step import Case, Signal, Step


@dataclass(frozen=True, slots=True)
class Keep:
    """Ends alerts."""

    rules: Mapping[str, Rule]

    def run(self, step: Step, at: int) -> Step:
        """Let an alert go on, come back, or end."""
        case = step.case
        if case.alert.state not in ("firing", "keeping"):
            return step
        if step.signal:
            case = self._heard(_updated(case, step.signal), step.signal, at)
        if case.over_at:
            # No later than by our clock, which may have been set back since.
            longest = at + max(self.rules[case.alert.key.rule].keep, 1)
            case = replace(case, over_at=min(case.over_at, longest))
        if case.over_at and case.over_at <= at:
            ended_at = case.alert.ended_at or case.over_at
            case = replace(case.changed(state="ended", ended_at=ended_at), over_at=0)
        return replace(step, case=case)

    def _heard(self, case: Case, signal: Signal, at: int) -> Case:
        alert, rule = case.alert, self.rules[case.alert.key.rule]
        if signal.said == "on":
            if alert.state == "keeping":
                back = case.changed(state="firing", ended_at=0, ended_by="")
                return replace(back, over_at=0)
            return replace(case, over_at=max(case.over_at, signal.over_at))
        if signal.said == "off" and alert.state == "firing":
            # An end before the beginning is a clock's; nothing lasts less than no time.
            ended_at = max(signal.at, alert.began_at)
            case = case.changed(ended_at=ended_at, ended_by=signal.ended_by)
            if not rule.keep:
                return replace(case.changed(state="ended"), over_at=0)
            return replace(case.changed(state="keeping"), over_at=at + rule.keep)
        return case


def _updated(case: Case, signal: Signal) -> Case:
    """Return the case with what is now known of it; its end tells only what it says anew."""
    if not signal.updates or not signal.details or signal.details == case.alert.details:
        return case
    details = {**case.alert.details, **signal.details} if signal.said == "off" else signal.details
    return replace(case.changed(details=details), named={**case.named, **signal.named})
