"""Each clock of the law on a simulated clock: to whom it applies, when it is due, when overdue."""

from datetime import datetime
from pathlib import Path

import pytest

from alerts.incidents.clocks import CLOCKS, State, applies, due, end_of, read_incidents
from alerts.incidents.incident import Incident, Report
from core.clock import SECOND
from core.errors import ConfigError
from tests.alerts.incidents.making import DAY, HOUR, ZONE, made
from tests.collector.making import NOW

WORSE = ("较大", "重大", "特别重大")
OF_WORSE = ["cac_4h", "edu_urgent", "edu_progress", "edu_final"]


def names(incident: Incident) -> list[str]:
    return [one.name for one in CLOCKS if applies(one, incident)]


@pytest.mark.parametrize(
    ("incident", "asked"),
    [
        (made(), []),
        (made(grade="一般"), []),
        *((made(grade=one), OF_WORSE) for one in WORSE),
        # The clock runs by the proposal until a person says otherwise.
        (made(proposed="较大"), OF_WORSE),
        (made(proposed="较大", grade="一般"), []),
        (made(proposed="较大", grade="误报"), []),
        (made(grade="误报", concerns=frozenset({"crime"})), []),
        (made(grade="一般", concerns=frozenset({"crime"})), ["police_24h"]),
        (
            made(grade="一般", concerns=frozenset({"minors", "personal_data"})),
            ["minors", "personal_data"],
        ),
        (made(grade="一般", closed_at=NOW), []),
        (
            made(grade="较大", closed_at=NOW),
            [*OF_WORSE, "summary_30d"],
        ),
    ],
)
def test_which_clocks_an_incident_has(incident: Incident, asked: list[str]) -> None:
    assert names(incident) == asked


@pytest.mark.parametrize(
    ("name", "incident", "lasts"),
    [
        ("cac_4h", made(grade="较大"), 4 * HOUR),
        ("edu_urgent", made(grade="较大"), 2 * HOUR),
        ("edu_progress", made(grade="较大"), 8 * HOUR),
        ("police_24h", made(grade="一般", concerns=frozenset({"crime"})), 24 * HOUR),
        ("minors", made(grade="一般", concerns=frozenset({"minors"})), HOUR),
        ("personal_data", made(grade="一般", concerns=frozenset({"personal_data"})), 4 * HOUR),
    ],
)
def test_each_clock_waits_is_due_is_overdue_and_is_done(
    name: str, incident: Incident, lasts: int
) -> None:
    def state(at: int, *reports: Report) -> State:
        said = made(grade=incident.grade, concerns=incident.concerns, reports=reports)
        return next(one.state for one in due(CLOCKS, said, at, ZONE) if one.clock.name == name)

    end = NOW + lasts
    assert state(NOW) == "waits"
    assert state(NOW + lasts // 2) == "waits"
    assert state(NOW + lasts * 3 // 4) == "due"
    assert state(end) == "due"
    assert state(end + 1) == "overdue"
    assert state(end + DAY, Report(name, end, "王", "")) == "reported"
    assert state(end + DAY, Report(name, end + 1, "王", "")) == "reported_late"
    assert state(end + DAY, Report("another", end, "王", "")) == "overdue"


def test_the_summary_runs_from_closing_and_not_before() -> None:
    closed = NOW + 3 * DAY
    incident = made(grade="较大", closed_at=closed)
    found = due(CLOCKS, incident, closed, ZONE)[-1]
    assert found.clock.name == "summary_30d"
    assert (found.until, found.state) == (closed + 30 * DAY, "waits")
    late = due(CLOCKS, incident, closed + 30 * DAY + 1, ZONE)
    assert {one.clock.name: one.state for one in late}["summary_30d"] == "overdue"


def test_five_working_days_leave_out_the_weekend() -> None:
    thursday = int(datetime(2026, 11, 26, 16, 30, tzinfo=ZONE).timestamp()) * SECOND
    end = int(datetime(2026, 12, 3, 16, 30, tzinfo=ZONE).timestamp()) * SECOND
    assert end_of("5wd", thursday, ZONE) == end
    saturday = thursday + 2 * DAY
    assert end_of("1wd", saturday, ZONE) == saturday + 2 * DAY


def test_what_is_due_next_comes_first() -> None:
    found = due(CLOCKS, made(grade="重大"), NOW, ZONE)
    assert [one.clock.name for one in found] == [
        *("edu_urgent", "cac_4h", "edu_progress", "edu_final"),
    ]


def test_a_file_changes_adds_and_switches_off_clocks(tmp_path: Path) -> None:
    path = tmp_path / "incidents.toml"
    path.write_text(
        """kind = "incidents"
unit = "某区教育信息中心"
off = ["edu_progress"]
[[clock]]
name = "cac_4h"
step = "初报"
to = "市网信办"
to_en = "the city"
limit = "2h"
grades = ["较大"]
source = "本市规定"
tag = "P"
[[clock]]
name = "ours"
step = "初报"
to = "区教育局"
to_en = "the bureau"
limit = "1h"
grades = ["一般"]
kinds = ["EV-MAL-"]
source = "本区规定"
tag = "P"
""",
        "utf-8",
    )
    table = read_incidents(path)
    limits = {one.name: one.limit for one in table.clock}
    assert (limits["cac_4h"], limits["ours"], "edu_progress" in limits) == ("2h", "1h", False)
    ours = next(one for one in table.clock if one.name == "ours")
    assert applies(ours, made())
    assert not applies(ours, made(code="EV-ATK-ARP"))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('off = ["cac_4"]', "cac_4h"),
        (
            '[[clock]]\nname = "a"\nstep = "初报"\nto = "x"\nto_en = "x"\nlimit = "4h"\n'
            'source = "x"\ntag = "P"',
            "is for nothing",
        ),
        (
            '[[clock]]\nname = "a"\nstep = "初报"\nto = "x"\nto_en = "x"\nlimit = "soon"\n'
            'grades = ["较大"]\nsource = "x"\ntag = "P"',
            "limit",
        ),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, mistake: str, tmp_path: Path) -> None:
    path = tmp_path / "incidents.toml"
    path.write_text(f'kind = "incidents"\n{text}\n', "utf-8")
    with pytest.raises(ConfigError, match=mistake):
        read_incidents(path)
