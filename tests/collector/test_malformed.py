"""Ten thousand malformed messages among good ones: counted, named, and none stops the rest."""

import asyncio
import gc
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest
from msgspec.structs import replace

from collector.counters import Counters
from collector.deadletters import MAX_TEXT
from collector.inbox import Inbox
from core.mqtt import Message
from core.types import Identity
from tests.collector.desk import Desk, letters_in, open_desk
from tests.collector.making import NOW, REGION, A, batch, readings
from tests.collector.malformed import malformed
from tests.collector.played import config, publish_any, running, stored
from tests.real import brokers
from tests.real.brokers import need
from tests.waiting import until

COUNT = 10_000
AGENTS = [Identity(REGION, f"good-{n}", "host") for n in range(5)]
AT_ONCE = 100
MAX_GROWTH_BYTES = 150_000_000
"""Of the whole process at its peak. One bomb alone unpacks to 400 MB."""
OF_BOTH_SIDES = 100_000_000
"""What the sender holds besides, where it is this process too: messages of 10 MB among them."""


@pytest.fixture
def seed() -> int:
    found = int(os.environ.get("SCHOOLWATCH_TEST_SEED") or random.SystemRandom().randrange(10**9))
    print(f"again with SCHOOLWATCH_TEST_SEED={found}")  # noqa: T201 — shown when the test fails
    return found


def forget_peak() -> int:
    """Begin to measure the peak anew; return how much memory is in use now."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1_024


@dataclass
class Broker:
    """Delivers to the two inboxes, and wants every message acknowledged in order."""

    desk: Desk
    delivered: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inboxes = {
            "readings": Inbox("readings", self.desk.readings, Counters(), self.desk.clock),
            "state": Inbox("state", self.desk.states, Counters(), self.desk.clock),
        }
        for inbox in self.inboxes.values():
            inbox.source = self

    def deliver(self, message: Message) -> None:
        channel = "state" if message.topic.endswith("/state") else "readings"
        mid = len(self.delivered) + 1
        self.delivered.append(mid)
        self.inboxes[channel].put(replace(message, mid=mid))

    def acknowledge(self, message: Message) -> None:
        self.acknowledged.append(message.mid)

    def read(self, *, on: bool) -> None:
        raise AssertionError(f"more was delivered than fits ({on=})")

    async def settled(self) -> None:
        await until(lambda: len(self.acknowledged) == len(self.delivered), 60)


def good() -> Iterator[Message]:
    """Batches of five agents in turn, without end."""
    seq = 0
    while True:
        seq += 1
        for who in AGENTS:
            yield readings(batch(A, seq), who)


@pytest.mark.parametrize("many", [COUNT // 5, pytest.param(COUNT, marks=pytest.mark.slow)])
async def test_each_of_thousands_is_named_and_every_good_batch_is_stored(
    tmp_path: Path, seed: int, many: int
) -> None:
    desk = open_desk(tmp_path)
    broker, wanted, batches = Broker(desk), malformed(seed, many), good()
    running = [asyncio.create_task(inbox.run()) for inbox in broker.inboxes.values()]
    before, topics, count = forget_peak(), set[str](), 0
    while chunk := list(islice(wanted, AT_ONCE)):
        for message in chunk:
            broker.deliver(message)
            topics.add(message.topic[:MAX_TEXT])
            if len(broker.delivered) % 10 == 0:
                broker.deliver(next(batches))
                count += 1
        await broker.settled()
    grown = memory("VmHWM") - before
    for inbox in broker.inboxes.values():
        inbox.stop()
    await asyncio.gather(*running)
    desk.books.receipts.flush()

    assert len(topics) == many
    letters = desk.letters()
    assert {letter["topic"] for letter in letters} == topics
    assert all(letter["reason"] and letter["kind"] for letter in letters)
    assert "crash" not in {letter["kind"] for letter in letters}
    kinds = Counter(letter["kind"] for letter in letters)
    assert kinds == {kind: desk.count("dead_letters", kind) for kind in kinds}
    assert grown < MAX_GROWTH_BYTES, f"grew by {grown / 1e6:.0f} MB"
    for number, who in enumerate(AGENTS):
        seqs = range(1, count // len(AGENTS) + (number < count % len(AGENTS)) + 1)
        assert desk.stored(who) == {NOW + seq: seq for seq in seqs}
        assert desk.received(who) == [(1, len(seqs))]
        assert desk.seqs(who) == list(seqs)


@pytest.mark.slow
@pytest.mark.real("mosquitto")
async def test_through_a_broker_without_a_size_limit_the_same_holds(
    tmp_path: Path, seed: int
) -> None:
    need("mosquitto")
    real = brokers.mosquitto(tmp_path / "broker", without=["max_packet_size"])
    bad = [message for message in malformed(seed, 2_000) if is_delivered(message)]
    fine = list(islice(good(), 100))
    mixed = [*bad, *(replace(message, mid=0) for message in fine)]
    random.Random(seed).shuffle(mixed)
    topics = {message.topic[:MAX_TEXT] for message in bad}
    folder = tmp_path / "collector"
    with brokers.running(real):
        async with running(config(folder, real.port)) as collector:
            before = forget_peak()
            await publish_any(real.port, mixed)
            await until(lambda: {letter["topic"] for letter in letters_in(folder)} == topics, 30)
            await until(lambda: collector.books.counters.total("batches") >= len(fine), 30)
            grown = memory("VmHWM") - before
            for who in AGENTS:
                assert sorted(stored(collector, who).values()) == list(range(1, 21))
            assert collector.ready() == (True, "")
    assert grown < MAX_GROWTH_BYTES + OF_BOTH_SIDES, f"grew by {grown / 1e6:.0f} MB"


def is_delivered(message: Message) -> bool:
    """Return whether the broker takes it, and has a subscription of ours for it."""
    levels = message.topic.split("/")
    ours = len(levels) == 6 and levels[2] == REGION and levels[5] in ("readings", "state")
    return ours and levels[1] == "v1" and "\0" not in message.topic
