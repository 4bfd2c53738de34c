"""A made-up district follows from its seed, and its roster is in order."""

from collections import Counter
from pathlib import Path

import pytest

from collector.linecheck import LineCheck
from collector.roster import read_roster
from core.clock import SECOND
from core.errors import ConfigError
from core.lineprotocol import encode
from simulator.cli import asked
from simulator.conditions import WELL, Conditions
from simulator.days import Days
from simulator.district import HOST, district
from simulator.faults import Troubles
from simulator.machine import Machine
from simulator.roster import roster_csv, write_roster
from simulator.scenario import DistrictTable, Scenario
from simulator.truth import history_of

REGIONS = ("330100", "330200")
WEDNESDAY = 1_795_572_000
"""2026-11-25 10:00 in China."""
SUNDAY = WEDNESDAY + 4 * 86_400


def test_the_same_seed_gives_the_same_schools_and_a_larger_district_begins_with_a_smaller() -> None:
    assert district(7, 40, REGIONS)[:20] == district(7, 20, REGIONS)
    assert district(7, 20, REGIONS) != district(8, 20, REGIONS)


def test_a_roster_of_a_thousand_schools_has_nothing_to_be_corrected(tmp_path: Path) -> None:
    schools = district(1, 1_000, REGIONS)
    write_roster(tmp_path / "roster.csv", schools)
    roster = read_roster(tmp_path / "roster.csv")
    assert roster.said() == []
    rows = {row.school: row for row in roster.schools}
    assert len({row.name for row in rows.values()}) == len(rows) == 1_000
    for school in schools:
        row = rows[school.school]
        assert (row.area, row.type, row.link) == (school.area, school.type, school.line.word)
        assert (row.contracted_mbps, row.target_mbps) == (school.contracted, school.target)
        assert row.teaching_point == (school.type == "teaching_point")
        assert row.missing_owners == ()
    assert Counter(row.area for row in rows.values()).keys() == {"urban", "town", "rural"}
    assert roster_csv(schools) == roster_csv(district(1, 1_000, REGIONS))


def test_a_collector_keeps_whatever_the_machines_of_a_district_read() -> None:
    troubled = Conditions(
        line=False, port=False, backup=True, loss=20, platform=20_000, names=False, disk=97
    )
    for now in (WELL, troubled, Conditions(line=False), Conditions(loss=8, clock=90_000)):
        for school in district(3, 30, REGIONS):
            for agent in school.agents:
                readings = list(Machine(school, Days(), agent).readings(WEDNESDAY, now))
                body = b"".join(encode(one) + b"\n" for one in readings)
                at = WEDNESDAY * SECOND
                checked = LineCheck().check(body, school.who(agent), at, accounted=True)
                assert (checked.good, checked.refused, checked.stripped) == (len(readings), [], 0)


def test_lessons_are_busier_than_a_sunday_and_counters_never_go_back() -> None:
    school = next(one for one in district(1, 40, REGIONS) if not one.off_at_night)
    machine, days = Machine(school, Days()), Days()
    assert days.hour(WEDNESDAY // 3_600).activity > 10 * days.hour(SUNDAY // 3_600).activity
    number = next(n for n, one in enumerate(machine.series) if one.measurement == "net")
    before = 0
    for at in range(WEDNESDAY, WEDNESDAY + 86_400, 600):
        counted = machine.fields(number, at, WELL)["bytes_recv"]
        started = machine.booted(at, WELL) > at - 600
        assert isinstance(counted, int)
        assert started or counted >= before
        before = counted


def test_some_schools_switch_their_machines_off_at_night_and_on_sundays() -> None:
    machines = [Machine(one, Days(), HOST) for one in district(1, 100, REGIONS)]
    sleepers = [one for one in machines if not one.runs(SUNDAY)]
    assert 5 < len(sleepers) < 60
    assert all(one.runs(WEDNESDAY) for one in machines)
    always = [Machine(one.school, Days(always=True)) for one in sleepers]
    assert all(one.runs(SUNDAY) for one in always)


def test_a_day_has_the_same_faults_whichever_time_is_asked_for() -> None:
    scenario = Scenario(district=DistrictTable(schools=50))
    schools = scenario.schools()
    troubles = Troubles(scenario, schools, scenario.calendar(), WEDNESDAY)
    day, found = 86_400, 0
    for school in schools:
        wide = history_of(troubles, school, WEDNESDAY, WEDNESDAY + day)
        narrow = troubles.of(school, WEDNESDAY, WEDNESDAY + day)
        assert narrow == [one for one in wide if one.stop > WEDNESDAY]
        found += len(wide)
    assert found > 50


def test_a_fault_of_a_school_that_is_not_there_is_named_with_the_nearest_one(
    tmp_path: Path,
) -> None:
    file = tmp_path / "scenario.toml"
    fault = '[[faults]]\nkind = "line_cut"\nbegins = "10:15"\nschools = ["s0025"]\n'
    file.write_text(f'kind = "scenario"\n{fault}')
    with pytest.raises(ConfigError, match=r"scenario\.toml: .*'s0025'.*did you mean 's002"):
        asked(file, None, None)
    assert asked(file, 30, 4).district.seed == 4
