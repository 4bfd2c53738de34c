"""A real collector, broker, store and line: the line is cut, and the district's series say so."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from collector.app import Collector
from collector.config import OutsideConfig, RosterConfig
from collector.store.base import Store
from core import clock
from core.messages import Death
from core.types import Identity, Value
from tests.collector.making import REGION, A, batch, birth, readings, state
from tests.collector.played import Played, config, playing, running
from tests.real import school_line
from tests.real.brokers import RealBroker
from tests.real.school_line import Line
from tests.waiting import until

ROSTER = """区划代码,学校代码,学校名称,状态,城乡类型,目标带宽,外部探测地址
330100,school-1,第一小学,在办,乡村,100,{0}
330100,school-2,第二小学,在办,城区,100,127.0.0.1
330100,school-3,第三小学,在办,乡村,100,
"""

real_line = pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not())


@pytest.fixture
def line() -> Iterator[Line]:
    with school_line.line() as laid:
        yield laid


def newest(store: Store, measurement: str, **tags: str) -> dict[str, Value]:
    """Return the fields of the newest point of one series."""
    found = store.last(measurement, tags, 0)
    at = max((one.at for one in found), default=0)
    return {one.field: one.value for one in found if one.at == at}


def agent(number: int) -> Identity:
    return Identity(REGION, f"school-{number}", "host")


def ask_now(collector: Collector, school: str) -> None:
    """Have the prober ask a school now, and not when its minute is over."""
    seen = collector._prober.seen
    seen[REGION, school] = replace(seen[REGION, school], tried_at=0)


@pytest.mark.real("netns")
@real_line
async def test_a_line_that_is_cut_and_mended_is_in_schools_and_indicators(
    mosquitto: RealBroker, tmp_path: Path, line: Line
) -> None:
    """The agent's own connection goes another way, and ends when the line is cut."""
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER.format(line.address), encoding="utf-8")
    settings = msgspec.structs.replace(
        config(tmp_path / "collector", mosquitto.port),
        roster=RosterConfig(file=roster),
        outside=OutsideConfig(control=("127.0.0.1",)),
    )
    async with running(settings) as collector:
        district, store = collector.district, collector.store

        async def looked() -> dict[str, Value]:
            await district.minute()
            return newest(
                store, "indicator", indicator="I-01", window="live", region="all", area="all"
            )

        def line_of(school: str) -> str:
            found = {view.school: view.line.state for view in collector.picture().schools}
            return found[school]

        async with playing(Played(mosquitto.port, agent(2))) as other:
            other.publish(state(birth(), agent(2), retain=True))
            async with playing(Played(mosquitto.port, agent(1))) as first:
                first.publish(state(birth(), agent(1), retain=True))
                at = clock.now()
                lines = [
                    b"http_response,server=x,method=GET success=1i %d" % at,
                    b"bandwidth,uplink=main recv_mbit_s=97.0,sent_mbit_s=1.0 %d" % at,
                ]
                first.publish(readings(batch(seq=1, lines=lines, at=at), agent(1)))
                await until(lambda: bool(first.got()))
                ask_now(collector, "school-1")
                await until(lambda: {line_of(f"school-{n}") for n in (1, 2)} == {"up"})
                district._scored_at = 0
                found = await looked()
                counts = [found[name] for name in ("met", "not_met", "unproven", "total")]
                assert counts == [2, 0, 1, 3]
                assert "value" not in found, "of one of three nothing is known"
                assert (
                    newest(store, "indicator", indicator="I-04", window="live", area="rural")["met"]
                    == 1
                )
                one = newest(store, "school", school="school-1")
                assert (one["state"], one["up"], one["known"], one["name"]) == (
                    "up",
                    1,
                    1,
                    "第一小学",
                )
                assert "up" not in newest(store, "school", school="school-3")
                prober = collector._prober
                await until(lambda: prober.proof().of((REGION, "school-1")).answers is True, 30)
                line.cut()
                # What the broker publishes for an agent that it hears no more.
                first.publish(state(Death("down", A, 1), agent(1), retain=True))
                ask_now(collector, "school-1")
                await until(lambda: line_of("school-1") == "down", 60)
            found = await looked()
            counts = [found[name] for name in ("met", "not_met", "unproven", "total")]
            assert counts == [1, 1, 1, 3]
            one = newest(store, "school", school="school-1")
            assert (one["state"], one["up"], one["known"]) == ("down", 0, 1)
            line.mend()
            ask_now(collector, "school-1")
            async with playing(Played(mosquitto.port, agent(1))) as again:
                again.publish(state(birth(no=2, conn=2), agent(1), retain=True))
                await until(lambda: line_of("school-1") == "up", 60)
                found = await looked()
                assert [found[name] for name in ("met", "not_met", "unproven")] == [2, 0, 1]
                assert newest(store, "school", school="school-1")["state"] == "up"


async def test_the_collector_says_of_itself_whether_it_can_store_and_what_agents_hold(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with running(config(tmp_path, mosquitto.port)) as collector:
        await collector._chores.minute()
        own = newest(collector.store, "collector")
        assert (own["ready"], own["backlog_batches"], own["dropped"]) == (1, 0, 0)
        assert isinstance(own["store_ms"], float)
