"""Calendars as files: what is taken, and what is named by its line."""

from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.calendar import events as calendar_events
from alerts.calendar import ics
from alerts.calendar.calendar import At
from alerts.calendar.rows import Read
from alerts.calendar.timetable import Lesson

CASES = Path(__file__).parents[2] / "cases/calendar"
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 23)


def events(*blocks: str) -> bytes:
    lines = ["BEGIN:VCALENDAR"]
    for block in blocks:
        body = [line.strip() for line in block.strip().split("\n")]
        lines += ["BEGIN:VEVENT", *body, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def lessons(*blocks: str) -> Read[Lesson]:
    return ics.lessons(events(*blocks), "330102/a", "", SHANGHAI, TODAY)


def days(found: Read[Lesson]) -> list[str]:
    return [f"{one.day:%m-%d}" for one in found.good if one.day]


def test_holidays_and_make_up_workdays_are_told_apart_and_bad_events_are_named() -> None:
    found = ics.holidays((CASES / "holidays.ics").read_bytes(), At("330102"))
    assert [(work, str(one.first), str(one.last)) for work, one in found.good] == [
        (False, "2026-10-01", "2026-10-07"),
        (True, "2026-10-10", "2026-10-10"),
        (False, "2027-01-01", "2027-01-03"),
        (True, "2027-02-06", "2027-02-06"),
    ]
    assert {one.at for _, one in found.good} == {At("330102")}
    bad = [(one.line, one.text.split(" ")[0]) for one in found.bad]
    assert bad == [
        *((21, "DTSTART"), (26, "'元宵节'"), (38, "has"), (42, "lasts"), (48, "has")),
    ]
    assert found.rows == 9


WEEKLY = """
UID:w
DTSTART;TZID=Asia/Shanghai:20261102T100000
DTEND;TZID=Asia/Shanghai:20261102T104000
RRULE:FREQ=WEEKLY;UNTIL=20261207T160000Z
EXDATE;TZID=Asia/Shanghai:20261116T100000
LOCATION:302
SUMMARY:数学 同步课堂
"""


def test_an_event_that_recurs_is_a_lesson_on_each_of_its_days() -> None:
    found = lessons(WEEKLY)
    assert days(found) == ["11-02", "11-09", "11-23", "11-30", "12-07"]
    first = found.good[0]
    assert (first.room, first.begins, first.ends, first.live) == (
        *("302", time(10), time(10, 40), True),
    )


def test_a_lesson_that_was_moved_is_held_when_it_was_moved_to() -> None:
    moved = """
    UID:w
    RECURRENCE-ID;TZID=Asia/Shanghai:20261130T100000
    DTSTART;TZID=Asia/Shanghai:20261201T140000
    DURATION:PT45M
    LOCATION:303
    SUMMARY:数学
    """
    found = lessons(WEEKLY, moved)
    assert days(found) == ["11-02", "11-09", "11-23", "12-07", "12-01"]
    assert (found.good[-1].room, found.good[-1].ends) == ("303", time(14, 45))


def test_times_of_another_zone_are_those_of_the_district() -> None:
    found = lessons("UID:1\nDTSTART:20261124T020000Z\nDTEND:20261124T024000Z\nLOCATION:302")
    assert [(one.day, one.begins) for one in found.good] == [(date(2026, 11, 24), time(10))]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "FREQ=DAILY;COUNT=100000"],
)
def test_an_event_without_end_gives_no_more_than_a_year(rule: str) -> None:
    found = lessons(
        f"UID:1\nDTSTART:20200101T020000Z\nDTEND:20200101T030000Z\nRRULE:{rule}\nLOCATION:1"
    )
    assert 400 <= len(found.good) <= 432
    assert (found.good[0].day, found.bad) == (date(2026, 10, 23), [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DTSTART:20261124T020000Z\nDTEND:20261124T030000Z", "names no room"),
        ("DTSTART;VALUE=DATE:20261124\nLOCATION:1", "no time of day"),
        ("DTSTART:20261124T020000Z\nLOCATION:1", "neither DTEND nor DURATION"),
        ("DTSTART:20261124T020000Z\nDTEND:20261124T010000Z\nLOCATION:1", "ends on the day"),
        ("LOCATION:1", "no DTSTART"),
        *(
            (
                f"DTSTART:20261124T020000Z\nDTEND:20261124T030000Z\nLOCATION:1\nRRULE:FREQ={freq}",
                "DAILY or WEEKLY",
            )
            for freq in ("SECONDLY", "YEARLY")
        ),
        (
            "DTSTART:19000101T020000Z\nDTEND:19000101T030000Z\nLOCATION:1\nRRULE:FREQ=DAILY",
            "too long ago",
        ),
    ],
)
def test_a_lesson_that_makes_no_sense_is_named_and_stops_no_other(text: str, said: str) -> None:
    good = "DTSTART:20261124T020000Z\nDTEND:20261124T030000Z\nLOCATION:1"
    found = lessons(f"UID:1\n{text}", f"UID:2\n{good}")
    assert [one.line for one in found.bad] == [2]
    assert said in found.bad[0].text
    assert len(found.good) == 1


def test_what_is_no_calendar_gives_nothing_and_no_error() -> None:
    for content in (b"", b"\xff\xfe\x00", b"BEGIN:VEVENT\n" * 1_000, b"END:VEVENT\n"):
        found = ics.lessons(content, "330102/a", "1", SHANGHAI, TODAY)
        assert found.good == []
    assert not calendar_events.is_calendar(b"PK\x03\x04")
