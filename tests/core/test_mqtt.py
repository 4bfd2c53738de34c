"""The MQTT session on the real brokers while nothing goes wrong."""

import asyncio
import threading

import pytest

from core.errors import NotConnected, PayloadError
from core.mqtt import Broker, Connected, Session, Will
from core.wire import MAX_SENT_BYTES
from tests.real.brokers import RealBroker
from tests.real.listening import Heard, session
from tests.waiting import until


async def test_what_one_publishes_the_other_receives_and_the_broker_acknowledges(
    broker: RealBroker,
) -> None:
    north, south = Heard(), Heard()
    async with (
        session(broker.at(), "north", north) as sender,
        session(broker.at(), "south", south, subscriptions=["t/#", "u"]),
    ):
        await until(lambda: north.connects and south.connects)
        mids = [sender.publish("t/1", b"one"), sender.publish("u", b""), sender.publish("v", b"")]
        await until(lambda: len(south.messages) == 2 and len(north.acks) == 3)
    assert [(m.topic, m.payload, m.retain) for m in south.messages] == [
        ("t/1", b"one", False),
        ("u", b"", False),
    ]
    assert sorted(mid for mid, _, _ in north.acks) == mids
    assert north.acks[0][1:] == (0, "Success")


async def test_the_listener_is_called_in_the_thread_of_the_event_loop(broker: RealBroker) -> None:
    threads: set[threading.Thread] = set()

    class Threads(Heard):
        def received(self, message: object, /) -> None:
            threads.add(threading.current_thread())

        def acknowledged(self, *what: object) -> None:
            threads.add(threading.current_thread())

    heard = Threads()
    async with session(broker.at(), "a", heard, subscriptions=["t"]) as mine:
        await until(lambda: mine.connected)
        mine.publish("t", b"")
        await until(lambda: threads)
    assert threads == {threading.current_thread()}


async def test_a_retained_message_is_there_for_who_comes_later_and_is_marked(
    broker: RealBroker,
) -> None:
    heard = Heard()
    async with session(broker.at(), "a", Heard()) as sender:
        await until(lambda: sender.connected)
        sender.publish("t", b"kept", retain=True)
    async with session(broker.at(), "b", heard, subscriptions=["t"]):
        await until(lambda: heard.messages)
    assert [(m.payload, m.retain) for m in heard.messages] == [(b"kept", True)]


async def test_connected_is_told_before_any_message_of_the_connection(broker: RealBroker) -> None:
    told: list[str] = []

    class Order(Heard):
        def connected(self, connected: Connected, /) -> None:
            told.append("connected")

        def received(self, message: object, /) -> None:
            told.append("received")

    options = {"clean_start": False, "session_expiry_s": 60, "subscriptions": ["t"]}
    async with session(broker.at(), "late", Heard(), **options) as first:
        await until(lambda: first.connected)
    async with session(broker.at(), "other", Heard()) as sender:
        await until(lambda: sender.connected)
        for _ in range(5):
            sender.publish("t", b"while away")
    async with session(broker.at(), "late", Order(), **options):
        await until(lambda: len(told) == 6)
    assert told == ["connected", *["received"] * 5]


async def test_the_last_word_is_retained_and_the_will_is_not_said(broker: RealBroker) -> None:
    will, last = Will("state", b"down"), Will("state", b"stopped")
    heard, later = Heard(), Heard()
    async with session(broker.at(), "witness", heard, subscriptions=["state"]) as witness:
        await until(lambda: witness.connected)
        async with session(broker.at(), "a", Heard(), will=lambda _: will) as mine:
            await until(lambda: mine.connected)
            await mine.close(last)
            assert not mine.connected
        async with session(broker.at(), "b", later, subscriptions=["state"]):
            await until(lambda: later.messages and heard.messages)
    assert heard.payloads == [b"stopped"]
    assert [(m.payload, m.retain) for m in later.messages] == [(b"stopped", True)]


async def test_a_session_that_is_cancelled_leaves_its_will(broker: RealBroker) -> None:
    heard = Heard()
    async with session(broker.at(), "witness", heard, subscriptions=["state"]) as witness:
        await until(lambda: witness.connected)
        mine = Session(broker.at(), "a", Heard(), will=lambda conn: Will("state", b"%d" % conn))
        run = asyncio.create_task(mine.run())
        await until(lambda: mine.connected)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        await until(lambda: heard.messages)
    assert heard.payloads == [b"1"]
    assert not mine.connected


async def test_leaving_while_much_is_arriving_says_no_will(mosquitto: RealBroker) -> None:
    states, options = Heard(), {"subscriptions": ["t"], "will": lambda _: Will("state", b"down")}
    witness = session(mosquitto.at(), "witness", states, subscriptions=["state"])
    async with witness, session(mosquitto.at(), "other", Heard()) as other:
        await until(lambda: other.connected)
        for count in range(1, 11):
            heard = Heard()
            async with session(mosquitto.at(), "a", heard, **options) as mine:
                await heard.until_connects(1)
                for _ in range(100):
                    other.publish("t", bytes(2_000))
                await heard.until_messages(1)
                await mine.close(Will("state", b"stopped"))
            await states.until_messages(count)
    assert set(states.payloads) == {b"stopped"}


async def test_reconnect_is_at_once_and_counts(broker: RealBroker) -> None:
    heard = Heard()
    async with session(broker.at(), "a", heard, reconnect_within_s=3600) as mine:
        await until(lambda: mine.connected)
        mine.reconnect()
        assert not mine.connected
        await until(lambda: mine.connected)
    assert [c.conn for c in heard.connects] == [1, 2]
    assert heard.losses == ["connecting anew", "closed"]


async def test_reconnect_says_no_will_and_leaves_a_new_one(mosquitto: RealBroker) -> None:
    # rumqttd may say the will of the new connection when the old one ends.
    heard = Heard()
    witness = session(mosquitto.at(), "witness", heard, subscriptions=["state"])
    mine = Session(mosquitto.at(), "a", Heard(), will=lambda conn: Will("state", b"%d" % conn))
    async with witness:
        run = asyncio.create_task(mine.run())
        await until(lambda: mine.connected)
        mine.reconnect()
        await until(lambda: mine.connected)
        mine.publish("state", b"alive")
        await until(lambda: heard.messages)
        run.cancel()
        await until(lambda: len(heard.messages) == 2)
    assert heard.payloads == [b"alive", b"2"]


async def test_offline_nothing_is_taken_and_nothing_of_it_is_sent_later(
    broker: RealBroker,
) -> None:
    heard = Heard()
    options = {"subscriptions": ["t"]}
    async with session(broker.at(), "a", heard, **options) as mine:
        with pytest.raises(NotConnected, match=f"127.0.0.1:{broker.port}"):
            mine.publish("t", b"too early")
        await until(lambda: mine.connected)
        await asyncio.to_thread(broker.kill)
        await until(lambda: not mine.connected)
        with pytest.raises(NotConnected):
            mine.publish("t", b"offline")
        await asyncio.to_thread(broker.start)
        await until(lambda: mine.connected)
        mine.publish("t", b"now")
        await until(lambda: heard.messages)
    assert heard.payloads == [b"now"]


async def test_a_payload_over_the_limit_is_refused_and_one_at_the_limit_arrives(
    broker: RealBroker,
) -> None:
    heard = Heard()
    async with session(broker.at(), "a", heard, subscriptions=["t"]) as mine:
        await until(lambda: mine.connected)
        with pytest.raises(PayloadError, match=f"the limit is {MAX_SENT_BYTES}"):
            mine.publish("t", bytes(MAX_SENT_BYTES + 1))
        mine.publish("t", bytes(MAX_SENT_BYTES))
        await until(lambda: heard.messages)
    assert len(heard.payloads[0]) == MAX_SENT_BYTES


async def test_many_messages_arrive_in_order_each_acknowledged_once(broker: RealBroker) -> None:
    heard, count = Heard(), 500
    async with session(broker.at(), "a", heard, subscriptions=["t"]) as mine:
        await until(lambda: mine.connected)
        for number in range(count):
            mine.publish("t", b"%d" % number)
        await until(lambda: len(heard.messages) == count and len(heard.acks) == count)
    assert heard.payloads == [b"%d" % number for number in range(count)]
    assert len({mid for mid, _, _ in heard.acks}) == count


async def test_an_identity_is_a_client_id_on_every_broker(broker: RealBroker) -> None:
    heard = Heard()
    async with session(broker.at(), "000000/trial/pc-1", heard):
        await until(lambda: heard.connects)
        await asyncio.to_thread(broker.kill)
        await until(lambda: heard.losses)
        await asyncio.to_thread(broker.start)
        await until(lambda: len(heard.connects) == 2)


async def test_a_broker_with_3_1_1_only_is_spoken_to_in_3_1_1(embedded: RealBroker) -> None:
    heard = Heard()
    v3 = embedded.at(port=embedded.port_v3)
    async with session(v3, "a", heard, subscriptions=["t"]) as mine:
        await until(lambda: mine.connected)
        mine.publish("t", b"hello")
        await until(lambda: heard.messages and heard.acks)
    assert [c.protocol for c in heard.connects] == ["3.1.1"]
    assert heard.acks[0][1] == 0


async def test_a_session_in_3_1_1_outlives_its_connection_too(mosquitto: RealBroker) -> None:
    heard, v3 = Heard(), Broker(port=mosquitto.port, protocol="3.1.1")
    options = {"clean_start": False, "subscriptions": ["t"]}
    async with session(v3, "kept", heard, **options) as first:
        await until(lambda: first.connected)
    async with session(mosquitto.at(), "b", Heard()) as sender:
        await until(lambda: sender.connected)
        sender.publish("t", b"while away")
    async with session(v3, "kept", heard, **options):
        await until(lambda: heard.messages)
    assert [c.session_present for c in heard.connects] == [False, True]
