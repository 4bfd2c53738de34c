"""What the dashboards show of a district that the simulator made up is what is true of it."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pytest

from simulator.history.sink import Target
from simulator.history.writing import Job, Window, write
from simulator.scenario import ChanceTable, DistrictTable, FaultTable, Scenario
from tests.grafana.boards import Asked, asked, filled
from tests.real.influx import RealInflux

pytestmark = pytest.mark.slow

HOUR_S, MINUTE_S = 3_600, 60
NOON = 1_795_582_800
"""2026-11-25 13:00 in China, a Wednesday."""
LENGTH_H = 13
CALM = ChanceTable(**dict.fromkeys(ChanceTable.__struct_fields__, 0.0))
FAULTS = (
    FaultTable(kind="line_cut", begins="2026-11-25 09:20", lasts="25m", schools=("s0004",)),
    FaultTable(kind="congested", begins="2026-11-25 11:10", lasts="40m", schools=("s0002",)),
)
CUT, CONGESTED = NOON - 210 * MINUTE_S, NOON - 80 * MINUTE_S
"""In the middle of each."""
SCENARIO = Scenario(district=DistrictTable(schools=4), chance=CALM, faults=FAULTS)
BUCKET = "simulated"
STORES = {"raw": BUCKET, "hourly": f"{BUCKET}_1h", "daily": f"{BUCKET}_1d"}


@pytest.fixture
def district(influx: RealInflux) -> RealInflux:
    """A server with half a day of four schools, one of which is cut off for 25 minutes."""
    if not influx.call("GET", f"/query?{urlencode({'db': BUCKET, 'q': 'SHOW MEASUREMENTS'})}")[
        1
    ].count(b"school"):
        for name in STORES.values():
            influx.make_bucket(name)
        window = Window(NOON - LENGTH_H * HOUR_S, NOON - LENGTH_H * HOUR_S, NOON)
        write(Job(SCENARIO, window, Target(influx.url, influx.token, influx.org, BUCKET)), 1)
    return influx


def panel(board: str, title: str) -> Asked:
    """Return the first query of the panel that is called *title*."""
    return next(query for query in asked(f"zh/{board}.json") if query.panel == title)


def ask(server: RealInflux, query: Asked, end_s: int, **chosen: str) -> list[dict[str, Any]]:
    """Return the series that *query* finds in the hours before *end_s*."""
    begin_ms = (NOON - LENGTH_H * HOUR_S) * 1000
    text = filled(query.text, begin_ms, end_s * 1000, **chosen)
    what = urlencode({"db": STORES[query.store], "epoch": "ms", "q": text})
    status, answer = server.call("GET", f"/query?{what}")
    assert status == 200, answer
    series: list[dict[str, Any]] = json.loads(answer)["results"][0].get("series", [])
    return series


def schools_of(series: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the state of each school in a list."""
    return {
        one["tags"]["school"]: one["values"][0][one["columns"].index("state")] for one in series
    }


def test_counts_and_lists_follow_the_faults_and_their_end(district: RealInflux) -> None:
    counts = panel("district", "学校线路")
    worst = panel("district", "中断、性能下降或有紧急告警（最差的在前）")
    unknown = panel("district", "情况不明（不等于中断）")
    lists = []
    for moment in (CUT, CONGESTED, NOON):
        ((_, up, down, known_of_none, total),) = ask(district, counts, moment)[0]["values"]
        assert up + down + known_of_none == total == 4
        lists.append(
            {
                **schools_of(ask(district, worst, moment)),
                **schools_of(ask(district, unknown, moment)),
            }
        )
        assert down == list(lists[-1].values()).count("down")
    assert lists == [{"s0004": "down"}, {"s0002": "degraded"}, {}]


def test_a_school_was_down_for_as_long_as_its_line_was_cut(district: RealInflux) -> None:
    region = SCENARIO.schools()[3].region
    chosen = {"region": region, "school": "s0004"}
    ((_, minutes),) = ask(district, panel("school", "中断时长"), NOON, **chosen)[0]["values"]
    ((_, share),) = ask(district, panel("school", "可用率"), NOON, **chosen)[0]["values"]
    assert minutes == pytest.approx(25, abs=0.1)
    assert share == pytest.approx(100 * (1 - 25 / (LENGTH_H * 60)), abs=0.02)
