"""Hours of UTC in days of a zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.rollups.times import HOUR, day_of, hour_of, hours_of, next_day
from core.clock import SECOND


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("zone", "at", "day", "first", "count"),
    [
        ("Asia/Shanghai", "2026-11-22T20:00Z", "2026-11-22T16:00Z", "2026-11-22T16:00Z", 24),
        # Midnight amid an hour of UTC: that hour is the day's before.
        ("Asia/Kolkata", "2026-11-22T20:00Z", "2026-11-22T18:30Z", "2026-11-22T19:00Z", 24),
        ("Asia/Kolkata", "2026-11-22T18:00Z", "2026-11-21T18:30Z", "2026-11-21T19:00Z", 24),
        ("Asia/Kathmandu", "2026-11-22T20:00Z", "2026-11-22T18:15Z", "2026-11-22T19:00Z", 24),
        # Clocks are changed: a day of 23 and one of 25 hours.
        ("Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00Z", "2026-03-28T23:00Z", 23),
        ("Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-24T22:00Z", 25),
        # Midnight is skipped, or comes twice.
        ("America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00Z", "2018-11-04T03:00Z", 23),
        ("America/Havana", "2026-11-01T12:00Z", "2026-11-01T04:00Z", "2026-11-01T04:00Z", 25),
        # By half an hour.
        ("Australia/Lord_Howe", "2026-04-04T20:00Z", "2026-04-04T13:00Z", "2026-04-04T13:00Z", 25),
    ],
)
def test_a_day_has_the_hours_that_begin_in_it(
    zone: str, at: str, day: str, first: str, count: int
) -> None:
    there = ZoneInfo(zone)
    assert day_of(ns(at), there) == ns(day)
    hours = hours_of(ns(day), there)
    assert (hours[0], len(hours)) == (ns(first), count)
    assert next_day(ns(day), there) <= hours[-1] + HOUR + HOUR


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001
    st.sampled_from(
        ["Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]
    ),
)
def test_every_hour_belongs_to_one_day(when: datetime, zone: str) -> None:
    there = ZoneInfo(zone)
    hour = hour_of(int(when.replace(tzinfo=UTC).timestamp()) * SECOND)
    day = day_of(hour, there)
    assert hour in hours_of(day, there)
    assert day_of(day, there) == day
    assert hours_of(day, there)[-1] + HOUR == hours_of(next_day(day, there), there)[0]
