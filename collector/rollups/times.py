"""Where hours and days begin: hours are those of UTC, days those of the district's zone.

Where midnight is not at a whole hour of UTC (+05:30) an hour belongs to the day in which it begins:
the day's point stands at its midnight, and its values lie up to half an hour later. Where a clock
is changed a day has the 23 or 25 hours that it has.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from core.clock import SECOND, local

HOUR: Final = 3_600 * SECOND


def hour_of(at: int) -> int:
    """Return the start of the hour that *at* lies in."""
    return at - at % HOUR


def hours_with(times: Sequence[int], newest: int) -> Sequence[int]:
    """Return the starts of the hours that *times*, the last of them *newest*, lie in."""
    if not times:
        return ()
    first, last = hour_of(min(times)), hour_of(newest)
    # Nearly always the same: batches are sealed after half a minute.
    return (first,) if first == last else sorted({hour_of(at) for at in times})


def day_of(at: int, zone: tzinfo) -> int:
    """Return the start of the day that *at* lies in."""
    return _midnight(_date(at, zone), zone)


def next_day(day: int, zone: tzinfo) -> int:
    """Return the start of the day after the one that begins at *day*."""
    return _midnight(_date(day, zone) + timedelta(days=1), zone)


def hours_of(day: int, zone: tzinfo) -> range:
    """Return the starts of the hours that belong to the day that begins at *day*."""
    first, after = (-(-edge // HOUR) * HOUR for edge in (day, next_day(day, zone)))
    return range(first, after, HOUR)


def _date(at: int, zone: tzinfo) -> date:
    return local(at // SECOND * SECOND, zone).date()


def _midnight(day: date, zone: tzinfo) -> int:
    # Of a midnight that comes twice the first; of one that is skipped the moment of the change.
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * SECOND
