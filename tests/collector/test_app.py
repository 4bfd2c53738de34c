"""The collector on real brokers: what it says, what it keeps, and what a restart finds."""

import asyncio
import logging
from pathlib import Path

import msgspec
import pytest

from collector import app
from collector.app import Collector
from collector.app import run as run_collector
from collector.config import RosterConfig
from collector.patience import FIRST_WAIT_S, Patience
from core import clock, messages, topics
from core.errors import StartError, StoreBusy, StoreStopped
from core.messages import Death
from core.mqtt import Will
from core.types import BatchKey
from tests.collector.desk import audited_in
from tests.collector.looked import watched
from tests.collector.making import (
    NOW,
    OTHER,
    REGION,
    WHO,
    A,
    B,
    batch,
    birth,
    event_batch,
    events_of,
    readings,
    report,
    state,
)
from tests.collector.played import Played, config, playing, publish_any, running, stored
from tests.real.brokers import RealBroker
from tests.waiting import until

CLAIM = topics.claim_topic(REGION)


def keys(*seqs: int, epoch: str = A) -> set[BatchKey]:
    return {BatchKey(epoch, "readings", seq) for seq in seqs}


async def test_batches_are_stored_and_receipted_and_the_agent_is_up(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with (
        running(config(tmp_path, broker.port)) as collector,
        playing(Played(broker.port)) as agent,
    ):
        agent.publish(state(birth(), retain=True))
        for seq in range(1, 101):
            agent.publish(readings(batch(seq=seq)))
        await until(lambda: agent.got() == keys(*range(1, 101)))
        assert stored(collector) == {NOW + seq: seq for seq in range(1, 101)}
        (school,) = collector.picture().schools
        assert (school.line.state, school.agents[0].verdict.state) == ("up", "up")
        assert collector.ready() == (True, "")
        assert collector.counts()["batches", ""] == 100
        await until(lambda: ("births", "") in collector.counts())


async def test_a_full_disk_is_not_ready_before_the_first_write_fails(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(config(tmp_path, mosquitto.port)) as collector:
        assert collector.ready() == (True, "")
        monkeypatch.setattr(app, "DISK_FULL_BYTES", 10**18)
        ready, why = collector.ready()
        assert not ready
        assert why.endswith("is full")


async def test_the_claim_stands_while_the_collector_runs_and_is_emptied_by_a_clean_stop(
    broker: RealBroker, tmp_path: Path
) -> None:
    both = (REGION, "330200")
    filters = tuple(map(topics.claim_topic, both))
    async with playing(Played(broker.port, listens=filters)) as listener:
        async with running(config(tmp_path, broker.port, regions=both)):
            await until(lambda: len(listener.heard) == 2)
            claims = [messages.read_claim(message.payload) for message in listener.heard]
            assert [claim.collector for claim in claims] == ["d1", "d1"]
        await until(lambda: len(listener.heard) == 4)
        assert {message.topic for message in listener.heard if not message.payload} == {*filters}
    async with playing(Played(broker.port, OTHER, listens=filters)) as later:
        await asyncio.sleep(0.2)
        assert later.heard == [], "nothing retained is left"


async def test_a_collector_that_vanishes_leaves_no_claim(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with playing(Played(mosquitto.port, listens=(CLAIM,))) as listener:
        collector = Collector(config(tmp_path, mosquitto.port))
        session = asyncio.create_task(collector._lanes.states.session.run())
        await until(lambda: len(listener.heard) == 1)
        session.cancel()
        await until(lambda: len(listener.heard) == 2)
        assert listener.heard[1].payload == b""
        collector._close()


async def test_what_was_sent_while_the_collector_was_away_waits_at_the_broker(
    broker: RealBroker, tmp_path: Path
) -> None:
    where = config(tmp_path, broker.port)
    async with running(where):
        pass
    async with playing(Played(broker.port)) as agent:
        for seq in range(1, 31):
            agent.publish(readings(batch(seq=seq)))
        agent.publish(state(birth(), retain=True))
        async with running(where) as collector:
            await until(lambda: agent.got() == keys(*range(1, 31)))
            assert len(stored(collector)) == 30
        async with running(where) as again:
            agent.publish(readings(batch(seq=1)))
            await until(lambda: ("repeated", "") in again.counts())
            assert [s.line.state for s in again.picture().schools] == ["up"]
            assert again.counts().get(("batches", ""), 0) == 0


async def test_a_store_that_refuses_holds_up_readings_and_not_the_births(
    broker: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        running(config(tmp_path, broker.port)) as collector,
        playing(Played(broker.port)) as agent,
    ):
        write, refusing = collector.store.write, [True]

        def refuse(lines: bytes) -> object:
            if refusing:
                raise StoreBusy("overloaded")
            return write(lines)

        monkeypatch.setattr(collector.store, "write", refuse)
        for seq in range(1, 81):
            agent.publish(readings(batch(seq=seq)))
        await until(lambda: not collector.ready()[0])
        assert collector.ready() == (False, "overloaded")
        agent.publish(state(birth(), retain=True))
        await until(lambda: ("births", "") in collector.counts())
        assert agent.got() == set()
        refusing.clear()
        await until(lambda: agent.got() == keys(*range(1, 81)), FIRST_WAIT_S * 20 + 10)
        assert len(stored(collector)) == 80
        assert collector.ready() == (True, "")


async def test_a_stop_while_the_store_refuses_is_quick_and_loses_nothing(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = config(tmp_path, mosquitto.port)
    async with playing(Played(mosquitto.port)) as agent:
        async with running(where) as collector:
            with monkeypatch.context() as patched:

                def refuse(_lines: bytes) -> object:
                    raise StoreBusy("overloaded")

                patched.setattr(collector.store, "write", refuse)
                agent.publish(readings(batch()))
                await until(lambda: not collector.ready()[0])
                collector.stopping.set()
                await until(lambda: not collector.picture().broker_connected)
        async with running(where) as again:
            await until(lambda: agent.got() == keys(1))
            assert stored(again) == {NOW + 1: 1}


async def test_events_are_receipted_once_they_are_in_the_audit_log(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with (
        running(config(tmp_path, broker.port)) as collector,
        playing(Played(broker.port)) as agent,
    ):
        agent.publish(events_of(event_batch(A, 1)))
        await until(lambda: agent.got() == {BatchKey(A, "events", 1)})
        found = [r for r in audited_in(tmp_path) if r["agent"] == str(WHO)]
        assert [(r["kind"], r["seq"]) for r in found] == [("link_down", 1)]
        await until(lambda: collector.store.last("event", {"kind": "link_down"}, 0))


async def test_a_full_disk_under_the_audit_log_holds_up_events_and_not_the_readings(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = {**(Patience.__init__.__kwdefaults__ or {}), "stopped_wait_s": 0.05}
    monkeypatch.setattr(Patience.__init__, "__kwdefaults__", waits)
    async with (
        running(config(tmp_path, mosquitto.port)) as collector,
        playing(Played(mosquitto.port)) as agent,
    ):
        with monkeypatch.context() as patched:

            def full(_rows: object) -> None:
                raise StoreStopped("the audit log cannot be written: No space left on device")

            patched.setattr(collector.books.journal.log, "append", full)
            agent.publish(events_of(event_batch(A, 1)))
            await until(lambda: not collector.ready()[0])
            assert "No space left" in collector.ready()[1]
            agent.publish(readings(batch()))
            await until(lambda: agent.got() == keys(1))
        await until(lambda: BatchKey(A, "events", 1) in agent.got())
        assert collector.ready() == (True, "")


async def test_a_will_makes_the_agent_unknown_and_its_return_up(
    broker: RealBroker, tmp_path: Path
) -> None:
    def verdict() -> tuple[str, str]:
        found = collector.picture().schools[0].agents[0].verdict
        return found.state, found.cause

    def will(conn: int) -> Will:
        return Will(topics.topic(WHO, "state"), messages.encode(Death("down", A, conn)))

    async with running(config(tmp_path, broker.port)) as collector:
        agent = Played(broker.port, will=will(1))
        task = asyncio.create_task(agent.session.run())
        await until(lambda: agent.up)
        agent.publish(state(birth(conn=1), retain=True))
        await until(lambda: collector.picture().schools)
        assert verdict() == ("up", "")
        task.cancel()
        await until(lambda: verdict() == ("unknown", "will"))
        async with playing(Played(broker.port)) as back:
            back.publish(state(birth(conn=2, no=2), retain=True))
            await until(lambda: verdict() == ("up", ""))
            back.publish(state(Death("stopped", A, 2), retain=True))
            await until(lambda: verdict() == ("stopped", ""))


async def test_a_broker_that_comes_back_is_served_again(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with running(config(tmp_path, mosquitto.port)) as collector:
        mosquitto.kill()
        await until(lambda: not collector.picture().broker_connected)
        mosquitto.start()
        await until(lambda: collector.picture().broker_connected, 20)
        async with playing(Played(mosquitto.port, listens=(CLAIM,))) as listener:
            await until(lambda: listener.heard)
        async with playing(Played(mosquitto.port)) as agent:
            agent.publish(readings(batch()))
            await until(lambda: agent.got() == keys(1))


async def test_after_a_restart_an_agent_is_asked_and_its_closed_epochs_are_named(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    where = config(tmp_path, mosquitto.port)
    async with running(where) as collector, playing(Played(mosquitto.port)) as agent:
        agent.publish(state(birth(B, epochs=[report(A, [(1, 1)]), report(B, [])]), retain=True))
        await until(collector.books.live.agents)
        agent.publish(readings(batch(A)))
        await until(lambda: any(receipt.closed == [A] for receipt in agent.receipts))
    async with running(where) as again, playing(Played(mosquitto.port)) as agent:
        again.books.asking._monotonic = lambda: 10.0**9
        await again._ask()
        await until(lambda: any(receipt.birth for receipt in agent.receipts))
        number = agent.receipts[-1].birth
        agent.publish(state(birth(B, no=1, asked=number), retain=True))
        await until(lambda: again.books.asking.number(WHO) == 0)


async def test_a_publisher_without_a_header_needs_no_receipt(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with running(config(tmp_path, mosquitto.port)) as collector:
        line = b"mem,host=pc used=1i %d" % (now := clock.now())
        await publish_any(mosquitto.port, [readings(line, pack=False)])
        await until(lambda: ("unaccounted", "") in collector.counts())
        assert stored(collector) == {now: 1}
    async with running(config(tmp_path, mosquitto.port)) as again:
        (school,) = again.picture().schools
        assert [one.unaccounted for one in school.agents] == [True]
        assert again.books.asking._requests == {}, "nobody is asked who cannot answer"


async def test_each_minute_the_collector_reports_on_itself_and_counts(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with running(config(tmp_path, mosquitto.port)) as collector:
        await until(lambda: collector.store.last("collector", {"collector": "d1"}, 0))
        assert collector.store.counter() == collector.books.ledger.counter() == 1


async def test_a_store_that_went_back_is_said_at_the_next_start(
    mosquitto: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = config(tmp_path, mosquitto.port)
    async with running(where) as collector:
        await until(lambda: collector.store.counter() == 1)
        collector.books.ledger.set_counter(40)
    async with running(where) as again:
        await until(lambda: again.store.counter() == 40)
    assert [r.levelno for r in caplog.records if "the store went back" in r.message] == [
        logging.ERROR
    ]


async def test_two_collectors_in_one_folder_are_one_too_many(tmp_path: Path) -> None:
    where = config(tmp_path, 1)
    first = asyncio.create_task(run_collector(where))
    await until((tmp_path / "ledger.db").exists)
    with pytest.raises(StartError, match="another collector"):
        await run_collector(where)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_what_fails_beside_the_collector_ends_it_in_order(tmp_path: Path) -> None:
    async def pages(_collector: Collector) -> None:
        raise StartError("port 8480 is taken")

    with pytest.raises(StartError, match="8480"):
        await asyncio.wait_for(run_collector(config(tmp_path, 1), [pages]), 20)


async def test_a_school_that_nobody_heard_of_is_watched_until_it_reports(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "UNCONNECTED_EVERY_S", 0.1)
    roster = tmp_path / "roster.csv"
    roster.write_text("区划代码,学校代码,状态\n330100,school-1,在办\n330100,school-2,在办\n")
    told = config(tmp_path, mosquitto.port)
    told = msgspec.structs.replace(told, roster=RosterConfig(file=roster))
    async with running(told) as collector:
        await until(lambda: watched(collector) == ["school-1", "school-2"])
        async with playing(Played(mosquitto.port)) as agent:
            agent.publish(readings(batch()))
            await until(lambda: watched(collector) == ["school-2"])
    async with running(told) as collector:
        assert watched(collector) == ["school-2"]
        assert collector.unconnected().open == ()
