"""The curves that a page draws, against the API that they are asked of."""

from dataclasses import replace

import pytest

from collector.web import charts, params
from collector.web.charts import RANGES, Range
from collector.web.snapshot import Disk, Nic, Ping, Snapshot
from collector.web.texts import Texts
from core.clock import SECOND
from tests.collector.web.fakes import NOW

EN = Texts("en")
NIC = Nic("eth0", 1.0, 1.0, 10.0, 10.0, 0.0)
FULL = Snapshot(
    NOW, 5.0, 50.0, 1.0, 2.0, (Disk("/", 9.0, 1.0, 2.0),), (NIC,), (Ping("gw", 1.0, 0.0, False),)
)
WHO = {"region": "000000", "school": "trial", "agent": "machine"}


def ids(snapshot: Snapshot) -> list[str]:
    return [chart.id for chart in charts.charts(snapshot, RANGES[0], EN)]


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("shown", RANGES, ids=lambda one: one.name)
def test_the_api_answers_every_question_of_every_curve(shown: Range, tells: bool) -> None:
    for chart in charts.charts(replace(FULL, nics=(replace(NIC, tells_rates=tells),)), shown, EN):
        for curve in chart.curves:
            times = {"start": str(NOW - shown.seconds * SECOND), "stop": str(NOW + 60 * SECOND)}
            params.series((WHO | dict(curve.query) | times).items(), NOW)


def test_traffic_is_drawn_from_the_rates_that_an_agent_tells_else_from_its_counters() -> None:
    for tells, gap_s, fields in (
        (True, 90, ["bits_recv_per_s", "bits_sent_per_s"]),
        (False, 600, ["bytes_recv", "bytes_sent"]),
    ):
        shown = Snapshot(NOW, nics=(replace(NIC, tells_rates=tells),))
        (chart,) = charts.charts(shown, RANGES[0], EN)
        assert [curve.query["field"] for curve in chart.curves] == fields
        assert chart.spec()["gap"] == gap_s


def test_what_was_never_measured_has_no_chart() -> None:
    assert ids(Snapshot()) == []
    assert ids(FULL) == ["cpu", "mem", "net-0", "ping", "loss", "disk"]


def test_an_idle_interface_has_no_curve_and_loopback_only_where_it_is_all_there_is() -> None:
    idle = replace(NIC, name="wlan0", received=0.0, sent=0.0)
    lo = replace(NIC, name="lo")
    assert ids(Snapshot(NOW, nics=(NIC, idle, lo))) == ["net-0"]
    titles = [chart.title for chart in charts.charts(Snapshot(NOW, nics=(lo,)), RANGES[0], EN)]
    assert titles == ["Traffic on lo"]


def test_many_interfaces_do_not_bury_the_page() -> None:
    many = tuple(replace(NIC, name=f"veth{n}") for n in range(50))
    assert len(ids(Snapshot(NOW, nics=many))) == charts.MOST_NICS


def test_a_range_that_nobody_offers_is_the_usual_one() -> None:
    old = 10 * 3_600.0
    names = [charts.range_shown(word, old).name for word in ("6h", "5m", "7h", None)]
    assert names == ["6h", "5m", "1h", "1h"]


def test_an_agent_that_has_just_started_is_not_lost_in_an_empty_hour() -> None:
    ages = (-5.0, 20.0, 301.0, 1_000.0, 3_700.0)
    assert [charts.range_shown(None, age).name for age in ages] == ["5m", "5m", "15m", "1h", "1h"]
    assert charts.range_shown("6h", 20.0).name == "6h"
