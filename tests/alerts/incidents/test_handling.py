"""Whether incidents are closed in time: which count, in which month, by whose working days."""

from datetime import date, datetime

import pytest

from alerts.calendar.calendar import Calendar, Stretch
from alerts.incidents.clocks import HANDLE, end_of
from alerts.incidents.handling import Handled, handled
from alerts.incidents.incident import Incident
from alerts.schooltime import SchoolTime
from core.clock import SECOND
from tests.alerts.incidents.making import DAY, HOUR, ZONE, made

NONE = Handled(0, 0, 0)


def at(day: int, month: int = 10, hour: int = 9) -> int:
    return int(datetime(2026, month, day, hour, tzinfo=ZONE).timestamp()) * SECOND


def weekday(day: date) -> bool:
    return day.weekday() < 5


def found(*incidents: Incident, now: int) -> tuple[Handled, Handled]:
    how = handled(incidents, HANDLE, now, ZONE, weekday)
    return how["worse"], how["ordinary"]


def grave(**known: int | str) -> Incident:
    return made(grade="较大", discovered_at=at(10), **known)


def test_an_incident_counts_once_its_time_is_over_and_as_failed_while_it_is_open() -> None:
    assert found(grave(), now=at(10) + 3 * DAY - 1) == (NONE, NONE)
    assert found(grave(), now=at(10) + 3 * DAY) == (Handled(0, 1, 1), NONE)
    late = grave(closed_at=at(10) + 3 * DAY + 1)
    assert found(late, now=at(20)) == (Handled(0, 1, 0), NONE)
    assert found(grave(closed_at=at(10) + 3 * DAY), now=at(20)) == (Handled(1, 1, 0), NONE)


def test_the_next_month_begins_anew_but_for_what_is_still_open() -> None:
    closed = grave(closed_at=at(30))
    assert found(closed, now=at(31)) == (Handled(0, 1, 0), NONE)
    assert found(closed, now=at(1, 11)) == (NONE, NONE)
    assert found(grave(), now=at(1, 11)) == (Handled(0, 1, 1), NONE)


@pytest.mark.parametrize("grade", ["一般", ""])
def test_what_nobody_graded_counts_as_proposed_and_a_false_alarm_never(grade: str) -> None:
    one = made(grade=grade, discovered_at=at(12))
    assert found(one, now=at(25)) == (NONE, Handled(0, 1, 1))
    assert found(made(grade="误报", discovered_at=at(12)), now=at(25)) == (NONE, NONE)


def test_working_days_leave_out_holidays_and_count_make_up_days() -> None:
    calendar = Calendar(
        holidays=(Stretch(date(2026, 10, 1), date(2026, 10, 7), name="国庆"),),
        workdays=(Stretch(date(2026, 10, 10), date(2026, 10, 10), follows=3),),
    )
    times = SchoolTime(ZONE, calendar)
    wednesday = at(30, 9)
    assert end_of("1wd", wednesday, ZONE, times.is_workday) == at(8)
    assert end_of("3wd", wednesday, ZONE, times.is_workday) == at(10), "a Saturday that is made up"
    assert end_of("4wd", wednesday, ZONE, times.is_workday) == at(12)


def test_offices_work_in_vacations_and_a_calendar_without_a_working_day_ends_all_the_same() -> None:
    term = (Stretch(date(2026, 9, 1), date(2026, 9, 30)),)
    times = SchoolTime(ZONE, Calendar(terms=term))
    assert not times.day(date(2026, 10, 8)).spans
    assert end_of("1wd", at(7), ZONE, times.is_workday) == at(8)
    assert end_of("1wd", at(7), ZONE, lambda _: False) > at(7) + 24 * HOUR
