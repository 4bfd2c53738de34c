"""How the agent is wired: one clock for everything that stamps a time."""

import asyncio
import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import app
from agent.config import AgentConfig, ProbeConfig, SpoolConfig
from agent.filterconfig import FilterConfig
from agent.probes.sntp import SntpProbe
from agent.spool import Spool
from core.brokerconfig import BrokerConfig
from core.clock import SECOND, boottime
from core.errors import ConfigError, SpoolError
from core.types import Identity, Reading
from tests.waiting import until

WHO = Identity("000000", "trial", "pc-1")


def config(folder: Path) -> AgentConfig:
    probes = (ProbeConfig("mem"), ProbeConfig("net"), ProbeConfig("disk"))
    return AgentConfig(identity=WHO, spool=SpoolConfig(folder=folder), probes=probes)


async def test_a_corrected_clock_reaches_every_probe_and_the_heartbeat(tmp_path: Path) -> None:
    agent = app.build(config(tmp_path))
    times = agent.time.clock
    ahead = times.now() + 3600 * SECOND
    times.check(ahead, ahead)
    for job in agent.schedule.jobs:
        for reading in await job.probe.measure():
            assert ahead <= reading.at < ahead + 60 * SECOND, job.word

    own = await agent._own_reading()
    assert own.at >= ahead
    assert own.fields["clock_offset_ms"] == pytest.approx(-3_600_000, abs=1_000)
    await agent.spool.close()


async def test_what_time_servers_say_reaches_the_clock_of_every_reading(tmp_path: Path) -> None:
    probes = (ProbeConfig("mem"), ProbeConfig("sntp", options={"servers": ["time.school"]}))
    agent = app.build(msgspec.structs.replace(config(tmp_path), probes=probes))
    mem, sntp = (job.probe for job in agent.schedule.jobs)
    assert isinstance(sntp, SntpProbe)
    behind = agent.time.clock.now() - 3600 * SECOND
    await refusing(agent, 1)
    await sntp.checked(behind, behind, boottime())

    (reading,) = await mem.measure()
    assert abs(reading.at - behind) < 60 * SECOND
    await refusing(agent, 0)
    assert await agent.time.look(), "what the disk refused to hear is told later"
    await agent.spool.close()


async def refusing(agent: app.Agent, refuses: int) -> None:
    pragma = f"PRAGMA query_only = {refuses}"
    await agent.spool.call(lambda spool: spool._db.execute(pragma).fetchone())


async def test_a_spool_that_somebody_locks_stops_no_heartbeat(tmp_path: Path) -> None:
    agent = app.build(config(tmp_path))
    with closing(sqlite3.connect(tmp_path / "spool.db")) as other:
        await agent.spool.call(lambda spool: spool._db.execute("PRAGMA busy_timeout = 10"))
        other.execute("BEGIN IMMEDIATE")
        own = await agent._own_reading()
        assert "spool_batches" not in own.fields
    own = await agent._own_reading()
    assert own.fields["spool_batches"] == 0
    await agent.spool.close()


async def test_events_about_the_spool_name_the_agent_and_its_clock(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"not a database" * 100)
    agent = app.build(config(tmp_path))

    def first(spool: Spool) -> bytes:
        (row,) = spool.waiting("events", "all", since=0, besides=(), limit=9)
        batch = spool.read(row.key)
        assert batch is not None
        return batch.body

    header, event = map(json.loads, (await agent.spool.call(first)).splitlines())
    assert header["clock"] == "unchecked"
    assert (event["kind"], event["target"]) == ("spool_set_aside", "pc-1")
    await agent.spool.close()


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolError, match="cannot be opened"):
        app.build(config(tmp_path / "file"))


async def test_a_probe_that_asks_about_the_broker_knows_the_one_that_is_configured(
    tmp_path: Path,
) -> None:
    probes = (ProbeConfig("ping"),)
    broker = BrokerConfig(host="192.0.2.7")
    agent = app.build(msgspec.structs.replace(config(tmp_path), probes=probes, broker=broker))
    ping: Any = agent.schedule.jobs[0].probe
    assert ping.surroundings.host("broker") == "192.0.2.7"
    await agent.spool.close()


async def test_a_reload_that_fails_half_way_has_changed_nothing_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect of ours, a disk that refuses: the parts are made before one of them is used."""
    caplog.set_level(logging.INFO)
    agent = app.build(config(tmp_path))
    before = agent.parts
    other = msgspec.structs.replace(
        config(tmp_path), probes=(), spool=SpoolConfig(folder=tmp_path, max_mb=1)
    )
    failures = iter([ZeroDivisionError("a defect"), SpoolError("the disk refuses")])

    def failing(_: object) -> None:
        raise next(failures)

    monkeypatch.setattr(app, "limits_of", failing)
    monkeypatch.setattr(app, "read_agent", lambda _: other)
    task = asyncio.create_task(agent.reload_when_told(tmp_path / "agent.toml"))
    for _ in range(2):
        agent.again.set()
        await until(lambda: not agent.again.is_set())
        assert agent.parts is before
    monkeypatch.undo()
    assert [one for one in caplog.messages if "reloaded" in one] == [
        "not reloaded; the agent goes on with the configuration that it has",
        "not reloaded: the disk refuses",
    ]
    monkeypatch.setattr(app, "read_agent", lambda _: other)
    agent.again.set()
    await until(lambda: agent.schedule.jobs == ())
    assert agent.spool.spool._limits.max_bytes == 1_000_000
    assert not task.done()
    task.cancel()
    await agent.spool.close()


async def test_a_configuration_is_announced_once_it_is_taken_and_not_when_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text("# one\n")
    agent = app.build(config(tmp_path), file)
    first = agent.accepted.sha256
    monkeypatch.setattr(app, "read_agent", lambda _: config(tmp_path))
    task = asyncio.create_task(agent.reload_when_told(file))
    file.write_text("# two\n")
    await asyncio.sleep(0.05)
    assert agent.accepted.sha256 == first, "edited is not reloaded"
    agent.again.set()
    await until(lambda: agent.accepted.sha256 != first)
    second = agent.accepted.sha256

    def refusing(_: Path) -> None:
        raise ConfigError("a mistake")

    monkeypatch.setattr(app, "read_agent", refusing)
    file.write_text("# three\n")
    agent.again.set()
    await until(lambda: not agent.again.is_set())
    assert agent.accepted.sha256 == second
    task.cancel()
    await agent.spool.close()


async def test_the_uplink_has_the_filter_forget_and_the_configuration_sets_it(
    tmp_path: Path,
) -> None:
    said = Reading("mem", {"used_percent": 50.0}, 1)
    for enabled in (True, False):
        folder = tmp_path / str(enabled)
        folder.mkdir()
        changed = FilterConfig(enabled=enabled)
        agent = app.build(msgspec.structs.replace(config(folder), filter=changed))
        counts = []
        for forget in (False, False, True):
            if forget:
                agent.uplink.forget()
            agent.recorder.take([said])
            counts.append(len(agent.recorder._lines))
        assert counts == ([1, 1, 2] if enabled else [1, 2, 3])
        await agent.spool.close()


async def test_a_reload_changes_what_the_filter_lets_through_and_it_forgets_nothing(
    tmp_path: Path,
) -> None:
    agent = app.build(config(tmp_path))

    def travels(percent: float) -> bool:
        before = len(agent.recorder._lines)
        agent.recorder.take([Reading("mem", {"used_percent": percent}, 1)])
        return len(agent.recorder._lines) > before

    assert [travels(percent) for percent in (50.0, 50.4)] == [True, False]
    exact = {"mem": {"used_percent": {"deadband": 0}}}
    changed = msgspec.structs.replace(config(tmp_path), filter=FilterConfig(fields=exact))
    await agent.change(changed)
    assert [travels(percent) for percent in (50.0, 50.1, 50.1)] == [False, True, False]
    await agent.spool.close()
