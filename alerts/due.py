"""When the clock next has something to say about a case, but for what mutes it."""

from typing import Final

from alerts.rules import Rule
from alerts.stages.hold import LANE_WAIT
from alerts.step import Case
from core.clock import SECOND

SOONEST: Final = SECOND
LATEST: Final = 15 * SECOND
"""For what has lasted long enough and waits for its lane, or to be known again: the longer it has
waited, the less often it is looked at, since a whole district may wait at once."""
STILL_HIDDEN: Final = 5 * SECOND


def due(case: Case, rule: Rule, at: int) -> int:
    """Return when to look at *case* again (ns), 0 for never."""
    alert = case.alert
    if alert.state == "pending":
        lasts_long_enough = alert.began_at + rule.hold
        if lasts_long_enough > at:
            return lasts_long_enough
        waits_since = case.lane_until - LANE_WAIT if case.lane_until else lasts_long_enough
        again = at + min(LATEST, max(SOONEST, (at - waits_since) // 8))
        return min(again, case.lane_until) if case.lane_until > at else again
    times = [case.over_at] if case.over_at and case.is_open else []
    if alert.state == "firing" and alert.hidden_by and not case.told:
        times.append(at + STILL_HIDDEN)
    return min(times, default=0)
