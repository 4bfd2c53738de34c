"""Receipts, and the births that they ask for."""

import asyncio
import random
from dataclasses import dataclass, field

from collector.asking import SPREAD_S, UNKNOWN_AFTER_S, Asking
from collector.counters import Counters
from collector.receipts import GATHER_S, MAX_KEYS, Receipts
from core import messages, topics
from core.clock import SECOND
from core.errors import NotConnected
from core.messages import Receipt
from core.types import BatchKey, Identity
from tests.collector.making import NOW, OTHER, WHO, A, B, Clock
from tests.waiting import until


@dataclass
class Post:
    """Where receipts go; nowhere while it is down."""

    down: bool = False
    sent: list[tuple[str, Receipt]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes) -> None:
        if self.down:
            raise NotConnected("down")
        self.sent.append((topic, messages.read_receipt(payload)))


def receipts(post: Post, backlogs: int = 0, counters: Counters | None = None) -> Receipts:
    counting, spare = counters or Counters(), 1_000_000
    return Receipts(
        "d1", post.publish, lambda: backlogs, counting, spare_bytes_per_s=spare, now=Clock()
    )


def key(seq: int, epoch: str = A) -> BatchKey:
    return BatchKey(epoch, "readings", seq)


async def test_what_comes_within_a_moment_is_one_receipt_for_each_agent() -> None:
    post = Post()
    gathering = receipts(post)
    gathering.got(WHO, key(1), 0xAB)
    gathering.got(WHO, key(2), 1)
    gathering.refused(WHO, key(3), 2)
    gathering.conflict(WHO, key(4, B), 3)
    gathering.closed(WHO, [B])
    gathering.got(OTHER, key(1), 9)
    assert post.sent == []
    await until(lambda: len(post.sent) == 2)
    topic, receipt = post.sent[0]
    assert topic == topics.topic(WHO, "receipt")
    assert receipt == Receipt(
        collector="d1",
        time=NOW // 1_000_000,
        got={"readings": {A: [(1, "000000ab"), (2, "00000001")]}},
        refused={"readings": {A: [(3, "00000002")]}},
        conflict={"readings": {B: [(4, "00000003")]}},
        closed=[B],
        backfill_bytes_per_s=1_000_000,
    )


async def test_a_receipt_goes_out_within_the_promised_moment() -> None:
    post, loop = Post(), asyncio.get_running_loop()
    began = loop.time()
    receipts(post).got(WHO, key(1), 1)
    await until(lambda: post.sent)
    assert loop.time() - began < GATHER_S + 0.5


async def test_a_lost_receipt_is_counted_and_the_next_one_goes_out() -> None:
    post, counters = Post(down=True), Counters()
    gathering = receipts(post, counters=counters)
    gathering.got(WHO, key(1), 1)
    gathering.flush()
    post.down = False
    gathering.got(WHO, key(1), 1)
    gathering.flush()
    assert (len(post.sent), counters.all()) == (1, {("receipts_lost", ""): 1, ("receipts", ""): 1})


async def test_the_spare_rate_is_shared_by_those_with_a_backlog() -> None:
    for backlogs, share in ((1, 1_000_000), (10, 100_000), (10_000, 100), (2_000_000, 1)):
        post = Post()
        gathering = receipts(post, backlogs)
        gathering.got(WHO, key(1), 1)
        gathering.flush()
        assert post.sent[0][1].backfill_bytes_per_s == share


async def test_a_receipt_of_very_many_keys_is_sent_in_parts() -> None:
    post = Post()
    gathering = receipts(post)
    for seq in range(1, MAX_KEYS + 2):
        gathering.got(WHO, key(seq), seq)
    gathering.flush()
    assert [len(receipt.got["readings"][A]) for _, receipt in post.sent] == [MAX_KEYS, 1]


def asking(clock: Clock) -> tuple[Asking, list[tuple[Identity, int]]]:
    asked: list[tuple[Identity, int]] = []
    rng = random.Random(1)
    return Asking(
        lambda who, number: asked.append((who, number)),
        now=clock,
        monotonic=clock.monotonic,
        rng=rng,
    ), asked


def test_after_a_start_everybody_is_asked_within_ten_minutes_and_once() -> None:
    clock = Clock()
    asks, asked = asking(clock)
    agents = [Identity("330100", f"school-{n}", "host") for n in range(100)]
    asks.everybody(agents)
    within_a_minute = 0
    for second in range(int(SPREAD_S)):
        clock.at += SECOND
        asks.tick(lambda _: True)
        within_a_minute = within_a_minute if second >= 60 else len(asked)
    assert sorted(map(str, agents)) == sorted(str(who) for who, _ in asked)
    assert 0 < within_a_minute < 30
    assert len({number for _, number in asked}) == 100, "each request has a number of its own"


def test_a_request_is_repeated_until_a_birth_comes_and_waits_for_who_is_not_there() -> None:
    clock = Clock()
    asks, asked = asking(clock)
    asks.soon(WHO)
    asks.tick(lambda _: True)
    assert asked == [], "a birth that is on its way is not asked for"
    clock.at += int(UNKNOWN_AFTER_S) * SECOND
    asks.tick(lambda _: False)
    assert (asked, asks.number(WHO)) == ([], 0)
    asks.tick(lambda _: True)
    asks.tick(lambda _: True)
    assert [who for who, _ in asked] == [WHO]
    assert asks.number(WHO) == asked[0][1]
    clock.at += int(SPREAD_S) * SECOND
    asks.tick(lambda _: True)
    assert asked[1][1] > asked[0][1]
    asks.answered(WHO)
    clock.at += int(SPREAD_S) * SECOND
    asks.tick(lambda _: True)
    assert len(asked) == 2


def test_numbers_grow_over_a_restart() -> None:
    clock = Clock()
    numbers = []
    for _ in range(2):
        asks, asked = asking(clock)
        asks.everybody([WHO])
        clock.at += int(SPREAD_S) * SECOND
        asks.tick(lambda _: True)
        numbers.append(asked[0][1])
    assert numbers[0] < numbers[1]


def test_who_is_to_be_asked_at_once_is_not_put_off_by_everybody_being_asked() -> None:
    clock = Clock()
    asks, asked = asking(clock)
    asks.everybody([WHO])
    asks.unanswered(WHO)
    asks.everybody([WHO])
    clock.at += SECOND
    asks.tick(lambda _: True)
    assert [who for who, _ in asked] == [WHO]
