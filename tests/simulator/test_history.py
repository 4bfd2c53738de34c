"""A history that is written cheaply is what the collector would have made of the readings."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from agent.filter import ChangeFilter
from collector.rollups.series import day_point, hour_point, rollup_fields
from collector.store.base import RangeQuery
from collector.store.sqlite import SqliteStore
from core.catalog import CATALOG
from core.clock import SECOND
from core.lineprotocol import encode_head, parse
from core.types import Reading, Value
from simulator.course import SchoolCourse, course_of
from simulator.faults import Troubles
from simulator.history.own import events
from simulator.history.raw import raw_lines
from simulator.history.rolling import Cheap, Rolling, Source
from simulator.history.sink import Target
from simulator.history.sources import MachineSeries, SchoolSeries, sources_of
from simulator.history.writing import Job, Window, write
from simulator.scenario import ChanceTable, DistrictTable, FaultKind, FaultTable, Scenario
from simulator.targets import Targets
from simulator.truth import Sums, sums

NOON = 1_795_582_800
"""2026-11-25 13:00 in China, a Wednesday."""
HOUR_S, DAY_S = 3_600, 86_400
CALM = ChanceTable(**dict.fromkeys(ChanceTable.__struct_fields__, 0.0))
FAULTS = (
    FaultTable(kind="line_cut", begins="2026-11-25 09:20", lasts="25m", schools=("s0004",)),
    FaultTable(kind="congested", begins="2026-11-25 11:10", lasts="40m", schools=("s0002",)),
    FaultTable(kind="slow_platform", begins="2026-11-25 08:30", lasts="30m", value=12_000),
)
SCENARIO = Scenario(district=DistrictTable(schools=4), chance=CALM, faults=FAULTS)


CALM_SCENARIO = Scenario(district=DistrictTable(schools=4), chance=CALM)
SCHOOLS = range(4)
CUT = 3
"""The number of the school whose line is cut, and that is probed from outside."""


def course(number: int, start: int, stop: int, scenario: Scenario = SCENARIO) -> SchoolCourse:
    schools, days = scenario.schools(), scenario.calendar()
    return course_of(Troubles(scenario, schools, days, start), schools[number], days, start, stop)


def sampled(source: Source, of: SchoolCourse, hour: int) -> Mapping[str, Value]:
    """Return the rollup of an hour as the collector makes it, from points of every minute."""
    said: dict[str, list[tuple[int, Value]]] = {}
    for at in range(hour * HOUR_S - 600, (hour + 1) * HOUR_S, 60):
        for name, value in source.sample(at, of.at(at)).items():
            said.setdefault(name, []).append((at * SECOND, value))
    point = hour_point(CATALOG[source.measurement], {}, said, hour * HOUR_S * SECOND)
    assert point is not None
    return point.fields


@pytest.mark.parametrize("hour", [NOON // HOUR_S - 2, NOON // HOUR_S + 13], ids=["lesson", "night"])
def test_a_cheap_hour_is_what_the_collector_makes_of_its_readings(hour: int) -> None:
    of = course(0, NOON - DAY_S, NOON + DAY_S)
    for source in sources_of(of):
        rolling = Rolling(source)
        found = rolling.hour(hour, of)
        assert isinstance(found, Cheap), source.measurement
        fields = parse(rolling.hour_line(hour, found)).fields
        expected = sampled(source, of, hour)
        assert fields.keys() == expected.keys()
        for name, value in fields.items():
            if name.endswith("_count"):
                continue  # points that the filter lets through are not samples
            other = expected[name]
            if not isinstance(value, str | bool):
                assert value == pytest.approx(other, rel=0.03, abs=0.5), (source.measurement, name)
            else:
                assert value == other, (source.measurement, name)


def test_a_day_is_what_the_collector_makes_of_its_hours() -> None:
    first = (NOON - 13 * HOUR_S) // HOUR_S
    mixed = 0
    for number in SCHOOLS:
        of = course(number, NOON - DAY_S, NOON)
        for source in sources_of(of):
            rolling, hours = Rolling(source), range(first, first + 13)
            found = [rolling.hour(hour, of) for hour in hours]
            line = rolling.day_line(first * HOUR_S, found)
            told = [
                parse(rolling.hour_line(hour, one)).fields
                for hour, one in zip(hours, found)
                if one is not None
            ]
            expected = day_point(CATALOG[source.measurement], {}, told, first * HOUR_S * SECOND)
            assert line is not None
            assert expected is not None
            assert parse(line).fields == expected.fields
            mixed += len({type(one) for one in found if one is not None}) > 1
    assert mixed > 10


def test_an_hour_with_a_cut_line_tells_how_long_everything_was_known() -> None:
    of = course(CUT, NOON - DAY_S, NOON)
    school = SchoolSeries(of.school, of.days)
    cut_hour = (NOON - 4 * HOUR_S) // HOUR_S
    found = Rolling(school).hour(cut_hour, of)
    assert not isinstance(found, Cheap)
    assert found is not None
    up = {name: found[f"up_{name}"] for name in ("min", "max", "known")}
    assert up == {"min": 0, "max": 1, "known": 3600.0}
    assert found["up_mean"] == pytest.approx(35 / 60)


@pytest.mark.parametrize("number", SCHOOLS)
def test_raw_points_are_the_readings_that_the_filter_lets_through(number: int) -> None:
    of, start = course(number, NOON - DAY_S, NOON), NOON - 7 * HOUR_S
    for source in sources_of(of):
        if not isinstance(source, MachineSeries):
            continue
        passing, expected = ChangeFilter(), dict[int, dict[str, Value]]()
        head = encode_head(source.measurement, source.tags)
        times = {one.start for one in of.between(start, NOON) if one.start >= start}
        for hour in range(start // HOUR_S, NOON // HOUR_S):
            begin = hour * HOUR_S
            times |= {*range(begin + of.school.seed % 60, begin + HOUR_S, source.step(hour))}
        for at in sorted(times):
            if fields := source.sample(at, of.at(at)):
                reading = Reading(source.measurement, fields, at * SECOND)
                news = passing.news(head, reading, at * SECOND).fields
                passing.sent(head, news, at * SECOND)
                expected |= {at * SECOND: dict(news)} if news else {}
        points = [parse(line) for line in raw_lines(source, of, start, NOON)]
        assert {point.at: dict(point.fields) for point in points} == expected


def test_a_history_in_a_store_has_every_series_and_the_truth_of_the_indicators(
    tmp_path: Path,
) -> None:
    when = Window(NOON - 13 * HOUR_S, NOON - HOUR_S, NOON)
    job = Job(SCENARIO, when, Target(file=tmp_path / "store.db"))
    first = write(job, 1)
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("*.db"))]
    assert write(job, 1).lines == first.lines
    assert [path.stat().st_size for path in sorted(tmp_path.glob("*.db"))] == sizes

    names = {one.measurement for n in SCHOOLS for one in sources_of(course(n, when.start, NOON))}
    assert CATALOG.keys() >= names > {"cpu", "ping", "school", "ledger"}
    with closing(SqliteStore(tmp_path / "store.db")) as raw:
        assert {name for name in names if not raw.last(name, {}, when.raw * SECOND)} == set()
        assert {one.field for one in raw.last("indicator", {}, 0)} >= {"numerator", "met", "value"}
        assert raw.last("canary", {}, (NOON - 120) * SECOND)
        told = values(raw, "event", "active", {"kind": "agent_silent", "school": "s0004"})
        assert [active for _, active in told] == [True, False]
        assert [at // SECOND for at, _ in told] == [NOON - 13_200, NOON - 13_200 + 25 * 60]
    names.add("collector")
    for part in ("_1h", "_1d"):
        with closing(SqliteStore(tmp_path / f"store{part}.db")) as rolled:
            for name in names:
                fields = {one.field for one in rolled.last(name, {}, 0)}
                assert fields, (part, name)
                assert fields <= set(rollup_fields(CATALOG[name]))
    with closing(SqliteStore(tmp_path / "store_1d.db")) as daily:
        today = {"window": "day", "region": "all", "area": "all"}
        shares = {
            name: dict(values(daily, "indicator", name, {**today, "indicator": "I-03"}))
            for name in ("numerator", "denominator")
        }
    down = [
        sums(course(number, when.start, NOON).intervals, SCENARIO.calendar()).down_s
        for number in SCHOOLS
    ]
    midnight = (NOON - 13 * HOUR_S) * SECOND
    up = 4 * 5 * HOUR_S - 25 * 60
    assert shares["numerator"][midnight] == up
    assert shares["denominator"][midnight] == 4 * 5 * HOUR_S
    assert sum(down) == 25 * 60


@pytest.mark.parametrize(
    ("fault", "kind", "subject"),
    [("screen_fails", "room_not_ready", "101"), ("switch_down", "switch_down", "switch-1")],
)
def test_what_goes_wrong_in_rooms_is_among_the_events_as_the_collector_tells_it(
    fault: FaultKind, kind: str, subject: str
) -> None:
    table = FaultTable(kind=fault, begins="2026-11-25 09:20", lasts="25m")
    for rooms, expected in ((2, [(kind, subject, True), (kind, subject, False)]), (0, [])):
        district = DistrictTable(schools=1, rooms=rooms)
        scenario = Scenario(district=district, chance=CALM, faults=(table,))
        of = course(0, NOON - DAY_S, NOON, scenario)
        troubles = Troubles(scenario, scenario.schools(), scenario.calendar(), NOON - DAY_S)
        faults = list(troubles.of(of.school, NOON - DAY_S, NOON))
        points = [parse(line) for line in events(of, faults, NOON - DAY_S, NOON)]
        told = [one.fields for one in points]
        assert [(one["word"], one["subject"], one["active"]) for one in told] == expected
        place = f"{of.school.region}/{of.school.school}"
        assert {(one.tags["collector"], one.fields["target"]) for one in points} <= {("d1", place)}
        assert len({one.fields["row"] for one in points}) == len(points)


def test_the_truth_of_platforms_is_what_the_probes_read() -> None:
    start = NOON - 6 * HOUR_S
    for number in SCHOOLS:
        of = course(number, start, NOON)
        total = Sums()
        for one in of.between(start, NOON):
            total.add(one, of.days, (max(one.start, start), min(one.stop, NOON)))
        answered = asked = 0
        for source in sources_of(of):
            if source.measurement == "http_response":
                for at in range(start, NOON, 60):
                    if fields := source.sample(at, of.at(at)):
                        asked += 1
                        answered += int(fields["success"])
        assert (answered, asked) == (total.answered, total.probes)
        assert answered < asked


def values(
    store: SqliteStore, name: str, field: str, tags: Mapping[str, str]
) -> list[tuple[int, Value]]:
    found = store.range(RangeQuery(name, field, 0, 2**62, tags=tags))
    return [point for series in found for point in series.points]


def test_a_month_of_which_one_day_was_played_is_not_complete() -> None:
    begins = NOON - 13 * HOUR_S
    courses = [course(number, begins, NOON, CALM_SCENARIO) for number in SCHOOLS]
    lines = map(parse, Targets(courses, SCENARIO.calendar()).ended(begins, NOON))
    found = {
        (one.tags["indicator"], one.tags["window"]): one.fields
        for one in lines
        if one.tags["region"] == one.tags["area"] == "all"
    }
    # Five hours of lessons, after seventeen days of nine and a half.
    for indicator in ("I-03", "I-20"):
        assert found[indicator, "day"]["completeness"] == 100.0
        assert found[indicator, "month"]["completeness"] == pytest.approx(3.0, abs=0.01)
        assert "value" not in found[indicator, "month"]
