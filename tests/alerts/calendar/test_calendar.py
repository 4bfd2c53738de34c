"""Days with lessons and days without, for every school, and how long school time lasts."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.calendar.calendar import STALE, Calendar, Stretch, calendar_of
from alerts.calendar.file import CalendarFile, parse_calendar
from alerts.calendar.maintenance import Maintained
from alerts.calendar.timetable import Lesson, Timetable, room_word
from alerts.schooltime import SchoolTime
from core.clock import SECOND
from core.errors import ConfigError

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MINUTE = 60 * SECOND
URUMQI, LHASA = "650100/s1", "540100/s1"
TEXT = """
hours = ["08:00-12:00", "14:00-17:30"]
before_live_min = 15
[[term]]
name = "autumn"
first = 2026-09-01
last = 2027-01-22
[[term]]
name = "spring"
first = 2027-02-22
last = 2027-07-02
[[term]]
name = "autumn of the plateau"
first = 2026-08-20
last = 2026-12-31
region = "540100"
[[holiday]]
name = "national day"
first = 2026-10-01
last = 2026-10-07
[[holiday]]
name = "sports"
first = 2026-11-05
last = 2026-11-06
region = "330102"
school = "a"
[[workday]]
day = 2026-10-10
follows = "thu"
[[exam]]
name = "gaokao"
first = 2027-06-05
last = 2027-06-07
[[hours_of]]
region = "650100"
hours = ["10:00-13:30", "15:30-19:30"]
[[hours_of]]
region = "650100"
school = "night"
hours = ["20:00-22:00"]
"""


def file_of(text: str) -> CalendarFile:
    return parse_calendar(Path("calendar.toml"), f'kind = "calendar"\n{text}'.encode())


def times_of(text: str = TEXT, *lessons: Lesson) -> SchoolTime:
    return SchoolTime(SHANGHAI, calendar_of(file_of(text), timetable=Timetable(lessons)))


def ns(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("day", "school", "minutes"),
    [
        ("2026-09-01", "330102/a", 450),
        ("2026-08-31", "330102/a", 0),
        ("2026-08-31", LHASA, 450),
        ("2027-01-04", LHASA, 0),
        ("2026-10-01", "330102/a", 0),
        ("2026-10-10", "330102/a", 450),
        ("2026-10-11", "330102/a", 0),
        ("2026-11-05", "330102/a", 0),
        ("2026-11-05", "330102/b", 450),
        ("2027-06-05", "330102/a", 450),
        ("2027-06-12", "330102/a", 0),
        ("2026-10-09", URUMQI, 450),
        ("2026-10-09", "650100/night", 120),
        ("2027-02-01", "", 0),
        ("2028-06-01", "", 450),
        ("2028-06-03", "", 0),
        ("2026-05-06", "", 450),
    ],
)
def test_a_day_has_the_school_time_that_the_calendar_gives_it(
    day: str, school: str, minutes: int
) -> None:
    assert times_of().day(date.fromisoformat(day), school).lessons == minutes * MINUTE


def test_without_a_calendar_lessons_are_held_from_monday_to_friday() -> None:
    times = SchoolTime(SHANGHAI)
    held = [n for n in range(7) if times.day(date(2026, 11, 23 + n)).lessons]
    assert held == [0, 1, 2, 3, 4]
    assert times.day(date(2026, 11, 23)).lessons == 570 * MINUTE


def test_lessons_are_held_from_the_first_minute_to_before_the_last() -> None:
    times = times_of()
    moments = ("07:59:59", "08:00", "11:59:59", "12:00", "14:00", "17:29:59", "17:30")
    held = [times.lessons(ns(f"2026-11-23 {one}"), "330102/a") for one in moments]
    assert held == [False, True, True, False, True, True, False]
    assert times.lessons(ns("2026-11-23 18:00"), URUMQI)


def test_school_time_begins_next_when_the_calendar_says_so() -> None:
    times = times_of()
    asked = {
        "2026-11-23 07:00": "2026-11-23 08:00",
        "2026-11-23 08:00": "2026-11-23 14:00",
        "2026-09-30 20:00": "2026-10-08 08:00",
        "2027-01-22 18:00": "2027-02-22 08:00",
    }
    assert {one: times.begins(ns(one), "330102/b") for one in asked} == {
        one: ns(other) for one, other in asked.items()
    }


def test_a_calendar_that_nobody_goes_on_with_holds_nothing_back_for_good() -> None:
    times = times_of()
    last = date(2027, 7, 2)
    summer = [times.day(last + timedelta(days=n)).lessons for n in range(1, STALE.days + 1)]
    assert not any(summer)
    assert times.begins(ns("2027-07-03 00:00")) == ns("2027-09-13 08:00")


def test_one_more_calendar_replaces_the_first_for_whoever_asks() -> None:
    times = times_of()
    before = times.day(date(2026, 11, 23)).lessons
    times.take(calendar_of(file_of('hours = ["09:00-10:00"]')))
    assert (before, times.day(date(2026, 11, 23)).lessons) == (450 * MINUTE, 60 * MINUTE)


@pytest.mark.parametrize("zone", [SHANGHAI, BERLIN], ids=str)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_how_long_school_time_lasts_is_the_sum_of_its_parts(
    zone: ZoneInfo, data: st.DataObject
) -> None:
    """Also over nights in which the clock is put forward or back, and in their very hours."""
    text = TEXT.replace('["08:00-12:00", "14:00-17:30"]', '["01:30-03:15", "14:00-17:30"]')
    more = "[[workday]]\nday = 2026-10-25\n[[workday]]\nday = 2027-03-28\n"
    times = SchoolTime(zone, calendar_of(file_of(text + more)))
    first = ns("2026-09-20 00:00", zone)
    moments = st.integers(first, first + 220 * 86_400 * SECOND)
    marks = sorted(data.draw(st.lists(moments, min_size=3, max_size=8)))
    parts = [times.lasting(one, other) for one, other in pairwise(marks)]
    assert sum(parts) == times.lasting(marks[0], marks[-1])
    assert all(0 <= part <= b - a for part, (a, b) in zip(parts, pairwise(marks)))
    assert times.lasting(marks[-1], marks[0]) == 0
    for moment in marks:
        held = times.lasting(moment, moment + 1)
        assert held == int(times.lessons(moment))


def test_a_day_on_which_the_clock_changes_has_the_hours_that_pass() -> None:
    calendar = calendar_of(file_of('hours = ["01:00-04:00"]'))
    workdays = tuple(Stretch(day, day) for day in (date(2026, 10, 25), date(2027, 3, 28)))
    times = SchoolTime(BERLIN, Calendar(calendar.teaching, workdays=workdays))
    hours = [times.day(one.first).lessons // (60 * MINUTE) for one in workdays]
    assert hours == [4, 2]


def lesson(weekday: int, **more: object) -> Lesson:
    begins, ends = (
        datetime.fromisoformat(f"2026-01-01 {one}").time() for one in ("10:00", "10:40")
    )
    return Lesson("330102/a", "302", begins, ends, weekday=weekday, **more)  # type: ignore[arg-type]


def test_a_make_up_workday_has_the_timetable_of_the_day_that_it_follows() -> None:
    times = times_of(TEXT, lesson(3, subject="thursday"), lesson(5, subject="saturday"))
    held = times.held(date(2026, 10, 10), "330102/a", "302教室")
    assert [one.lesson and one.lesson.subject for one in held] == ["thursday"]
    assert times.held(date(2026, 10, 17), "330102/a") == [], "an ordinary Saturday"


def test_odd_and_even_weeks_count_from_the_first_week_of_the_term() -> None:
    times = times_of(TEXT, lesson(1, weeks="odd"))
    tuesdays = [date(2026, 9, 1) + timedelta(weeks=n) for n in range(4)]
    assert [bool(times.held(day, "330102/a")) for day in tuesdays] == [True, False, True, False]


def test_a_live_lesson_is_near_from_some_minutes_before_until_it_is_over() -> None:
    times = times_of(TEXT, lesson(0, live=True), lesson(1))
    moments = ("09:44", "09:45", "10:39", "10:40")
    near = [times.is_live(ns(f"2026-11-23 {one}"), "330102/a", "302") for one in moments]
    assert near == [False, True, True, False]
    assert not times.is_live(ns("2026-11-23 10:00"), "330102/a", "303")
    assert times.is_live(ns("2026-11-23 10:00"), "330102/a"), "any room"
    assert not times.is_live(ns("2026-11-24 10:00"), "330102/a"), "one that is not live"
    assert times.live(ns("2026-11-24 10:00"), "330102/a", "302") == ns("2026-11-30 09:45")


def test_an_exam_is_as_urgent_as_a_live_lesson_in_every_room() -> None:
    times = times_of()
    moments = ("07:44", "07:45", "11:00", "12:30", "13:45", "17:29", "17:30")
    near = [times.is_live(ns(f"2027-06-05 {one}"), "330102/a", "302") for one in moments]
    assert near == [False, True, True, False, True, True, False]


@pytest.mark.parametrize("written", ["302", " 302 教室", "302教室", "３０２"])
def test_a_room_is_found_by_what_people_call_it(written: str) -> None:
    assert room_word(written) == "302"


def test_a_window_over_midnight_is_of_the_day_on_which_it_begins() -> None:
    text = """
    [[weekly_maintenance]]
    name = "w"
    reason = "r"
    weekdays = ["sat"]
    hours = "22:00-02:00"
    """
    window = Maintained(file_of(text).weekly_maintenance[0])
    moments = ("11-28 21:59", "11-28 22:00", "11-29 01:59", "11-29 02:00", "11-29 23:00")
    inside = [bool(window.until(ns(f"2026-{one}"), SHANGHAI)) for one in moments]
    assert inside == [False, True, True, False, False]
    assert window.next_change(ns("2026-11-29 02:00"), SHANGHAI) == ns("2026-12-05 22:00")


@pytest.mark.parametrize("night", ["2026-10-24", "2027-03-27"])
def test_a_window_of_a_night_in_which_the_clock_changes_begins_and_ends_once(night: str) -> None:
    text = """
    [[weekly_maintenance]]
    name = "w"
    reason = "r"
    weekdays = ["sat"]
    hours = "22:00-06:00"
    zone = "Europe/Berlin"
    """
    window = Maintained(file_of(text).weekly_maintenance[0])
    begins = window.next_change(ns(f"{night} 12:00", BERLIN), SHANGHAI)
    assert begins == ns(f"{night} 22:00", BERLIN)
    ends = window.until(begins, SHANGHAI)
    morning = date.fromisoformat(night) + timedelta(days=1)
    assert ends == ns(f"{morning} 06:00", BERLIN) == window.next_change(begins, SHANGHAI)


@pytest.mark.parametrize(("hours", "minutes"), [("02:30-03:30", 60), ("02:10-02:50", 40)])
def test_a_window_that_begins_in_the_hour_that_is_left_out_lasts_as_long_as_any(
    hours: str, minutes: int
) -> None:
    text = f"""
    [[weekly_maintenance]]
    name = "w"
    reason = "r"
    weekdays = ["sun"]
    hours = "{hours}"
    zone = "Europe/Berlin"
    """
    window = Maintained(file_of(text).weekly_maintenance[0])
    begins = window.next_change(ns("2027-03-28 00:00", BERLIN), SHANGHAI)
    assert window.until(begins, SHANGHAI) - begins == minutes * 60 * 10**9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("holday = []", "did you mean"),
        ('hours = ["8-12"]', "expected a time of day"),
        ('hours = ["12:00-08:00"]', "ends before it begins"),
        ('hours = ["08:00-12:00", "11:00-13:00"]', "before the one before it has ended"),
        ('[[term]]\nname = "t"\nfirst = 2026-09-01\nlast = 2026-08-01', "5: last is 2026-08-01"),
        ('[[holiday]]\nname = "h"\nfirst = "soon"\nlast = 2026-09-01', "a day, as"),
        ('[[workday]]\nday = 2026-09-01\nschool = "a"', "school needs its region"),
        ('[[workday]]\nday = 2026-09-01\nfollows = "montag"', "follows"),
        ('[[maintenance]]\nname = "m"\nreason = "r"\nbegins = 2026-09-01', "missing key 'ends'"),
        (
            '[[maintenance]]\nname = "m"\nreason = "r"\n'
            "begins = 2026-09-01T10:00:00\nends = 2026-09-01T09:00:00",
            "ends is not later",
        ),
        (
            '[[weekly_maintenance]]\nname = "m"\nreason = "r"\nweekdays = ["sat"]\n'
            'hours = "22:00-02:00"\nzone = "Mars/Base"',
            'zone is "Mars/Base"; expected a name as',
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        file_of(text)
