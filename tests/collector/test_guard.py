"""Two collectors and one region, on real brokers; the other one is played by its claims."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector import app
from collector.app import Collector
from collector.ledgerread import Question
from core import messages, topics
from core.errors import StartError
from core.messages import Claim
from core.mqtt import Message
from core.types import BatchKey
from tests.collector.desk import audited_in
from tests.collector.making import OTHER, REGION, WHO, A, B, batch, birth, readings, report, state
from tests.collector.played import Played, config, playing, running
from tests.real.brokers import RealBroker
from tests.waiting import until

CLAIM = topics.claim_topic(REGION)


def claim(time: int, who: str = "d2") -> Message:
    return Message(CLAIM, messages.encode(Claim(who, time)), True, 1, 1)


@asynccontextmanager
async def other(broker: RealBroker, *claims: Message) -> AsyncIterator[Played]:
    """Play another collector that has made *claims* and hears what is claimed now."""
    async with playing(Played(broker.port, OTHER, listens=(CLAIM,))) as played:
        for one in claims:
            played.publish(one)
        await until(lambda: len(played.heard) >= len(claims))
        yield played


def restores(collector: Collector) -> list[str]:
    return [restore.what for restore in collector.account(Question()).restores]


def claimed(played: Played) -> list[str]:
    """Return who claimed the region, in order; "" where it was emptied."""
    said = (m.payload for m in played.heard)
    return [messages.read_claim(one).collector if one else "" for one in said]


async def test_another_that_claims_now_is_refused_and_nothing_is_taken_in(
    broker: RealBroker, tmp_path: Path
) -> None:
    where = config(tmp_path, broker.port)
    async with running(where):
        pass  # the broker keeps for it what comes from now on
    async with other(broker, claim(1)) as d2, playing(Played(broker.port)) as agent:
        agent.publish(readings(batch()))
        collector = Collector(where)
        task = asyncio.create_task(collector.run())
        await until(lambda: collector.ready()[1])
        assert collector.ready()[1].endswith(f"claimed before, region {REGION} by collector d2")
        d2.publish(claim(2))
        with pytest.raises(StartError, match=r"another collector .* d2.*--takeover"):
            await asyncio.wait_for(task, 20)
        assert claimed(d2) == ["d2", "d2"], "it neither claimed nor emptied anything"
        assert agent.got() == set()
        async with running(where, takeover=True):
            await until(lambda: agent.got() == {BatchKey(A, "readings", 1)})


async def test_a_dead_collectors_claim_is_waited_for_and_then_taken_over(
    broker: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with other(broker, claim(1)) as d2:
        async with running(config(tmp_path, broker.port, claim_wait_s=1)) as collector:
            assert restores(collector) == ["takeover"]
            assert collector.ready() == (True, "")
        await until(lambda: claimed(d2) == ["d2", "d1", ""])
    (row,) = [r for r in audited_in(tmp_path) if r["kind"] == "took_over"]
    assert (row["target"], row["subject"]) == (REGION, "d2")
    assert sum("waiting whether" in r.getMessage() for r in caplog.records) == 1


async def test_a_takeover_asks_every_agent_and_blames_nobody_for_what_the_other_received(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    where = config(tmp_path, mosquitto.port)
    async with playing(Played(mosquitto.port)) as agent:
        async with running(where) as collector:
            agent.publish(state(birth(epochs=[report(A, [])]), retain=True))
            agent.publish(readings(batch(seq=1)))
            await until(lambda: agent.got() == {BatchKey(A, "readings", 1)})
        # Batches 2 to 4 went to d2, and its receipts let the agent forget them.
        async with other(mosquitto, claim(1)), running(where, takeover=True) as collector:
            assert collector.books.live.state(WHO).awaiting
            collector.books.asking._monotonic = lambda: 10.0**9
            await collector._ask()
            await until(lambda: any(receipt.birth for receipt in agent.receipts))
            asked = agent.receipts[-1].birth
            gone = report(A, [], 4)
            agent.publish(state(birth(B, no=1, asked=asked, epochs=[gone]), retain=True))
            await until(lambda: not collector.books.live.state(WHO).awaiting)
            (found,) = collector.account(Question()).agents
            gaps = [(g.first, g.last, g.reason) for lane in found.lanes for g in lane.missing]
            assert gaps == [(2, 4, "ledger_restored")]
            assert collector.counts().get(("unexplained", ""), 0) == 0
            assert restores(collector) == ["takeover"]


async def test_a_foreign_claim_while_serving_is_said_and_both_go_on(
    broker: RealBroker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(app, "RIVALS_EVERY_S", 0.1)

    def rows() -> list[tuple[str, str, bool]]:
        found = [r for r in audited_in(tmp_path) if r["kind"] == "claimed_twice"]
        return [(r["target"], r["subject"], r["active"]) for r in found]

    where = config(tmp_path, broker.port, claim_wait_s=2)
    async with running(where) as collector, other(broker) as d2:
        for time in range(3):
            d2.publish(claim(time))
        async with playing(Played(broker.port)) as agent:
            agent.publish(readings(batch()))
            await until(lambda: agent.got() == {BatchKey(A, "readings", 1)})
        await until(lambda: "no more claims" in caplog.text)
        await until(lambda: not collector._guard._notes)
        collector.books.journal.sync()
        assert rows() == [(REGION, "d2", True), (REGION, "d2", False)]
        assert sum("stop one of them" in r.getMessage() for r in caplog.records) == 1


async def test_a_claim_that_another_emptied_is_made_again_at_once(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with running(config(tmp_path, broker.port)), other(broker) as d2:
        await until(lambda: claimed(d2) == ["d1"])
        d2.publish(Message(CLAIM, b"", True, 1, 1))
        await until(lambda: claimed(d2) == ["d1", "", "d1"])


async def test_a_second_process_of_our_id_is_said(
    mosquitto: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        running(config(tmp_path / "one", mosquitto.port)),
        running(config(tmp_path / "two", mosquitto.port), connected=False),
    ):
        # They throw each other out of the broker, and claim again at each connect.
        await until(lambda: "is claimed by collector d1 too (this one is d1)" in caplog.text, 30)


async def test_a_start_ends_when_told_to_stop_while_it_waits(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    async with other(mosquitto, claim(1)) as d2:
        async with running(config(tmp_path, mosquitto.port), connected=False) as collector:
            await until(lambda: collector.ready()[1])
        assert claimed(d2) == ["d2"]
