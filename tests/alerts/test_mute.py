"""What is not told now, and why: silences, maintenance, and faults that wait for lessons."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from alerts import silences
from alerts.calendar.calendar import calendar_of
from alerts.calendar.file import hours_of, parse_calendar
from alerts.calendar.timetable import Lesson, Timetable
from alerts.facts import Wrong
from alerts.history import History, Muted, Stories, Wanted
from alerts.schooltime import SchoolTime
from alerts.silences import BadSilence, Matchers
from alerts.texts import Words
from collector.web.pages.silencepage import matchers_of
from core.alerts import Alert, AlertKey
from core.clock import SECOND
from core.timefields import WEEKDAYS
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, REGION, WHO

HOUR = 3600 * SECOND
SCHOOL = f"{REGION}/{WHO.school}"
LESSON = "302 mon 07:40-08:20"


def at(text: str) -> int:
    """Return a moment of the week in which the stages begin, as `Mon 07:10`."""
    day, clock = text.split()
    number = 23 + WEEKDAYS.index(day.lower())
    there = datetime.fromisoformat(f"2026-11-{number} {clock}").replace(tzinfo=SHANGHAI)
    return int(there.timestamp()) * SECOND


def lesson(text: str, *, live: bool = True) -> Lesson:
    room, day, hours = text.split()
    number = WEEKDAYS.index(day)
    return Lesson(SCHOOL, room, *hours_of(hours), weekday=number, live=live)


@dataclass
class Quiet:
    """A stage whose rules wait, with a calendar that tests replace."""

    folder: Path
    calendar: str = ""
    lessons: Sequence[Lesson] = ()
    stage: Stage = field(init=False)
    times: SchoolTime = field(default_factory=lambda: SchoolTime(SHANGHAI))

    def __post_init__(self) -> None:
        self.take(self.calendar)
        self.stage = Stage(self.folder / "d1", times=self.times)

    def take(self, calendar: str) -> None:
        text = f'kind = "calendar"\n{calendar}'
        file = parse_calendar(self.folder / "calendar.toml", text.encode())
        self.times.take(calendar_of(file, timetable=Timetable(tuple(self.lessons))))

    def sees(self, kind: str, target: str = "302", **more: str) -> None:
        details = {"room": target} if kind.startswith("room_") else {}
        one = Wrong(kind, SCHOOL, self.stage.clock.at, target, details, **more)
        self.stage.see(one, covers=[kind])

    def ends(self, kind: str) -> None:
        self.stage.see(covers=[kind])

    def until(self, moment: int, step: float = 15) -> None:
        """Let time pass; by large steps until three minutes before."""
        last = moment - 180 * SECOND
        if last > self.stage.clock.at:
            self.stage.wait((last - self.stage.clock.at) / SECOND, 300)
        self.stage.wait((moment - self.stage.clock.at) / SECOND, step)

    def told(self) -> list[tuple[str, str, str]]:
        """What was told: when by the clock, the reason, the severity."""
        return [
            (
                datetime.fromtimestamp(one.at / SECOND, SHANGHAI).strftime("%a %H:%M:%S"),
                one.reason,
                one.severity,
            )
            for one in self.stage.messages_made()
        ]

    def silence(self, last: int, **words: str) -> int:
        with self.stage.ledger.transaction() as db:
            made = silences.make(
                db,
                by="zhang",
                reason="更换投影机",
                matchers=Matchers(**words),
                ends_at=self.stage.clock.at + last,
                at=self.stage.clock.at,
            )
        self.stage.engine.silences_changed()
        return made.number

    def end_silence(self, number: int) -> bool:
        with self.stage.ledger.transaction() as db:
            ended = silences.end(db, number, "li", self.stage.clock.at)
        self.stage.engine.silences_changed()
        return ended

    def open(self) -> list[Alert]:
        return [one.alert for one in self.stage.engine.open_cases()]

    def stories(self) -> Stories:
        path = self.stage.folder / "ledger.db"
        return History(path, Words(str, SHANGHAI)).stories(Wanted())

    def mutes(self) -> list[Sequence[Muted]]:
        found = self.stories()
        return [story.mutes for story in (*found.open, *found.over)]


def since(*moments: float) -> list[int]:
    return [NOW + int(one * SECOND) for one in moments]


def test_what_waits_stands_in_the_list_with_why_and_its_story_says_how_long(
    tmp_path: Path,
) -> None:
    quiet = Quiet(tmp_path)
    quiet.sees("room_not_ready")
    quiet.until(NOW + 60 * SECOND)
    quiet.until(at("Mon 07:00"))
    (alert,) = quiet.open()
    assert (alert.state, alert.muted_by, alert.severity) == ("firing", "calendar", "P3")
    assert quiet.told() == []
    assert (quiet.stories().open_total, quiet.stories().severities) == (1, {})
    quiet.until(at("Mon 08:01"))
    assert quiet.told() == [("Mon 08:00:00", "FIRST", "P2")]
    assert quiet.stories().severities == {"P2": 1}
    fired, morning = since(60)[0], at("Mon 08:00")
    assert quiet.mutes() == [[Muted("calendar", fired, morning)]]


def test_a_fault_before_a_live_lesson_of_its_room_does_not_wait_and_is_one_higher(
    tmp_path: Path,
) -> None:
    quiet = Quiet(tmp_path, lessons=[lesson(LESSON)])
    quiet.sees("room_not_ready")
    quiet.until(at("Mon 07:11"))
    assert quiet.told() == [("Mon 07:10:00", "FIRST", "P2")]


def test_during_a_live_lesson_in_school_time_a_fault_is_one_higher(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path, lessons=[lesson("302教室 mon 10:00-10:40")])
    quiet.until(at("Mon 10:05"))
    quiet.sees("room_not_ready")
    quiet.sees("room_limited", "303")
    quiet.until(at("Mon 10:07"))
    quiet.until(at("Mon 10:16"))
    assert quiet.told() == [("Mon 10:06:00", "FIRST", "P1"), ("Mon 10:15:00", "FIRST", "P4")]


def test_a_lesson_of_another_room_or_one_that_is_not_live_changes_nothing(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path, lessons=[lesson(LESSON, live=False), lesson("303 mon 07:40-08:20")])
    quiet.sees("room_not_ready")
    quiet.until(at("Mon 08:01"))
    assert quiet.told() == [("Mon 08:00:00", "FIRST", "P2")]


def test_a_switch_that_is_down_before_any_live_lesson_of_its_school_does_not_wait(
    tmp_path: Path,
) -> None:
    quiet = Quiet(tmp_path, lessons=[lesson(LESSON)])
    quiet.sees("switch_down", "switch-3f")
    quiet.sees("device_fault", "printer-1")
    quiet.until(at("Mon 07:11"))
    quiet.until(at("Mon 08:01"))
    assert [(when, how) for when, _, how in quiet.told()] == [
        *(("Mon 07:10:00", "P2"), ("Mon 08:00:00", "P3")),
    ]


def test_a_holiday_is_waited_through_and_an_exam_is_not(tmp_path: Path) -> None:
    holidays = '[[holiday]]\nname = "运动会"\nfirst = 2026-11-23\nlast = 2026-11-24\n'
    quiet = Quiet(tmp_path, holidays)
    quiet.sees("device_fault", "printer-1")
    quiet.until(at("Wed 08:01"))
    assert quiet.told() == [("Wed 08:00:00", "FIRST", "P3")]
    other = tmp_path / "other"
    other.mkdir()
    exams = '[[exam]]\nname = "期中考试"\nfirst = 2026-11-24\nlast = 2026-11-24\n'
    quiet = Quiet(other, holidays + exams)
    quiet.sees("room_not_ready")
    quiet.until(at("Tue 07:31"))
    assert quiet.told() == [("Tue 07:30:00", "FIRST", "P2")]


def test_a_calendar_that_is_taken_over_wakes_what_waits_at_the_new_time(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    quiet.sees("device_fault", "printer-1")
    quiet.until(at("Mon 05:00"))
    quiet.take('hours = ["06:30-12:00"]')
    quiet.stage.engine.look_again()
    quiet.until(at("Mon 06:31"))
    assert quiet.told() == [("Mon 06:30:00", "FIRST", "P3")]


def test_what_is_silenced_is_told_when_the_silence_ends_if_it_still_lasts(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    number = quiet.silence(HOUR, rule="line_down", region=REGION)
    quiet.sees("line_down", "")
    quiet.until(NOW + 90 * SECOND)
    quiet.until(NOW + 600 * SECOND)
    assert [one.muted_by for one in quiet.open()] == [f"silence:{number}"]
    quiet.stage.restart()
    quiet.until(NOW + HOUR + 15 * SECOND)
    assert [(one.at - NOW) // SECOND for one in quiet.stage.messages_made()] == [3600]
    assert quiet.mutes() == [[Muted(f"silence:{number}", *since(90, 3600))]]


def test_a_silence_that_is_ended_before_its_time_wakes_what_it_held_at_once(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    number = quiet.silence(24 * HOUR, school=WHO.school, region=REGION)
    quiet.sees("power_lost", "ups-1")
    quiet.until(NOW + 100 * SECOND)
    assert quiet.end_silence(number)
    assert [(one.at - NOW) // SECOND for one in quiet.stage.messages_made()] == [100]
    assert not quiet.end_silence(number), "it is over"


def test_what_was_told_before_it_was_silenced_has_its_end_told(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    quiet.sees("power_lost", "ups-1")
    quiet.until(NOW + 60 * SECOND)
    quiet.silence(HOUR, rule="power_lost")
    assert [one.muted_by for one in quiet.open()] == ["silence:1"]
    quiet.ends("power_lost")
    assert [reason for _, reason, _ in quiet.told()] == ["FIRST", "ALL_RESOLVED"]
    assert quiet.mutes() == [[Muted("silence:1", *since(60, 60))]]


def test_what_begins_and_ends_within_a_silence_is_told_to_nobody(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    quiet.silence(HOUR, severity="P2")
    quiet.sees("power_lost", "ups-1")
    quiet.until(NOW + 30 * SECOND)
    quiet.until(NOW + 600 * SECOND)
    quiet.ends("power_lost")
    quiet.until(NOW + 2 * HOUR)
    assert quiet.told() == []
    assert quiet.mutes() == [[Muted("silence:1", *since(30, 600))]]


def test_a_silence_holds_back_only_what_it_names(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    quiet.silence(HOUR, rule="power_lost", target="ups-1")
    quiet.stage.see(
        *(Wrong("power_lost", SCHOOL, NOW, one) for one in ("ups-1", "ups-2")),
        covers=["power_lost"],
    )
    quiet.until(NOW + 60 * SECOND)
    (message,) = quiet.stage.messages_made()
    assert message.alerts[0].alert.key.target == "ups-2"


def test_a_silence_of_one_condition_holds_back_no_other_of_its_target() -> None:
    port, other = (AlertKey("link_down", "330100/school-1/host", "switch-2", n) for n in "56")
    same, place = (matchers_of(port, scope) for scope in ("same", "place"))
    assert [same.match(key, "P3") for key in (port, other)] == [True, False]
    assert [place.match(key, "P3") for key in (port, other)] == [True, True]


MAINTENANCE = """
[[maintenance]]
name = "核心交换机升级"
reason = "更换固件"
begins = 2026-11-23T03:00:00
ends = 2026-11-23T05:00:00
region = "330100"
"""
WEEKLY = """
[[weekly_maintenance]]
name = "weekly"
reason = "服务器重启"
weekdays = ["mon"]
hours = "03:00-05:00"
zone = "Asia/Shanghai"
rule = "power_lost"
"""


@pytest.mark.parametrize(("text", "name"), [(MAINTENANCE, "核心交换机升级"), (WEEKLY, "weekly")])
def test_what_breaks_while_it_is_maintained_is_told_when_that_ends(
    tmp_path: Path, text: str, name: str
) -> None:
    quiet = Quiet(tmp_path, text)
    quiet.sees("power_lost", "ups-1")
    quiet.until(at("Mon 04:00"))
    assert [one.muted_by for one in quiet.open()] == [f"maintenance:{name}"]
    quiet.until(at("Mon 05:01"))
    assert quiet.told() == [("Mon 05:00:00", "FIRST", "P2")]


def test_a_silence_of_what_is_urgent_holds_what_becomes_so_in_the_morning(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    quiet.silence(24 * HOUR, severity="P2")
    quiet.sees("room_not_ready")
    quiet.until(at("Mon 08:01"))
    assert quiet.told() == []
    assert [one.muted_by for one in quiet.open()] == ["silence:1"]


def test_what_waits_for_a_summary_and_is_silenced_is_not_told_in_it(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    ups = [Wrong("power_lost", SCHOOL, NOW, f"ups-{n}") for n in range(8)]
    quiet.stage.see(*ups, covers=["power_lost"])
    quiet.until(NOW + 30 * SECOND)
    told = len(quiet.told())
    assert 0 < told < len(ups), "the others wait for a summary"
    quiet.silence(HOUR, rule="power_lost")
    quiet.until(NOW + HOUR)
    assert len(quiet.told()) == told
    quiet.until(NOW + 2 * HOUR)
    assert sum(one.total for one in quiet.stage.messages_made()) == len(ups)


def test_maintenance_that_begins_shows_at_what_is_open(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path, MAINTENANCE.replace("03:00", "04:00"))
    quiet.sees("power_lost", "ups-1")
    quiet.until(at("Mon 03:59"))
    assert [one.muted_by for one in quiet.open()] == [""]
    quiet.until(at("Mon 04:01"))
    assert [one.muted_by for one in quiet.open()] == ["maintenance:核心交换机升级"]
    quiet.until(at("Mon 06:00"))
    assert [one.muted_by for one in quiet.open()] == [""]
    assert len(quiet.told()) == 1, "it was told before"


def test_what_is_hidden_names_the_very_alert_and_is_told_when_it_outlasts_it(
    tmp_path: Path,
) -> None:
    quiet = Quiet(tmp_path)
    quiet.until(at("Mon 09:00"))
    switches = [Wrong("switch_down", SCHOOL, quiet.stage.clock.at, f"switch-{n}") for n in "12"]
    room = Wrong(
        *("room_not_ready", SCHOOL, quiet.stage.clock.at, "302"),
        part_of="switch_down",
        whole="switch-2",
    )
    quiet.stage.see(room, covers=["room_not_ready"])
    quiet.stage.see(*switches, covers=["switch_down"])
    quiet.until(at("Mon 09:02"))
    quiet.stage.see(room, covers=["room_not_ready"])
    by_target = {one.key.target: one for one in quiet.open()}
    assert by_target["302"].hidden_by == "switch_down"
    assert by_target["302"].hider == by_target["switch-2"].number
    assert len(quiet.told()) == 2, "both switches"
    quiet.stage.see(switches[0], covers=["switch_down"])
    quiet.sees("room_not_ready")
    assert quiet.told()[-1] == ("Mon 09:02:00", "FIRST", "P2")
    assert [one.by for one in quiet.mutes()[-1]] == []
    spans = next(one for one in quiet.mutes() if one)
    assert [one.by for one in spans] == [f"alert:{by_target['switch-2'].number}"]


def test_what_is_unknown_is_hidden_only_while_what_explains_it_is_told_of(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path)
    quiet.until(at("Mon 09:00"))
    began = quiet.stage.clock.at
    silent = Wrong("agent_silent", str(WHO), began)
    unknown = Wrong("school_unknown", SCHOOL, began, part_of="agent_silent")
    quiet.stage.see(silent, covers=["agent_silent"])
    quiet.stage.see(unknown, covers=["school_unknown"])
    quiet.until(at("Mon 11:00"))
    by_rule = {one.key.rule: one for one in quiet.open()}
    assert by_rule["school_unknown"].hider == by_rule["agent_silent"].number
    assert [severity for _, _, severity in quiet.told()] == ["P2"]
    quiet.stage.see(covers=["agent_silent"])
    quiet.stage.see(unknown, covers=["school_unknown"])
    assert quiet.told()[1:] == [
        *(("Mon 11:00:00", "ALL_RESOLVED", "P2"), ("Mon 11:00:00", "FIRST", "P3")),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": " "}, "needs a reason"),
        ({"by": ""}, "nobody is named"),
        ({"ends_at": NOW}, "ends before it begins"),
        ({"ends_at": NOW + 31 * 24 * HOUR}, "longer than 30 days"),
        ({"matchers": Matchers()}, "names no alerts"),
        ({"matchers": Matchers(rule="a\nb")}, "cannot be shown"),
        ({"matchers": Matchers(region="x/y")}, "are as in topics"),
        ({"matchers": Matchers(school="s")}, "needs its region"),
        ({"matchers": Matchers(severity="P9")}, "severity is none of"),
    ],
)
def test_a_silence_without_reason_end_or_words_is_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    stage = Stage(tmp_path / "d1")
    words = {"by": "z", "reason": "r", "matchers": Matchers(rule="x"), "ends_at": NOW + HOUR}
    with (
        stage.ledger.transaction() as db,
        pytest.raises(BadSilence, match=said),
    ):
        silences.make(db, at=NOW, **{**words, **change})  # type: ignore[arg-type]
    with stage.ledger.transaction() as db:
        assert silences.list_(db) == []
