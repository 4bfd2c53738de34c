"""When lessons are held, as far as anybody knows before there is a school calendar."""

from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from alerts.rules import Rule
from core import clock
from core.clock import SECOND
from core.kind import Severity

BEGINS: Final = time(8, 0)
ENDS: Final = time(17, 30)
_SATURDAY: Final = 5


def in_school_time(at: int, zone: tzinfo) -> bool:
    """Return whether *at* (ns) is a Monday to Friday between 08:00 and 17:30 of the district."""
    there = clock.local(at, zone)
    return there.weekday() < _SATURDAY and BEGINS <= there.time() < ENDS


def lasting(since: int, at: int, zone: tzinfo) -> int:
    """Return how much school time (ns) lies between two moments; none where *at* is not later."""
    day, last = clock.local(since, zone).date(), clock.local(at, zone).date()
    total = 0
    while day <= last:
        if day.weekday() < _SATURDAY:
            begins, ends = (
                int(datetime.combine(day, one, zone).timestamp()) * SECOND for one in (BEGINS, ENDS)
            )
            total += max(0, min(at, ends) - max(since, begins))
        day += timedelta(days=1)
    return total


def severity(rule: Rule, at: int, zone: tzinfo) -> Severity:
    """Return how bad an alert of *rule* is that fires at *at*."""
    if rule.in_school_time and in_school_time(at, zone):
        return rule.in_school_time
    return rule.severity
