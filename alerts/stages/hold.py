"""Whether a condition has lasted long enough, and is known well enough, to be an alert.

As `for` of a Prometheus rule: what ends before is forgotten, and nobody hears of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from alerts.rules import Rule
from alerts.schooltime import SchoolTime, severity
from alerts.step import Case, Signal, Step
from core.clock import SECOND

LANE_WAIT: Final = 600 * SECOND
"""After this a lane counts as caught up, whatever is still missing."""


@dataclass(frozen=True, slots=True)
class Hold:
    """`caught_up` says so of an agent's lane; `sure` says whether what began is still known."""

    rules: Mapping[str, Rule]
    times: SchoolTime
    caught_up: Callable[[str], bool]
    sure: Callable[[Case, int], bool]

    def run(self, step: Step, at: int) -> Step:
        """Let a condition begin, be forgotten, or become an alert."""
        case = step.case
        if step.signal:
            case = _heard(case, step.signal, self.rules[case.alert.key.rule], at)
        if case.alert.state == "pending":
            case = self._waited(case, at)
        return replace(step, case=case)

    def _waited(self, case: Case, at: int) -> Case:
        alert, rule = case.alert, self.rules[case.alert.key.rule]
        if case.over_at and case.over_at <= at:
            return case.changed(state="gone")
        if alert.began_at > at or case.lane_until > at + LANE_WAIT:
            # Our clock has been set back: it waits from now on, not for the time to come again.
            case = replace(case, lane_until=min(case.lane_until, at + LANE_WAIT))
            case = case.changed(began_at=min(alert.began_at, at))
            alert = case.alert
        if at < alert.began_at + rule.hold or not self.sure(case, at):
            return case
        if at < case.lane_until and not self.caught_up(alert.key.place):
            return case
        worst = severity(rule, at, self.times, alert.key.school)
        fired = case.changed(state="firing", fired_at=at, severity=worst)
        return replace(fired, lane_until=0)


def _heard(case: Case, signal: Signal, rule: Rule, at: int) -> Case:
    state = case.alert.state
    if state == "pending" and signal.said != "on":
        if not rule.recorded or signal.said != "off":
            return case.changed(state="gone")
        ended_at = max(signal.at, case.alert.began_at)
        ended = case.changed(state="ended", fired_at=at, ended_at=ended_at)
        return replace(ended, lane_until=0)
    if state == "pending":
        before = case.alert.details
        details = {**before, **signal.details} if signal.adds else signal.details or before
        heard = replace(case.changed(details=details), named=signal.named or case.named)
        return replace(heard, over_at=max(case.over_at, signal.over_at))
    if state == "idle" and signal.said == "on":
        begun = case.changed(
            state="pending", began_at=signal.at, late=signal.late, details=signal.details
        )
        lane_until = signal.heard + LANE_WAIT if signal.late else 0
        begun = replace(begun, named=signal.named, repeat=signal.repeat)
        return replace(begun, lane_until=lane_until, over_at=signal.over_at)
    return case
