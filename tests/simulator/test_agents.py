"""Agents that are played deliver as real ones do: their history, and what they go on measuring."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agent.spool import Spool
from collector.ledger import LaneKey
from core import clock, wire
from core.clock import SECOND
from core.errors import ConfigError
from core.mqtt import Broker
from core.types import BatchKey, Identity
from simulator.agents import Load, fill_all, play
from simulator.backlog import fill
from simulator.host import Host
from simulator.wired import MOST
from tests.collector import looked
from tests.collector.making import REGION
from tests.collector.played import config
from tests.collector.played import running as collecting
from tests.real.brokers import RealBroker
from tests.waiting import until

HOUR = 3_600 * SECOND


def test_history_is_sealed_in_its_own_time(tmp_path: Path) -> None:
    path, stop = tmp_path / "spool.db", clock.now()
    sealed = fill(path, Host(1), stop - HOUR, stop, interval_s=60, seal_after_s=180)
    assert sealed == 20
    with closing(Spool(path)) as spool:
        batches = spool.waiting("readings", "backlog", since=0, besides=[], limit=100)
        assert len(batches) == 20
        bodies = [batch.body for one in batches if (batch := spool.read(one.key))]
    for number, (one, body) in enumerate(zip(batches, bodies)):
        header, lines = wire.split_header(body)
        assert header == wire.Header(one.key.epoch, number + 1, 3 * 8)
        times = {int(line.rpartition(b" ")[2]) for line in lines.splitlines()}
        first = stop - HOUR + number * 180 * SECOND
        assert times == {first, first + 60 * SECOND, first + 120 * SECOND}
        assert one.sealed_at == first + 180 * SECOND


def test_more_agents_than_a_process_can_wait_for_are_refused(tmp_path: Path) -> None:
    load = Load(REGION, agents=MOST + 1)
    with pytest.raises(ConfigError, match=f"at most {MOST}"):
        asyncio.run(play(load, tmp_path, Broker(), lambda *_: None))


async def test_backlog_and_live_readings_of_many_agents_arrive(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    load = Load(REGION, agents=5, first=7, interval_s=0.5, seal_after_s=1.0)
    now = clock.now()
    batches = fill_all(load, tmp_path, now - HOUR, now, interval_s=360)
    assert batches == 5 * 10
    history = {load.who(n): held(load.spool(tmp_path, n)) for n in load.numbers()}
    live: dict[Identity, list[BatchKey]] = {who: [] for who in history}
    async with collecting(config(tmp_path / "collector", mosquitto.port)) as collector:
        ledger = collector.books.ledger

        def received(who: Identity, keys: Sequence[BatchKey]) -> int:
            rows = ledger.rows({LaneKey(who, key.epoch, key.lane) for key in keys})
            return sum(key.seq in rows[LaneKey(who, key.epoch, key.lane)].received for key in keys)

        def arrived() -> bool:
            return all(received(who, history[who]) == 10 for who in history) and all(
                received(who, live[who]) >= 2 for who in history
            )

        playing = asyncio.create_task(
            play(load, tmp_path, mosquitto.at(), lambda who, one, _: live[who].append(one.key))
        )
        await until(arrived, 60)
        playing.cancel()
        with suppress(asyncio.CancelledError):
            await playing
        await until(
            lambda: all(looked.states(collector, who) == ["stopped"] for who in history), 20
        )


def held(path: Path) -> list[BatchKey]:
    with closing(sqlite3.connect(path)) as db:
        return [BatchKey(*row) for row in db.execute("SELECT epoch, lane, seq FROM batch")]
