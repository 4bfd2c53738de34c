"""By when what is open is to be over. Pure.

A school day counts as one however long it is: from the middle of one to the middle of the next.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Final

from alerts.routing.config import Due, length, school_days
from core import clock
from core.clock import SECOND

MOST_DAYS: Final = 180
"""Longer than any holiday; a calendar without a school day ends there."""
REMIND_AT: Final = 0.75
"""Of the time that there is, when people are reminded."""

SchoolTime = Callable[[int, int], int]
"""Gives how much school time (ns) lies between two moments."""


def due_at(due: Due, since: int, zone: tzinfo, lasting: SchoolTime) -> tuple[int, int]:
    """Return when to remind and by when it is due (ns), zeros for never."""
    days = school_days(due)
    if days:
        return (
            after_school_days(since, days * REMIND_AT, zone, lasting),
            after_school_days(since, days, zone, lasting),
        )
    time = length(due)
    return (since + int(time * REMIND_AT), since + time) if time else (0, 0)


def after_school_days(since: int, days: float, zone: tzinfo, lasting: SchoolTime) -> int:
    """Return when *days* school days have passed since *since* (ns), to the second."""
    begins = since
    left = days
    for _ in range(MOST_DAYS):
        midnight, ends = _day(begins, zone)
        whole = lasting(midnight, ends)
        here = lasting(begins, ends) / whole if whole else 0.0
        if here >= left:
            return _within(begins, ends, left * whole, lasting)
        left -= here
        begins = ends
    return begins


def _within(begins: int, ends: int, wanted: float, lasting: SchoolTime) -> int:
    first, last = begins, ends
    while last - first > SECOND:
        middle = (first + last) // 2
        if lasting(begins, middle) >= wanted:
            last = middle
        else:
            first = middle
    return last


def _day(at: int, zone: tzinfo) -> tuple[int, int]:
    day = clock.local(at, zone).date()
    first, last = (
        int(datetime.combine(one, datetime.min.time(), zone).timestamp()) * SECOND
        for one in (day, day + timedelta(days=1))
    )
    return first, max(last, at + SECOND)
