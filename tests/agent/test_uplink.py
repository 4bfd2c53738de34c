"""The uplink on real brokers, with the test in the collector's place."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from agent import uplink as uplink_module
from agent.agentclock import AgentClock
from agent.delivery import Delivery
from agent.presence import Presence
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.timekeeper import Timekeeper
from agent.uplink import Settings, Uplink
from agent.witness import Witness
from core import clock, messages, topics, wire
from core.errors import SpoolError
from core.messages import Birth, Claim, Death, Receipt
from core.mqtt import Broker, Connected, Message, Session
from core.topics import Channel
from core.types import Event, Identity, Lane
from tests.core.merkle.making import Log
from tests.real.brokers import RealBroker
from tests.waiting import until

WHO = Identity("000000", "trial", "pc-1")


@dataclass
class PlayedCollector:
    """Hears what the agent sends, and answers only what a test tells it to."""

    broker: Broker
    name: str = "d1"
    bodies: list[bytes] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    states: list[Birth | Death] = field(default_factory=list)
    session: Session = field(init=False)
    up: bool = False
    answers: bool = False

    def __post_init__(self) -> None:
        channels: tuple[Channel, ...] = ("readings", "events", "state")
        filters = [topics.topic(WHO, channel) for channel in channels]
        self.session = Session(
            self.broker, f"c-{self.name}", self, subscriptions=filters, reconnect_within_s=0.05
        )

    def connected(self, up: Connected, /) -> None:
        self.up = True

    def disconnected(self, reason: str, /) -> None:
        self.up = False

    def received(self, message: Message, /) -> None:
        if message.topic.endswith("/state"):
            self.states.append(messages.read_state(message.payload))
        elif message.topic.endswith("/events"):
            self.events.append(wire.unpack(message.payload))
        else:
            self.bodies.append(wire.unpack(message.payload))
            if self.answers:
                self.answer(got=self.has(self.bodies[-1]))

    def acknowledged(self, mid: int, reason_code: int, reason: str, /) -> None:
        """Count on nothing: PUBACKs prove nothing."""

    def claim(self) -> None:
        payload = messages.encode(Claim(self.name, 1))
        self.session.publish(topics.claim_topic(WHO.region), payload, retain=True)

    def answer(self, **parts: object) -> None:
        parts.setdefault("time", 1)
        receipt = Receipt(collector=self.name, **parts)  # type: ignore[arg-type]
        self.session.publish(topics.topic(WHO, "receipt"), messages.encode(receipt))

    def received_keys(self) -> list[tuple[str, int]]:
        headers = [wire.split_header(body)[0] for body in self.bodies]
        return [(header.epoch, header.seq) for header in headers if header]

    def has(self, body: bytes) -> messages.Keys:
        header, _ = wire.split_header(body)
        assert header is not None
        crc = messages.crc_text(wire.crc(body))
        return {"readings": {header.epoch: [(header.seq, crc)]}}


@asynccontextmanager
async def playing(broker: RealBroker, name: str = "d1") -> AsyncIterator[PlayedCollector]:
    collector = PlayedCollector(broker.at(), name)
    running = asyncio.create_task(collector.session.run())
    await until(lambda: collector.up)
    try:
        yield collector
    finally:
        await collector.session.close()
        running.cancel()


@asynccontextmanager
async def sending(
    broker: RealBroker,
    folder: Path,
    collector: str = "d1",
    delivery: Delivery | None = None,
    times: AgentClock | None = None,
) -> AsyncIterator[Uplink]:
    times = times or AgentClock()
    spool = SpoolThread(Spool(folder / "spool.db", now=times.now, unchecked=times.unchecked))
    settings = Settings(WHO, broker.at(), collector, reconnect_within_s=0.2)
    uplink = Uplink(
        settings,
        spool,
        Presence(WHO, spool.spool.id, clock.now()),
        Timekeeper(times, spool),
        delivery or Delivery(),
    )
    running = asyncio.create_task(uplink.run())
    try:
        yield uplink
    finally:
        await uplink.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await spool.close()


async def seal(uplink: Uplink, line: bytes = b"mem used_percent=1.5 1") -> None:
    await uplink.spool.take([line], unchecked=True)
    await uplink.spool.seal()
    uplink.sealed()


async def until_waiting(uplink: Uplink, batches: int) -> None:
    async def look() -> None:
        while await waiting(uplink, "readings") != batches:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), 10)


async def waiting(uplink: Uplink, lane: Lane) -> int:
    rows = await uplink.spool.call(
        lambda spool: spool.waiting(lane, "all", since=0, besides=(), limit=99)
    )
    return len(rows)


async def test_a_batch_stays_in_the_spool_until_its_receipt(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await seal(uplink)
        await until(lambda: collector.bodies)
        assert await waiting(uplink, "readings") == 1

        collector.answer(got=collector.has(collector.bodies[0]))
        await until_waiting(uplink, 0)


async def test_a_checkpoint_in_a_receipt_is_kept_and_one_that_differs_is_an_event(
    broker: RealBroker, tmp_path: Path
) -> None:
    log = Log().grow(9)
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        uplink.witness = Witness(tmp_path / "witness", log.verifier)
        await until(lambda: collector.states)

        def bring(receipt: Receipt) -> None:
            parts = msgspec.structs.asdict(receipt)
            collector.answer(
                **{name: parts[name] for name in ("checkpoint", "proof", "proof_from")}
            )

        bring(log.receipt())
        await until((tmp_path / "witness" / "held.json").exists)
        bring(Log(minute=9).grow(3).grow(9, "other").receipt(9))
        await until(lambda: any(b"audit_inconsistent" in body for body in collector.events))
        await seal(uplink)
        await until(lambda: collector.bodies)


async def test_birth_will_and_stop_name_the_epoch_and_the_connect(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector:
        async with sending(broker, tmp_path) as uplink:
            await until(lambda: collector.states)
            epoch = uplink.spool.spool.epoch
        await until(lambda: len(collector.states) == 2)
    birth, death = collector.states
    assert isinstance(birth, Birth)
    assert isinstance(death, Death)
    assert (birth.epoch, birth.no, death.epoch, death.state) == (epoch, 1, epoch, "stopped")
    assert birth.conn == death.conn


async def test_a_receipt_of_a_collector_that_is_not_ours_changes_nothing(
    broker: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with playing(broker, "stranger") as collector, sending(broker, tmp_path) as uplink:
        await seal(uplink)
        await until(lambda: collector.bodies)
        collector.answer(got=collector.has(collector.bodies[0]))
        await until(lambda: "stranger" in caplog.text)
        await until_waiting(uplink, 1)


async def test_in_a_trial_the_receipts_of_the_claim_count_even_if_they_came_first(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path, collector="") as uplink:
        await seal(uplink)
        await until(lambda: collector.bodies)
        collector.answer(got=collector.has(collector.bodies[0]))
        collector.claim()
        await until_waiting(uplink, 0)


async def test_an_unanswered_batch_is_sent_again(broker: RealBroker, tmp_path: Path) -> None:
    hurried = Delivery(rng=HurriedRandom())
    async with (
        playing(broker) as collector,
        sending(broker, tmp_path, delivery=hurried) as uplink,
    ):
        await seal(uplink)
        await until(lambda: len(collector.bodies) >= 3)
        assert len(set(collector.bodies)) == 1


class HurriedRandom(random.Random):
    """Makes the first wait of 15 s a tenth of a second."""

    def uniform(self, a: float, b: float) -> float:
        return 0.1 / 15


async def test_after_the_broker_died_everything_unanswered_comes_again(
    broker: RealBroker, tmp_path: Path
) -> None:
    hurried = Delivery(rng=HurriedRandom())
    async with (
        playing(broker) as collector,
        sending(broker, tmp_path, delivery=hurried) as uplink,
    ):
        await seal(uplink)
        await until(lambda: collector.bodies)
        await asyncio.to_thread(broker.kill)
        await until(lambda: not collector.up)
        await seal(uplink, b"mem used_percent=2.5 2")
        collector.answers = True
        await asyncio.to_thread(broker.start)
        await until_waiting(uplink, 0)
        assert {seq for _, seq in collector.received_keys()} == {1, 2}


async def test_a_new_connection_is_not_taken_for_an_answer_of_the_collector(
    broker: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "agent.uplinkwords")
    hurried = Delivery(rng=HurriedRandom())
    async with (
        playing(broker) as collector,
        sending(broker, tmp_path, delivery=hurried) as uplink,
    ):
        await seal(uplink)
        await until(lambda: "no receipt from the collector" in caplog.text)
        for _ in range(2):
            seen = len(collector.states)
            uplink.session.reconnect()
            await until(lambda: len(collector.states) > seen)  # noqa: B023 — awaited here
            await until(lambda: "readings" in hurried.unanswered)
        assert [one.levelname for one in caplog.records] == ["WARNING"], "said once, and no answer"
        collector.answers = True
        await until_waiting(uplink, 0)
        assert caplog.records[-1].getMessage() == "the collector answers again"
        assert len(caplog.records) == 2


async def test_an_agent_without_a_broker_rests(broker: RealBroker, tmp_path: Path) -> None:
    hurried = Delivery(rng=HurriedRandom())
    async with (
        playing(broker) as collector,
        sending(broker, tmp_path, delivery=hurried) as uplink,
    ):
        await seal(uplink)
        await until(lambda: collector.bodies)
        await asyncio.to_thread(broker.kill)
        await until(lambda: not collector.up and not uplink.session.connected)
        before = time.process_time()
        await asyncio.sleep(1)
        assert time.process_time() - before < 0.5


async def test_what_was_refused_is_dropped_and_told_in_a_new_birth(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await seal(uplink)
        await until(lambda: collector.bodies)
        collector.answer(refused=collector.has(collector.bodies[0]))
        await until_waiting(uplink, 0)
        await until(lambda: drops(collector.states[-1]) == [(1, 1, "refused")])


def drops(state: Birth | Death) -> list[tuple[int, int, str]]:
    return (
        [d for report in state.epochs for d in report.dropped] if isinstance(state, Birth) else []
    )


async def test_a_conflict_is_sent_under_a_new_epoch_that_birth_and_will_name(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await seal(uplink)
        await until(lambda: collector.bodies)
        old = uplink.spool.spool.epoch
        collector.answer(conflict=collector.has(collector.bodies[0]))
        await until(lambda: any(epoch != old for epoch, _ in collector.received_keys()), 20)

        new = uplink.spool.spool.epoch
        assert collector.received_keys()[-1] == (new, 1)
        await until(lambda: collector.states[-1].epoch == new)


@pytest.mark.parametrize("part", ["got", "refused", "conflict"])
async def test_a_receipt_whose_crc_does_not_agree_touches_nothing(
    broker: RealBroker, tmp_path: Path, part: str
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await seal(uplink)
        await until(lambda: collector.bodies)
        epoch, births = uplink.spool.spool.epoch, len(collector.states)
        for _ in range(3):
            collector.answer(**{part: {"readings": {epoch: [(1, "00000000")]}}})
        collector.answer(birth=7)
        await until(lambda: asked(collector.states[-1]) == 7)
        assert len(collector.states) == births + 1
        assert len(collector.bodies) == 1
        assert uplink.spool.spool.epoch == epoch
        await until_waiting(uplink, 1)


async def test_the_claim_is_read_anew_at_each_connect(broker: RealBroker, tmp_path: Path) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path, collector="") as uplink:
        collector.claim()
        await seal(uplink)
        await until(lambda: collector.bodies)
        collector.session.publish(topics.claim_topic(WHO.region), b"", retain=True)
        births = len(collector.states)
        uplink.session.reconnect()
        await until(lambda: len(collector.states) > births)
        await until(lambda: len(collector.bodies) > 1)
        collector.answer(got=collector.has(collector.bodies[0]))
        await asyncio.sleep(0.5)
        await until_waiting(uplink, 1)

        collector.claim()
        await until_waiting(uplink, 0)


async def test_a_birth_that_is_asked_for_repeats_the_number_of_the_request(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path):
        await until(lambda: collector.states)
        collector.answer(birth=42)
        await until(lambda: asked(collector.states[-1]) == 42)


def asked(state: Birth | Death) -> int:
    return state.asked if isinstance(state, Birth) else 0


async def test_the_change_filter_forgets_at_each_connect_birth_and_refusal(
    broker: RealBroker, tmp_path: Path
) -> None:
    forgotten: list[str] = []
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        uplink.forget = lambda: forgotten.append(uplink.settings.collector)
        before = len(collector.states)
        uplink.session.reconnect()
        await until(lambda: len(forgotten) == 1)
        await until(lambda: len(collector.states) > before)
        collector.answer(birth=42)
        await until(lambda: len(forgotten) == 2)
        await seal(uplink)
        await until(lambda: collector.bodies)
        collector.answer(got=collector.has(collector.bodies[0]))
        await until_waiting(uplink, 0)
        assert len(forgotten) == 2, "what was received is known"
        await seal(uplink)
        await until(lambda: len(collector.bodies) > 1)
        collector.answer(refused=collector.has(collector.bodies[-1]))
        await until(lambda: len(forgotten) == 3)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'{"schoolwatch":2}',
        b'{"schoolwatch":1,"collector":"d1","time":1,"got":7}',
        b"\xff",
    ],
    ids=["empty", "cut off", "newer version", "wrong shape", "not text"],
)
async def test_a_damaged_receipt_is_named_and_the_next_one_counts(
    broker: RealBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture, payload: bytes
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await seal(uplink)
        await until(lambda: collector.bodies)
        collector.session.publish(topics.topic(WHO, "receipt"), payload)
        await until(lambda: "left out" in caplog.text)
        collector.answer(got=collector.has(collector.bodies[0]))
        await until_waiting(uplink, 0)


LINK_DOWN = Event("link_down", "switch-2", "switch-2/port-5", active=True, severity="P3", at=1)


def lists_and_events(collector: PlayedCollector) -> list[tuple[bool, list[str]]]:
    found = []
    for body in collector.events:
        first, *lines = body.splitlines()
        found.append(("full" in json.loads(first), [json.loads(line)["kind"] for line in lines]))
    return found


def got_events(*bodies: bytes) -> dict[str, dict[str, list[tuple[int, str]]]]:
    keys: dict[str, list[tuple[int, str]]] = {}
    for body in bodies:
        header = json.loads(body.partition(b"\n")[0])
        crc = messages.crc_text(wire.crc(body))
        keys.setdefault(header["epoch"], []).append((header["seq"], crc))
    return {"events": keys}


async def test_every_connect_tells_which_conditions_are_open_even_if_none_is(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await until(lambda: lists_and_events(collector) == [(True, [])])
        await until(lambda: collector.states)
        assert held(collector.states[0], "events") == [(1, 1)]

        collector.answer(got=got_events(collector.events[0]))
        await uplink.spool.call(lambda spool: spool.tell([LINK_DOWN]))
        uplink.sealed()
        await until(lambda: len(collector.events) == 2)
        collector.answer(got=got_events(collector.events[1]))
        uplink.session.reconnect()
        await until(lambda: (True, ["link_down"]) in lists_and_events(collector))


def held(state: Birth | Death, lane: Lane) -> list[tuple[int, int]]:
    assert isinstance(state, Birth)
    return [pair for r in state.epochs if r.lane == lane for pair in r.held_ranges()]


async def test_a_birth_that_is_asked_for_comes_with_the_open_conditions(
    broker: RealBroker, tmp_path: Path
) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path):
        await until(lambda: collector.events)
        collector.answer(birth=42)
        await until(lambda: lists_and_events(collector) == [(True, [])] * 2)


async def test_an_events_lane_that_nobody_answers_neither_grows_nor_disturbs_readings(
    broker: RealBroker, tmp_path: Path
) -> None:
    hurried = Delivery(rng=HurriedRandom())
    async with (
        playing(broker) as collector,
        sending(broker, tmp_path, delivery=hurried) as uplink,
    ):
        for _ in range(3):
            seen = len(collector.states)
            await until(lambda: len(collector.states) > seen)  # noqa: B023 — awaited here
            uplink.session.reconnect()
        await until(lambda: "events" in hurried.unanswered)
        assert hurried.room("readings") == hurried.window
        assert await waiting(uplink, "events") == 1

        collector.answers = True
        for _ in range(10):
            await seal(uplink)
        await until_waiting(uplink, 0)
        assert await waiting(uplink, "events") == 1


async def test_events_go_before_readings(broker: RealBroker, tmp_path: Path) -> None:
    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await until(lambda: collector.events)
        await uplink.spool.call(lambda spool: spool.tell([LINK_DOWN]))
        await seal(uplink)
        await until(lambda: collector.bodies)
        assert (False, ["link_down"]) in lists_and_events(collector)


HOUR = 3600 * clock.SECOND


async def test_receipts_correct_a_wrong_clock_and_the_next_birth_says_so(
    broker: RealBroker, tmp_path: Path
) -> None:
    fast = AgentClock(wall=lambda: clock.now() + HOUR)
    async with playing(broker) as collector, sending(broker, tmp_path, times=fast):
        await until(lambda: collector.events)
        answer_events(collector)
        await until(lambda: (False, ["clock_back"]) in lists_and_events(collector))
        answer_events(collector)
        await until(lambda: not fast.unchecked())
        assert abs(fast.now() - clock.now()) < 5 * clock.SECOND

        collector.answer(birth=1)
        await until(lambda: checked(collector.states[-1:]))
        assert fast.restarts == 1


async def test_a_clock_that_was_set_back_before_any_check_is_checked_all_the_same(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    ahead = [HOUR]
    times = AgentClock(wall=lambda: clock.now() + ahead[0])
    async with playing(mosquitto) as collector, sending(mosquitto, tmp_path, times=times) as uplink:
        await until(lambda: collector.events)
        ahead[0] = 0
        assert times.look() < 0
        for number in (1, 2):
            await seal(uplink)
            await until(lambda: len(collector.bodies) == number)  # noqa: B023
        collector.answer(got=collector.has(collector.bodies[1]), time=clock.now() // 1_000_000)
        await until(lambda: not times.unchecked())


async def test_a_birth_tells_that_the_clock_was_checked_without_being_asked(
    mosquitto: RealBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplink_module, "BIRTH_AT_MOST_EVERY", 0.0)
    fast = AgentClock(wall=lambda: clock.now() + HOUR)
    async with playing(mosquitto) as collector, sending(mosquitto, tmp_path, times=fast) as uplink:
        while not checked(collector.states[-1:]):
            await seal(uplink)
            answer_events(collector)
            await asyncio.sleep(0.1)


def answer_events(collector: PlayedCollector) -> None:
    collector.answer(got=got_events(*collector.events), time=clock.now() // 1_000_000)


def checked(states: Sequence[Birth | Death]) -> bool:
    (state,) = states or (None,)
    if not isinstance(state, Birth) or not state.clock.checked:
        return False
    assert abs(state.clock.offset_ms - 3_600_000) < 5_000
    return True


async def test_a_spool_that_breaks_and_begins_anew_is_named_by_the_next_birth(
    broker: RealBroker, tmp_path: Path
) -> None:
    def lose(spool: Spool) -> None:
        """Break the table without which the spool knows nothing, behind SQLite's back."""
        spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'epoch'"
        (page,) = spool._db.execute(sql).fetchone()
        with (tmp_path / "spool.db").open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)
        spool._db.execute("PRAGMA cache_size = 0")
        spool._db.execute("PRAGMA shrink_memory")

    async with playing(broker) as collector, sending(broker, tmp_path) as uplink:
        await until(lambda: collector.states)
        await uplink.spool.call(lose)
        with suppress(SpoolError):
            await seal(uplink)
        await seal(uplink)
        await until(lambda: isinstance(collector.states[-1], Birth) and len(collector.states) > 1)
        first, last = collector.states[0], collector.states[-1]
        assert isinstance(first, Birth)
        assert isinstance(last, Birth)
        spool = uplink.spool.spool
        assert (last.spool, last.epoch) == (spool.id, spool.epoch)
        assert (first.spool == last.spool, first.epoch == last.epoch) == (False, False)
        await until(lambda: (spool.epoch, 1) in collector.received_keys())
