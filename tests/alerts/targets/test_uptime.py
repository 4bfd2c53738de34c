"""I-03: a day of one line, minute by minute, and days in zones where they are not 24 hours."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from alerts.targets.days import Day, day_at, day_of, days_of_month, month_before
from alerts.targets.uptime import Line, Uptime
from core.clock import SECOND
from tests.alerts.targets.making import HOUR, MINUTE, ZONE

MONDAY = day_of(date(2026, 11, 23), ZONE)
SATURDAY = day_of(date(2026, 11, 28), ZONE)


def at(text: str, day: Day = MONDAY) -> int:
    hours, minutes = map(int, text.split(":"))
    return day.start + hours * HOUR + minutes * MINUTE


def played(steps: list[tuple[str, Line]], until: str, day: Day = MONDAY) -> tuple[int, int]:
    """Return minutes up and minutes known."""
    uptime = Uptime()
    for when, line in steps:
        uptime = uptime.turned(line, day.lessons_until(at(when, day)))
    up, known = uptime.until(day.lessons_until(at(until, day)))
    return up // MINUTE, known // MINUTE


@pytest.mark.parametrize(
    ("steps", "until", "up", "known"),
    [
        ([("00:00", "up")], "23:59", 570, 570),
        ([("00:00", "up")], "08:00", 0, 0),
        ([("00:00", "up")], "08:01", 1, 1),
        ([("00:00", "up"), ("07:00", "down"), ("07:59", "up")], "23:00", 570, 570),
        ([("00:00", "up"), ("10:00", "down"), ("10:30", "up")], "23:00", 540, 570),
        ([("00:00", "up"), ("10:00", "unknown"), ("10:30", "up")], "23:00", 540, 540),
        ([("00:00", "up"), ("10:00", "unknown"), ("10:10", "down")], "11:00", 120, 170),
        ([("00:00", "up"), ("17:00", "down"), ("19:00", "up")], "23:00", 540, 570),
        ([("09:00", "down")], "10:00", 0, 60),
        ([], "17:30", 0, 0),
    ],
)
def test_up_and_known_are_counted_in_school_time(
    steps: list[tuple[str, Line]], until: str, up: int, known: int
) -> None:
    assert played(steps, until) == (up, known)


def test_a_weekend_has_no_school_time() -> None:
    assert SATURDAY.lessons == 0
    assert played([("00:00", "down")], "23:00", SATURDAY) == (0, 0)


def test_nothing_is_added_to_a_day_that_is_closed() -> None:
    uptime = Uptime().turned("up", 0).closed(10 * MINUTE)
    assert uptime.until(500 * MINUTE) == (10 * MINUTE, 10 * MINUTE)
    assert uptime.line == "up"


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    uptime = Uptime().turned("up", 0).turned("down", 60 * MINUTE).turned("up", 30 * MINUTE)
    assert uptime.until(90 * MINUTE) == (90 * MINUTE, 90 * MINUTE)


def test_days_have_their_own_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    lengths = {day_of(date(2026, *md), berlin) for md in ((3, 29), (10, 25), (11, 2))}
    assert sorted((day.stop - day.start) // HOUR for day in lengths) == [23, 24, 25]
    assert all(day_at(day.start, berlin) == day_at(day.stop - SECOND, berlin) for day in lengths)


def test_the_days_of_a_month_end_with_it_or_today() -> None:
    november = date(2026, 11, 1)
    assert len(days_of_month(november, date(2027, 1, 1))) == 30
    assert len(days_of_month(november, date(2026, 11, 3))) == 3
    assert month_before(date(2026, 1, 31)) == date(2025, 12, 1)
