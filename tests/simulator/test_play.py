"""A district that is played over a real broker, through the real collector, into its store."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.app import Collector
from collector.store.base import LastValue, RangeQuery
from core import clock
from core.clock import SECOND
from simulator.faults import Troubles
from simulator.play import playing as playing_module
from simulator.play.pace import Pace
from simulator.play.played import Settings
from simulator.play.playing import Playing
from simulator.scenario import ChanceTable, DaysTable, DistrictTable, FaultTable, Scenario
from simulator.truthfile import truth
from tests.collector.making import REGION
from tests.collector.played import config
from tests.collector.played import running as collecting
from tests.real.brokers import RealBroker

CALM = ChanceTable(**dict.fromkeys(ChanceTable.__struct_fields__, 0.0))
CUT_S = 600
SPOOL = {"spool_batches", "spool_bytes", "batches_dropped"}
"""What the agent says of its real spool, which no model knows."""

SCENARIO = Scenario(
    district=DistrictTable(schools=4, regions=(REGION,)),
    days=DaysTable(always=True),
    chance=CALM,
    faults=(
        FaultTable(kind="line_cut", begins="+10m", lasts="10m", schools=("s0002",)),
        FaultTable(kind="power_off", begins="+10m", lasts="5m", schools=("s0003",)),
        FaultTable(kind="disk_full", begins="+5m", lasts="2h", schools=("s0001",)),
    ),
)


def playing(folder: Path, broker: RealBroker, start: int, speed: float) -> Playing:
    schools, days = SCENARIO.schools(), SCENARIO.calendar()
    troubles = Troubles(SCENARIO, schools, days, start // SECOND)
    settings = Settings(folder, broker.at(), seal_after_s=1.0, reconnect_within_s=0.2)
    return Playing(schools, troubles, days, Pace(start, speed), settings)


async def test_what_is_played_faster_than_real_time_is_in_the_store_as_the_model_has_it(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    start = clock.now() // SECOND * SECOND - 1_500 * SECOND
    play = playing(tmp_path / "play", mosquitto, start, speed=120)
    async with collecting(config(tmp_path / "collector", mosquitto.port)) as collector:
        async with asyncio.timeout(90):
            end = await play.run(asyncio.Event(), until_now=True)
        assert end.waiting == 0
        assert end.agents == len(play.agents) == sum(len(s.agents) for s in SCENARIO.schools())
        held = list((tmp_path / "play").glob("**/witness/held.json"))
        assert len(held) == end.agents, "each is a witness of the audit log, as agents are"

        values = list(last_values(collector, play))
        assert {one.measurement for one in values} >= {"cpu", "ping", "http_response", "uplink"}
        assert [one for one in values if modelled(play, one) != one.value] == []
        # Every machine has gone on to the end: nothing was forgotten on the way.
        newest = {(one.tags["school"], one.tags["agent"]): 0 for one in values}
        for one in values:
            who = one.tags["school"], one.tags["agent"]
            newest[who] = max(newest[who], one.at)
        assert min(newest.values()) >= end.played - 180 * SECOND

        told = list(truth(play.courses, play.days, start // SECOND, end.played // SECOND))
        outages = {one["school"]: one["outage_min"] for one in told if one["what"] == "school"}
        assert outages == {"s0001": 0.0, "s0002": 10.0, "s0003": 5.0, "s0004": 0.0}
        assert silence_s(collector, "s0002") == pytest.approx(CUT_S, abs=60)
        assert silence_s(collector, "s0004") == 0


async def test_a_play_that_nobody_answers_ends_and_says_what_it_holds_for_the_next_one(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing_module, "RECEIPTS_S", 1.0)
    start = clock.now() - 300 * SECOND
    async with asyncio.timeout(60):
        play = playing(tmp_path / "play", mosquitto, start, speed=300)
        end = await play.run(asyncio.Event(), until_now=True)
    assert end.waiting >= len(play.agents)

    monkeypatch.undo()
    async with collecting(config(tmp_path / "collector", mosquitto.port)):
        async with asyncio.timeout(60):
            again = playing(tmp_path / "play", mosquitto, clock.now(), speed=1)
            end = await again.run(asyncio.Event(), until_now=True)
        assert end.waiting == 0


def last_values(collector: Collector, play: Playing) -> Iterator[LastValue]:
    for name in {one.measurement for agent in play.agents for one in agent.machine.series}:
        yield from collector.store.last(name, {"region": REGION}, 0)


def modelled(play: Playing, stored: LastValue) -> object:
    """Return what the model has for a value; itself where it is not the model's to know."""
    if stored.field in SPOOL:
        return stored.value
    for agent in play.agents:
        who = agent.who
        if (stored.tags["school"], stored.tags["agent"]) != (who.school, who.agent):
            continue
        for number, one in enumerate(agent.machine.series):
            own = {key: value for key, value in stored.tags.items() if key in one.tags}
            if one.measurement == stored.measurement and own == dict(one.tags):
                at = stored.at // SECOND
                fields = agent.machine.fields(number, at, agent.course.at(at).now)
                return fields.get(stored.field)
    return None


def silence_s(collector: Collector, school: str) -> float:
    """Return for how long the stored readings say that the platform did not answer a ping."""
    tags = {"school": school, "agent": "server-room", "url": "platform"}
    found = collector.store.range(RangeQuery("ping", "result_code", 0, 2**62, tags=tags))
    points = [point for series in found for point in series.points]
    after = [at for at, _ in points[1:]]
    return sum(then - at for (at, code), then in zip(points, after) if code == 2) / SECOND
