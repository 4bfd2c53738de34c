"""The calendar with all of its files: read, checked, and taken over while the collector runs."""

from collections.abc import Callable, Sequence
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from alerts.calendar.timetable import Lesson
from alerts.schooltime import SchoolTime
from alerts.targets.days import Hours
from collector.cli import main
from collector.timetable.files import CalendarFiles, load
from collector.timetable.read import timetable
from core.clock import SECOND
from core.errors import ConfigError
from tests.alerts.stage import Stage

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOLIDAYS = Path(__file__).parents[2] / "cases/calendar/holidays.ics"
PERIODS: Sequence[Hours] = ((time(8), time(8, 40)), (time(8, 50), time(9, 30)))
HEADER = ["区划代码", "学校", "教室", "星期", "节次", "开始", "结束", "课程类型", "单双周", "课程"]
ROWS = [
    ["330102", "a", "302", "周一", "1", "", "", "直播课", "", "数学"],
    ["330102", "a", "302", "星期二", "第1-2节", "", "", "", "单周", "语文"],
    ["330102", "a", "303", "5", "", "8:00", "08:45", "互动", "双", ""],
    ["330102", "a", "", "周一", "1"],
    ["330102", "a", "302", "周八", "1"],
    ["330102", "a", "302", "周一", "9"],
    ["330102", "a", "302", "周一", "", "10:00", "9:00"],
    ["浙江", "a b", "302", "周一", "1"],
    ["# 以上为示例"],
    ["330102", "b", "101", "周日", "2", "", "", "", "每周"],
]


def as_csv(rows: list[list[str]], encoding: str = "utf-8-sig") -> bytes:
    return "\n".join(",".join(row) for row in rows).encode(encoding)


def as_xlsx(rows: list[list[str]], folder: Path) -> bytes:
    book = openpyxl.Workbook()
    assert book.active
    for row in rows:
        book.active.append([time(8) if cell == "8:00" else cell or None for cell in row])
    book.save(folder / "made.xlsx")
    return (folder / "made.xlsx").read_bytes()


def read(content: bytes) -> tuple[list[Lesson], list[int]]:
    found = timetable(Path("t"), content, "330102", "z", lambda _: PERIODS)
    return found.good, [one.line for one in found.bad]


@pytest.mark.parametrize("kind", ["utf-8-sig", "gb18030", "xlsx"])
def test_a_timetable_is_read_from_every_kind_of_spreadsheet(kind: str, tmp_path: Path) -> None:
    rows = [["某校课程表"], HEADER, *ROWS]
    content = as_xlsx(rows, tmp_path) if kind == "xlsx" else as_csv(rows, kind)
    good, bad = read(content)
    assert good == [
        Lesson("330102/a", "302", *PERIODS[0], weekday=0, live=True, subject="数学"),
        Lesson("330102/a", "302", time(8), time(9, 30), weekday=1, weeks="odd", subject="语文"),
        Lesson("330102/a", "303", time(8), time(8, 45), weekday=4, weeks="even", live=True),
        Lesson("330102/b", "101", *PERIODS[1], weekday=6),
    ]
    assert bad == [6, 7, 8, 9, 10]


def test_columns_may_be_english_and_the_school_that_of_the_file() -> None:
    content = b"room,weekday,start,end,type\n302,Mon,08:00,08:40,live\n"
    good, bad = read(content)
    assert good == [Lesson("330102/z", "302", *PERIODS[0], weekday=0, live=True)]
    assert bad == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        ("教室,星期\n1,2".encode(), "节次"),
        ("教室,节次\n1,2".encode(), "missing column 星期"),
        ("教室,教室,星期,节次".encode(), "is there twice"),
        (b"PK\x03\x04 is no workbook", "timetable|workbook"),
        (b"\x81\xff\xff", "neither UTF-8 nor GB18030"),
    ],
)
def test_what_is_no_timetable_is_refused_as_a_whole(content: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(content)


TEXT = """kind = "calendar"
periods = ["08:00-08:40", "08:50-09:30"]
[[holiday_file]]
file = "holidays.ics"
[[timetable_file]]
file = "timetable.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "calendar.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "holidays.ics").write_bytes(HOLIDAYS.read_bytes())
    (tmp_path / "timetable.csv").write_bytes(as_csv([HEADER, *ROWS]))
    return tmp_path


def test_bad_rows_of_every_file_are_named_and_counted(folder: Path) -> None:
    loaded = load(folder / "calendar.toml", SchoolTime(SHANGHAI), date(2026, 11, 23))
    assert {path.name: count for path, count in loaded.counts.items()} == {
        "holidays.ics": (9, 5),
        "timetable.csv": (9, 5),
    }
    assert loaded.refused == len(loaded.remarks) == 10
    assert f"{folder / 'timetable.csv'}:5: row refused: names no room" in loaded.remarks
    assert len(loaded.calendar.workdays) == 2


def test_the_command_names_every_row_and_shows_a_day(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calendar", "check", str(folder / "calendar.toml")]) == 1
    said = capsys.readouterr().out
    assert "holidays.ics:26: row refused" in said
    assert "4 lessons, 2 of them live, in 3 rooms" in said
    words = ["calendar", "show", str(folder / "calendar.toml"), "--school", "330102/a"]
    assert main([*words, "--day", "2026-10-10"]) == 0
    assert "make-up workday 国庆节 补班" in capsys.readouterr().out
    assert main([*words, "--day", "2026-11-23"]) == 0
    assert "08:00-08:40  room 302  数学  live" in capsys.readouterr().out
    (folder / "holidays.ics").unlink()
    assert main(["calendar", "check", str(folder / "calendar.toml")]) == 2


class Watched:
    """The calendar's files, on a stage whose audit log says what became of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stage = Stage(folder / "d1")
        self.times, self.taken = SchoolTime(SHANGHAI), list[int]()
        self.files = CalendarFiles(
            *(folder / "calendar.toml", self.times, self.stage.journal),
            lambda: self.taken.append(1),
            self.stage.clock,
            folder=folder,
        )

    def write(self, name: str, change: Callable[[bytes], bytes]) -> None:
        path = self.folder / name
        path.write_bytes(change(path.read_bytes()))
        for _ in range(3):
            self.files.look()

    def noted(self) -> list[str]:
        with self.stage.ledger.transaction() as db:
            rows = db.execute("SELECT body FROM event ORDER BY rowid").fetchall()
        kinds = ("config_taken", "config_unreadable")
        return [kind for (body,) in rows for kind in kinds if kind.encode() in bytes(body)]


def test_each_file_is_taken_over_and_a_broken_one_is_refused(folder: Path) -> None:
    watched = Watched(folder)
    monday, october = date(2026, 11, 23), date(2026, 10, 1)
    times = watched.times
    assert len(times.held(monday, "330102/a")) == 1
    assert times.day(october).lessons == 0
    watched.files.look()
    watched.write("timetable.csv", lambda text: text.replace("周一".encode(), "周三".encode()))
    assert len(times.held(monday, "330102/a")) == 0
    watched.write("timetable.csv", lambda _: b"nothing of the kind")
    assert len(times.held(date(2026, 11, 25), "330102/a")) == 1, "the old goes on"
    watched.write("holidays.ics", lambda text: text.replace(b"20261001", b"20261002"))
    assert times.day(october).lessons > 0, "the timetable that is broken holds up nothing"
    watched.write("calendar.toml", lambda text: text + b"\n[[holiday]]\n")
    assert len(watched.taken) == 2
    watched.write(
        "calendar.toml",
        lambda _: TEXT.encode() + b'[[exam]]\nname = "x"\nfirst = 2026-11-29\nlast = 2026-11-29\n',
    )
    assert times.day(date(2026, 11, 29)).lessons > 0
    assert len(watched.taken) == 3


def test_lessons_of_a_calendar_are_known_a_year_ahead_however_long_the_collector_runs(
    folder: Path,
) -> None:
    event = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123T020000Z\n"
        "DTEND:20261123T024000Z\nRRULE:FREQ=WEEKLY\nLOCATION:302\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    (folder / "timetable.csv").write_text(event, encoding="utf-8")
    where = 'region = "330102"\nschool = "a"\n'
    (folder / "calendar.toml").write_text(TEXT + where, encoding="utf-8")
    watched = Watched(folder)
    later = date(2028, 2, 7)
    assert watched.times.held(later, "330102/a") == []
    watched.stage.clock.at += 300 * 86_400 * SECOND
    watched.files.look()
    assert len(watched.times.held(later, "330102/a")) == 1
