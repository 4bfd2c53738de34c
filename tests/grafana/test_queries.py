"""Every query of every panel, asked of real databases filled with a small district."""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from core.types import Value
from grafana.indicators import TOO_LITTLE
from tests.grafana import filling
from tests.grafana.boards import ALL, Asked, asked, filled
from tests.grafana.filling import FIRST, HOUR, MINUTE
from tests.real.influx import RealInflux

# In one process, so that a database is filled once.
pytestmark = pytest.mark.slow

BUCKET = "dashboards"
STORES = {"raw": BUCKET, "hourly": f"{BUCKET}_1h", "daily": f"{BUCKET}_1d"}
# Lengths of a range in hours, and who answers the curves then.
RANGES = {"6h": (6, "raw"), "24h": (24, "raw"), "30d": (720, "hourly"), "100d": (2400, "daily")}
OF_A_SCHOOL = ("zh/school.json", "zh/machine.json")
CHOSEN = {"region": FIRST.region, "school": FIRST.id, "agent": "gw"}

_filled: dict[str, int] = {}


@dataclass(frozen=True)
class District:
    """A server that holds it, and when it was filled (ns)."""

    server: RealInflux
    at: int

    def ask(self, query: Asked, hours: float, **chosen: str) -> list[dict[str, Any]]:
        """Return the series that *query* finds over the last *hours*."""
        end = self.at // 1_000_000
        text = filled(query.text, end - int(hours * 3_600_000), end, **chosen)
        what = urlencode({"db": STORES[query.store], "epoch": "ms", "q": text})
        status, answer = self.server.call("GET", f"/query?{what}")
        assert status == 200, (text, answer)
        result = json.loads(answer)["results"][0]
        assert "error" not in result, (text, result)
        series: list[dict[str, Any]] = result.get("series", [])
        return series


@pytest.fixture
def district(influx: RealInflux) -> District:
    """The small district in each database; filled once a run."""
    if influx.url not in _filled:
        now = time.time_ns()
        filling.fill(influx, BUCKET, now)
        _filled[influx.url] = now
    return District(influx, _filled[influx.url])


def something(series: list[dict[str, Any]]) -> bool:
    """Tell whether there is a value beside the times."""
    return any(value is not None for one in series for row in one["values"] for value in row[1:])


@pytest.mark.parametrize("name", [one for one in ALL if one.startswith("zh/")])
def test_every_query_finds_something_where_it_is_meant_to(district: District, name: str) -> None:
    chosen = CHOSEN if name in OF_A_SCHOOL else {}
    empty = []
    for query in asked(name):
        found = {
            length
            for length, (hours, _) in RANGES.items()
            if something(district.ask(query, hours, **chosen))
        }
        if not meant_for(query) <= found:
            empty.append((query.panel, query.store, sorted(found), query.text))
    assert empty == []


def meant_for(query: Asked) -> set[str]:
    """Return the ranges over which *query* has to find something."""
    if query.store == "raw" and TOO_LITTLE in query.text:  # of this district enough is known
        return set()
    if "${__from}" in query.text:  # a curve: each store answers for one length
        if "90d" in query.text:
            return {length for length, (_, store) in RANGES.items() if store == query.store}
        within_a_day = "time <= (" in query.text
        return {length for length, (hours, _) in RANGES.items() if (hours <= 24) == within_a_day}
    return set(RANGES) if "$timeFilter" not in query.text else {"24h", "30d"}


def test_each_length_of_a_range_is_answered_by_one_store(district: District) -> None:
    """Or by two within the hour after a limit, which then share it without a gap."""
    curves = [query for query in asked("zh/machine.json") if query.panel == "负载"]
    assert [query.store for query in curves] == ["raw", "hourly", "daily"]
    for hours, wanted in RANGES.values():
        answered = [q.store for q in curves if something(district.ask(q, hours, **CHOSEN))]
        assert answered == [wanted]


def test_a_range_just_over_a_day_is_shared_without_a_gap_and_no_raw_point_is_older(
    district: District,
) -> None:
    raw, hourly, _ = (q for q in asked("zh/machine.json") if q.panel == "负载")
    of_raw = [
        row[0] for one in district.ask(raw, 24.5, **CHOSEN) for row in one["values"] if row[1]
    ]
    of_hours = [
        row[0] for one in district.ask(hourly, 24.5, **CHOSEN) for row in one["values"] if row[1]
    ]
    assert of_raw
    assert of_hours
    assert max(of_raw) - min(of_raw) <= 24 * 3_600_000
    assert abs(min(of_hours) - max(of_raw)) <= 2 * HOUR // 1_000_000


def test_all_regions_are_one_row_of_an_indicator_and_one_region_is_its_own(
    district: District,
) -> None:
    query = next(q for q in asked("zh/district.json") if q.panel == "学校线路")
    for region, total in ((".*", 12), ("330106", 7), ("330108", 5)):
        (series,) = district.ask(query, 6, region=region)
        assert series["values"][0][-1] == total


def test_the_headline_figures_are_those_of_the_district(district: District) -> None:
    by_panel = {q.panel: q for q in asked("zh/district.json")}
    (states,) = district.ask(by_panel["学校线路"], 6)
    assert states["values"][0][1:] == [7, 2, 3, 12]

    wanted = [sum(school.alerts[n] for school in filling.SCHOOLS) for n in range(4)]
    alerts = [
        district.ask(query, 6)[0]["values"][0][1]
        for query in asked("zh/district.json")
        if query.panel == "未恢复的告警"
    ]
    assert alerts == wanted

    worst = district.ask(by_panel["中断、性能下降或有紧急告警（最差的在前）"], 6)
    assert {one["tags"]["school"] for one in worst} == {"longwu", "zhuantang", "gudang", "waitong"}
    unknown = district.ask(by_panel["情况不明（不等于中断）"], 6)
    assert {one["tags"]["school"] for one in unknown} == {"puyan", "cikeng", "lingshan"}


def test_no_share_of_before_is_shown_once_too_little_is_known(district: District) -> None:
    tags = {"region": "990000", "indicator": "I-01", "window": "live"}
    fields: dict[str, Value] = {"total": 9, "completeness": 100.0, "value": 100.0}
    fell: dict[str, Value] = {"total": 9, "completeness": 50.0}
    for area, minutes, said in (
        *(("all", 2, fields), ("all", 1, fell)),
        *(("rural", 2, fell), ("rural", 1, fields)),
    ):
        at = district.at - minutes * MINUTE
        lines = filling.lines_of([("indicator", {**tags, "area": area}, said)], at)
        assert district.server.write(BUCKET, b"\n".join(lines))[0] == 204
    for panel, area, wanted in (("联网率（此刻）", "all", None), ("联网率", "rural", 100)):
        queries = [
            query
            for query in asked("zh/district.json")
            if query.panel == panel and f"\"area\" = '{area}'" in query.text
        ]
        found = [one for query in queries for one in district.ask(query, 6, region="990000")]
        assert [one["values"][0][1:] for one in found] == [[wanted, 9]]
