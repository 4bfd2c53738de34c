"""The roster of a running collector: another file is shown without a restart, on a real broker."""

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, timedelta
from pathlib import Path

import msgspec
import pytest

from collector import rosterchores
from collector.app import Collector
from collector.config import CollectorConfig, RosterConfig
from core import clock, topics
from tests.collector.desk import audited_in
from tests.collector.making import OTHER, REGION, WHO, birth, state
from tests.collector.played import Played, config, playing, running
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until

HEADER = "区划代码,学校代码,学校名称,状态,撤并日期\n"
OPEN = f"{REGION},{WHO.school},一小,在办,\n"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rosterchores, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(rosterchores, "CLOSED_EVERY_S", 0.05)


def where(folder: Path, port: int, rows: str = OPEN) -> CollectorConfig:
    file = folder / "roster.csv"
    file.write_text(HEADER + rows, encoding="utf-8")
    return msgspec.structs.replace(config(folder, port), roster=RosterConfig(file=file))


def names(collector: Collector) -> list[str]:
    return [school.name for school in collector.picture().schools]


def write(config: CollectorConfig, rows: str) -> None:
    assert config.roster.file
    config.roster.file.write_text(HEADER + rows, encoding="utf-8")


def recorded(collector: Collector) -> list[str]:
    rows = collector.books.journal.rows.after(0, 999)
    return [json.loads(row.body)["kind"] for row in rows]


async def test_a_new_file_is_shown_without_a_restart_and_a_broken_one_changes_nothing(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    place = where(tmp_path, mosquitto.port)
    async with running(place) as collector:
        assert names(collector) == ["一小"], "shown before it reports"
        await until(lambda: collector.counts().get(("rosters_taken", "")) == 1)
        write(place, f"{OPEN}{REGION},9,九小,在办,\n")
        await until(lambda: names(collector) == ["九小", "一小"])
        assert place.roster.file
        place.roster.file.write_text("not a roster")
        await until(lambda: "roster_unreadable" in recorded(collector))
        assert names(collector) == ["九小", "一小"]
        write(place, f"{REGION},9,九小,在办,\n")
        await until(lambda: names(collector) == ["九小"])
    async with running(place):
        pass
    kinds = [record["kind"] for record in audited_in(tmp_path)]
    assert (kinds.count("school_added"), kinds.count("school_removed")) == (1, 1)


async def test_what_the_broker_retains_of_a_closed_school_is_emptied_each_time_and_of_no_other(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    other = f"{REGION},{OTHER.school},二小,在办,\n"
    place = where(tmp_path, mosquitto.port, OPEN + other)
    filters = (f"{topics.ROOT}/{REGION}/+/+/state",)
    async with (
        running(place) as collector,
        playing(Played(mosquitto.port)) as agent,
        playing(Played(mosquitto.port, OTHER)) as second,
        playing(Played(mosquitto.port, listens=filters)) as listener,
    ):
        agent.publish(state(birth(), retain=True))
        second.publish(state(birth(), OTHER, retain=True))
        await until(lambda: len(listener.heard) == 2)
        await until(lambda: len([s for s in collector.picture().schools if s.agents]) == 2)
        later_on = clock.local(clock.now(), UTC).date() + timedelta(2)
        write(place, f"{REGION},{WHO.school},一小,撤并,{later_on}\n{other}")
        await until(lambda: collector.counts()["rosters_taken", ""] == 2)
        assert len(listener.heard) == 2, "its day has not come"
        write(place, f"{REGION},{WHO.school},一小,撤并,2025-07-01\n{other}")
        await until(lambda: len(listener.heard) == 3)
        emptied = listener.heard[2]
        assert (emptied.topic, emptied.payload) == (topics.topic(WHO, "state"), b"")
        standings = {s.name: s.standing for s in collector.picture().schools}
        assert standings == {"一小": "merged", "二小": "open"}, "it has just reported"

        agent.publish(state(birth(no=2, conn=2), retain=True))  # it is still on, and connects anew
        await until(lambda: len(listener.heard) == 4)
        await until(lambda: collector.counts()["births", ""] == 3)
        await collector.roster.close()
        await until(lambda: len(listener.heard) == 5)
        assert (listener.heard[4].topic, listener.heard[4].payload) == (emptied.topic, b"")
    async with running(place) as again, playing(Played(mosquitto.port, listens=filters)) as later:
        await until(lambda: again.counts().get(("rosters_taken", "")) == 1)
        await until(lambda: len(later.heard) == 1)
        assert [message.topic for message in later.heard] == [topics.topic(OTHER, "state")]
        assert ("states_emptied", "") not in again.counts()


async def test_without_a_broker_it_is_emptied_once_there_is_one(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    place = where(tmp_path, mosquitto.port)
    async with running(place) as collector, playing(Played(mosquitto.port)) as agent:
        agent.publish(state(birth(), retain=True))
        await until(lambda: collector.picture().schools[0].agents)
    write(place, f"{REGION},{WHO.school},一小,停办,2025-07-01\n")
    nowhere = msgspec.structs.replace(
        place, broker=msgspec.structs.replace(place.broker, port=free_port())
    )
    async with running(nowhere, connected=False) as cut_off:
        await until(lambda: cut_off.counts().get(("rosters_taken", "")) == 1)
        await asyncio.sleep(0.2)
        assert ("states_emptied", "") not in cut_off.counts()
    async with running(place) as collector:
        await until(lambda: collector.counts().get(("states_emptied", "")) == 1)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
async def test_sighup_reads_the_file_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    place = where(tmp_path, free_port())
    async with running(place, connected=False) as collector:
        collector.roster.listen(asyncio.get_running_loop())
        try:
            await until(lambda: collector.counts().get(("rosters_taken", "")) == 1)
            assert signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: collector.roster._asked)
            await until(lambda: not collector.roster._asked)
            assert names(collector) == ["一小"]
        finally:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
