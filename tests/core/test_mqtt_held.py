"""A session that leaves unread what comes: nothing is lost, and the connection lives on."""

import asyncio
from functools import partial

from tests.real.brokers import RealBroker
from tests.real.listening import Heard, session
from tests.waiting import until

TOPIC, KEEPALIVE_S, MESSAGES, SIZE = "t", 1, 400, 20_000
"""More than the buffers of two sockets hold."""


async def test_what_is_left_unread_for_long_arrives_in_order_when_it_is_read_again(
    broker: RealBroker,
) -> None:
    heard, other = Heard(), Heard()
    at = broker.at(keepalive_s=KEEPALIVE_S)
    async with (
        session(at, "reader", heard, subscriptions=[TOPIC], receive_maximum=1_000) as reader,
        session(broker.at(), "writer", other) as writer,
    ):
        await heard.until_connects(1)
        await other.until_connects(1)
        reader.read(on=False)
        for number in range(MESSAGES):
            writer.publish(TOPIC, b"%d " % number + b"x" * SIZE)
            await until(partial(lambda sent: len(other.acks) > sent - 20, number))
        # Longer than any keepalive: the answers to pings lie behind what is not read.
        await asyncio.sleep(4 * KEEPALIVE_S)
        assert heard.losses == []
        assert len(heard.messages) < MESSAGES // 2

        reader.read(on=True)
        await heard.until_messages(MESSAGES)
        assert [int(payload.split()[0]) for payload in heard.payloads] == [*range(MESSAGES)]
        assert heard.losses == []


async def test_a_new_connection_is_read_whatever_the_last_one_was(broker: RealBroker) -> None:
    heard = Heard()
    async with session(broker.at(), "reader", heard, subscriptions=[TOPIC]) as reader:
        await heard.until_connects(1)
        reader.read(on=False)
        reader.reconnect()
        await heard.until_connects(2)
        reader.publish(TOPIC, b"hello")
        await heard.until_messages(1)
