"""A real Telegraf beside our agents, configured as docs/wire-contract.md shows it."""

import asyncio
from pathlib import Path

import pytest

from core import topics
from core.catalog import CATALOG, IDENTITY_TAGS, type_of
from core.lineprotocol import Point, parse
from core.types import Identity
from tests.collector import looked
from tests.collector.making import REGION
from tests.collector.played import Played, config, playing
from tests.collector.played import running as collecting
from tests.core import telegraf as known
from tests.docs import page
from tests.real import telegraf
from tests.real.brokers import RealBroker
from tests.waiting import until

pytestmark = pytest.mark.real("telegraf")

WHO = Identity(REGION, "school-1", "telegraf")
HOST_PROBES = {"cpu", "mem", "swap", "disk", "net", "system", "processes"}


def configuration(broker: RealBroker) -> str:
    """Return the page's configuration, for this broker and in a hurry."""
    text = page.block("toml").replace(":1883", f":{broker.port}").replace('"10s"', '"1s"')
    assert topics.topic(WHO, "readings") in text
    return text


async def test_telegraf_is_stored_and_marked_and_alive_and_in_no_ledger(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    telegraf.need()
    where = config(tmp_path, mosquitto.port)
    async with collecting(where) as collector, playing(Played(mosquitto.port, WHO)) as listener:
        with telegraf.running(tmp_path, configuration(mosquitto)):
            found: set[str] = set()

            def stored() -> bool:
                for name in HOST_PROBES - found:
                    if collector.store.last(name, {"agent": WHO.agent}, 0):
                        found.add(name)
                return found == HOST_PROBES

            await until(stored, 30)
        for name in HOST_PROBES:
            for last in collector.store.last(name, {"agent": WHO.agent}, 0):
                identity = {tag: last.tags[tag] for tag in IDENTITY_TAGS}
                assert identity == {"region": REGION, "school": "school-1", "agent": "telegraf"}
                assert last.tags["accounted"] == "no"
                assert "host" not in last.tags
                assert type_of(last.value) == CATALOG[name].fields[last.field].type
        counts = collector.counts()
        assert counts["unaccounted", ""] > 0
        assert counts["stripped", ""] > 0
        assert {key: n for key, n in counts.items() if key[0] == "lines_refused"} == {}
        assert looked.states(collector, WHO) == ["up"]
        assert looked.lanes(collector) == 0
        assert listener.heard == [], "no receipt"


async def sent(broker: RealBroker, folder: Path) -> list[Point]:
    """Return what Telegraf sends until every host probe has been among it."""
    listens = (topics.topic(WHO, "readings"),)
    points: list[Point] = []
    async with playing(Played(broker.port, listens=listens)) as listener:
        with telegraf.running(folder, configuration(broker)):

            def complete() -> bool:
                lines = [line for heard in listener.heard for line in heard.payload.splitlines()]
                points[:] = [parse(line) for line in lines if line]
                return {point.measurement for point in points} >= HOST_PROBES

            await until(complete, 30)
    return points


async def test_names_and_types_of_the_running_telegraf_are_those_of_the_table(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    telegraf.need()
    found: dict[str, dict[str, str]] = {}
    for point in await sent(mosquitto, tmp_path):
        types = {field: type_of(value) for field, value in point.fields.items()}
        found[point.measurement] = found.get(point.measurement, {}) | types
        assert {*point.tags} <= {"host", *known.TAGS[point.measurement].split()}
    for name, fields in found.items():
        theirs = known.fields_of(name)
        assert fields.items() <= theirs.items()
        missing = CATALOG[name].fields.keys() & theirs.keys() - fields.keys()
        assert missing == set(), f"Telegraf does not send {missing} of {name}"


@pytest.mark.slow
async def test_when_the_broker_dies_what_telegraf_sends_later_arrives(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    telegraf.need()
    async with collecting(config(tmp_path, mosquitto.port)) as collector:
        with telegraf.running(tmp_path, configuration(mosquitto)):
            await until(lambda: ("unaccounted", "") in collector.counts(), 30)
            await asyncio.to_thread(mosquitto.kill)
            before = collector.counts()["unaccounted", ""]
            await asyncio.to_thread(mosquitto.start)
            await until(lambda: collector.counts()["unaccounted", ""] > before + 1, 60)
