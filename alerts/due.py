"""When the clock next has something to say about a case."""

from typing import Final

from alerts.rules import Rule
from alerts.step import Case
from core.clock import SECOND

LOOK_AGAIN: Final = SECOND
"""For what has lasted long enough and waits for its lane, or to be known again."""
STILL_HIDDEN: Final = 5 * SECOND


def due(case: Case, rule: Rule, at: int) -> int:
    """Return when to look at *case* again (ns), 0 for never."""
    alert = case.alert
    if alert.state == "pending":
        return max(alert.began_at + rule.hold, at + LOOK_AGAIN)
    times = [case.over_at] if case.over_at and case.is_open else []
    if alert.state == "firing" and alert.hidden_by and not case.told:
        times.append(at + STILL_HIDDEN)
    return min(times, default=0)
