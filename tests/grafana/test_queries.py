"""Every query of every panel, asked of real databases that the simulator filled."""

import re
from collections.abc import Iterable
from typing import Any

import pytest

from core.clock import SECOND
from core.lineprotocol import encode
from core.types import Reading, Value
from grafana.indicators import ENOUGH, TOO_LITTLE
from tests.grafana import simulated
from tests.grafana.boards import ALL, Asked, asked, filled
from tests.grafana.simulated import (
    ATTACKED,
    BUSY,
    DOWN,
    FIRST,
    LATE,
    NEVER,
    SCANNED,
    SCHOOLS,
    SILENT,
    Filled,
)

# In one process, so that a database is filled once.
pytestmark = [pytest.mark.slow, pytest.mark.real("mosquitto")]

PARTS = {"raw": "", "hourly": "_1h", "daily": "_1d"}
# Lengths of a range in hours, and who answers the curves then.
RANGES = {"6h": (6, "raw"), "24h": (24, "raw"), "30d": (720, "hourly"), "100d": (2400, "daily")}
OF_A_SCHOOL = ("zh/school.json", "zh/machine.json")
HOUR_MS = 3_600_000
ONE_OF_SEVERAL = re.compile(r"\"security\" WHERE .* \"kind\" =~ |\) WHERE \"s\" = ")


def ask(
    district: Filled, query: Asked, hours: float, at: int = 0, **chosen: str
) -> list[dict[str, Any]]:
    """Return the series that *query* finds over the last *hours*, or those before *at* (ns)."""
    end = (at or district.at) // 1_000_000
    text = filled(query.text, end - int(hours * HOUR_MS), end, **chosen)
    return district.ask(text, PARTS[query.store])


def something(series: list[dict[str, Any]]) -> bool:
    """Tell whether there is a value beside the times."""
    return any(value is not None for one in series for row in one["values"] for value in row[1:])


@pytest.mark.parametrize("name", [one for one in ALL if one.startswith("zh/")])
def test_every_query_finds_something_where_it_is_meant_to(district: Filled, name: str) -> None:
    chosen: dict[str, str] = FIRST if name in OF_A_SCHOOL else {}
    empty = []
    for query in asked(name):
        at = district.well_known if ENOUGH in query.text and query.store == "raw" else 0
        found = {
            length
            for length, (hours, _) in RANGES.items()
            if something(ask(district, query, hours, at, **chosen))
        }
        if not meant_for(query) <= found:
            empty.append((query.panel, query.store, sorted(found), query.text))
    assert empty == []


def meant_for(query: Asked) -> set[str]:
    """Return the ranges over which *query* has to find something."""
    if TOO_LITTLE in query.text:  # or its other half does: see below
        return set()
    if ONE_OF_SEVERAL.search(query.text):  # how many there are of one sort: see below
        return set()
    if "${__from}" in query.text:  # a curve: each store answers for one length
        if "90d" in query.text:
            return {length for length, (_, store) in RANGES.items() if store == query.store}
        within_a_day = "time <= (" in query.text
        return {length for length, (hours, _) in RANGES.items() if (hours <= 24) == within_a_day}
    if query.store == "daily" and "$timeFilter" in query.text:  # the last day began before 24 h
        return {"30d"}
    return set(RANGES) if "$timeFilter" not in query.text else {"24h", "30d"}


def test_a_share_is_there_or_too_little_is_known_for_one_and_never_both(district: Filled) -> None:
    queries = list(asked("zh/district.json"))
    halves = [
        (query, queries[place + 1])
        for place, query in enumerate(queries[:-1])
        if "FROM (SELECT" in query.text
        and ENOUGH in query.text
        and TOO_LITTLE in queries[place + 1].text
    ]
    found = []
    for enough, too_little in halves:
        each = [something(ask(district, one, 6)) for one in (enough, too_little)]
        assert sum(each) == 1, enough.text
        found.append(each[0])
    assert set(found) == {True, False}


def test_each_length_of_a_range_is_answered_by_one_store(district: Filled) -> None:
    """Or by two within the hour after a limit, which then share it without a gap."""
    curves = [query for query in asked("zh/machine.json") if query.panel == "负载"]
    assert [query.store for query in curves] == ["raw", "hourly", "daily"]
    for hours, wanted in RANGES.values():
        answered = [q.store for q in curves if something(ask(district, q, hours, 0, **FIRST))]
        assert answered == [wanted]


def test_a_range_just_over_a_day_is_shared_without_a_gap_and_no_raw_point_is_older(
    district: Filled,
) -> None:
    raw, hourly, _ = (q for q in asked("zh/machine.json") if q.panel == "负载")
    of_raw = [
        row[0] for one in ask(district, raw, 24.5, 0, **FIRST) for row in one["values"] if row[1]
    ]
    of_hours = [
        row[0] for one in ask(district, hourly, 24.5, 0, **FIRST) for row in one["values"] if row[1]
    ]
    assert of_raw
    assert of_hours
    assert max(of_raw) - min(of_raw) <= 24 * HOUR_MS
    assert abs(min(of_hours) - max(of_raw)) <= 2 * HOUR_MS


def test_what_was_read_last_came_from_an_agent_by_broker_and_collector(district: Filled) -> None:
    """The history ends where the play begins, and the ledger knows only what came in."""
    since = f"WHERE time >= {district.began}ns"
    for name, field in (("cpu", "usage_user"), ("http_response", "total_ms")):
        (series,) = district.ask(f"SELECT count({field}) FROM {name} {since}")
        assert series["values"][0][1] > SCHOOLS * 5
    arrived = district.ask(f"SELECT last(batches) FROM ledger {since} GROUP BY school, agent")
    assert schools_of(arrived) == {one.school for one in simulated.schools()} - {NEVER}
    # A made-up ledger counts since last year.
    assert all(0 <= one["values"][0][1] < 1_000 for one in arrived)


def test_all_regions_are_one_row_of_an_indicator_and_one_region_is_its_own(
    district: Filled,
) -> None:
    query = next(q for q in asked("zh/district.json") if q.panel == "学校线路")
    for region, total in ((".*", SCHOOLS), *((one, SCHOOLS // 2) for one in simulated.REGIONS)):
        (series,) = ask(district, query, 6, region=region)
        assert series["values"][0][-1] == total


def test_the_headline_figures_are_those_of_the_district(district: Filled) -> None:
    by_panel = {q.panel: q for q in asked("zh/district.json")}
    (states,) = ask(district, by_panel["学校线路"], 6)
    assert states["values"][0][1:] == [SCHOOLS - 3, 1, 2, SCHOOLS]

    worst = ask(district, by_panel["中断、性能下降或有紧急告警（最差的在前）"], 6)
    assert schools_of(worst) == {DOWN, BUSY, ATTACKED}
    unknown = ask(district, by_panel["情况不明（不等于中断）"], 6)
    assert schools_of(unknown) == {SILENT, NEVER}
    clocks = next(q for q in asked("zh/health.json") if q.panel.startswith("时钟不准"))
    assert schools_of(ask(district, clocks, 6)) == {LATE}
    alerts = [
        ask(district, query, 6)[0]["values"][0][1]
        for query in asked("zh/district.json")
        if query.panel == "未恢复的告警"
    ]
    told = district.ask(
        "SELECT sum(p1), sum(p2), sum(p3), sum(p4) FROM (SELECT last(alerts_p1) AS p1,"
        " last(alerts_p2) AS p2, last(alerts_p3) AS p3, last(alerts_p4) AS p4"
        f" FROM school WHERE time > {district.at}ns - 10m GROUP BY school)"
    )
    assert alerts == told[0]["values"][0][1:]
    assert alerts[2] > 0, "a full disk and a busy line"


def test_what_goes_on_and_who_watches_is_counted_as_it_is(district: Filled) -> None:
    def counts(panel: str) -> dict[str, int]:
        found = [ask(district, q, 6) for q in asked("zh/security.json") if q.panel == panel]
        return {one["columns"][1]: one["values"][0][1] for series in found for one in series}

    assert counts("正在发生的安全事件") == {"全部": 2, "P2 30 分钟内": 1, "P4 每日汇总": 1}
    assert sum(counts("有人看护的学校").values()) == SCHOOLS
    events, *_ = (q for q in asked("zh/security.json") if q.panel.startswith("事件"))
    assert {one["tags"]["school"]: one["tags"]["kind"] for one in ask(district, events, 6)} == {
        ATTACKED: "rogue_dhcp",
        SCANNED: "port_scan",
    }


def test_alerts_are_listed_one_by_one_while_open_and_once_they_ended(district: Filled) -> None:
    def rows(panel: str, hours: float) -> list[dict[str, Any]]:
        (query,) = (q for q in asked("zh/district.json") if q.panel == panel)
        (series,) = ask(district, query, hours)
        return [dict(zip(series["columns"], row)) for row in series["values"]]

    found = {one["number"]: one for one in rows("未恢复的告警逐条", 6)}  # the last of each
    open_ = [one for one in found.values() if one["state"] != "ended"]
    for school, severity, word in ((ATTACKED, "P2", "DHCP"), (SCANNED, "P4", "扫描端口")):
        told = [one for one in open_ if school in one["place"] and word in one["title_zh"]]
        assert [(one["severity"], one["acked_by"]) for one in told] == [(severity, "")]
    assert all(one["since"] <= district.at // 1_000_000 for one in open_)
    over = rows("这段时间恢复的告警", 720)
    numbers = [one["number"] for one in over]
    assert len(set(numbers)) == len(numbers) > 3
    assert all(one["since"] < one["until"] for one in over)


def test_how_far_logs_go_back_and_how_complete_they_are_is_as_it_is_played(
    district: Filled,
) -> None:
    kept = next(q for q in asked("zh/security.json") if q.panel == "日志留存")
    found = {
        one["tags"]["school"]: dict(zip(one["columns"], one["values"][0]))
        for one in ask(district, kept, 6)
    }
    assert len(found) > SCHOOLS // 3
    assert {one["state"] for one in found.values()} <= {"kept", "young", "short"}
    for one in found.values():
        days = one["oldest_age_s"] / 86_400
        assert (one["state"] == "kept") is (days >= 184)
    flow = next(q for q in asked("zh/security.json") if q.panel.startswith("日志是否在发"))
    shares = [dict(zip(one["columns"], one["values"][0])) for one in ask(district, flow, 6)]
    assert len(shares) == len(found)
    assert all(60 <= one["complete"] <= 70 for one in shares)


def schools_of(series: Iterable[dict[str, Any]]) -> set[str]:
    return {one["tags"]["school"] for one in series}


def test_no_share_of_before_is_shown_once_too_little_is_known(district: Filled) -> None:
    tags = {"region": "990000", "indicator": "I-01", "window": "live"}
    fields: dict[str, Value] = {"total": 9, "completeness": 100.0, "value": 100.0}
    fell: dict[str, Value] = {"total": 9, "completeness": 50.0}
    for area, minutes, said in (
        *(("all", 2, fields), ("all", 1, fell)),
        *(("rural", 2, fell), ("rural", 1, fields)),
    ):
        at = district.at - minutes * 60 * SECOND
        line = encode(Reading("indicator", said, at, {**tags, "area": area}))
        assert district.server.write(district.bucket, line)[0] == 204
    for panel, area, wanted in (("联网率（此刻）", "all", None), ("联网率", "rural", 100)):
        queries = [
            query
            for query in asked("zh/district.json")
            if query.panel == panel and f"\"area\" = '{area}'" in query.text
        ]
        found = [one for query in queries for one in ask(district, query, 6, region="990000")]
        assert [one["values"][0][1:] for one in found] == [[wanted, 9]]
