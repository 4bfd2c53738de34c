"""Manual acknowledgement: what was not acknowledged comes again, and nothing goes out of order."""

from core.mqtt import Message
from tests.real.brokers import RealBroker
from tests.real.listening import Heard, session
from tests.waiting import until

KEPT = {
    "subscriptions": ["t"],
    "manual_ack": True,
    "clean_start": False,
    "session_expiry_s": 600,
}


async def test_what_was_not_acknowledged_comes_again_on_the_next_connection(
    broker: RealBroker,
) -> None:
    heard = Heard()
    async with (
        session(broker.at(), "kept", heard, **KEPT) as mine,
        session(broker.at(), "other", Heard()) as other,
    ):
        await until(lambda: mine.connected and other.connected)
        for number in range(5):
            other.publish("t", b"%d" % number)
        await until(lambda: len(heard.messages) == 5)
        first = list(heard.messages)
        for message in first[:2]:
            mine.acknowledge(message)
        mine.reconnect()
        await until(lambda: len(heard.messages) == 8)
        assert heard.payloads[5:] == [b"2", b"3", b"4"]
        assert {m.conn for m in heard.messages[5:]} == {2}
        # Those of the old connection mean nothing in this one.
        for message in first:
            mine.acknowledge(message)
        for message in heard.messages[5:]:
            mine.acknowledge(message)
        mine.reconnect()
        await until(lambda: len(heard.connects) == 3)
        other.publish("t", b"last")
        await until(lambda: len(heard.messages) == 9)
    assert heard.connects[1].session_present
    assert heard.payloads[8] == b"last"


async def test_acknowledgements_wait_for_those_of_earlier_messages(broker: RealBroker) -> None:
    heard = Heard()
    async with (
        session(broker.at(), "kept", heard, **KEPT) as mine,
        session(broker.at(), "other", Heard()) as other,
    ):
        await until(lambda: mine.connected and other.connected)
        for number in range(3):
            other.publish("t", b"%d" % number)
        await until(lambda: len(heard.messages) == 3)
        for message in heard.messages[:0:-1]:
            mine.acknowledge(message)
        mine.reconnect()
        await until(lambda: len(heard.messages) == 6)
        for message in heard.messages[:2:-1]:
            mine.acknowledge(message)
        mine.reconnect()
        await until(lambda: len(heard.connects) == 3)
        other.publish("t", b"last")
        await until(lambda: len(heard.messages) == 7)
    assert heard.payloads == [b"0", b"1", b"2"] * 2 + [b"last"]
    assert heard.losses == ["connecting anew", "connecting anew", "closed"]


async def test_without_acknowledgements_the_broker_waits_at_the_window(
    mosquitto: RealBroker,
) -> None:
    heard = Heard()
    async with (
        session(mosquitto.at(), "kept", heard, **KEPT, receive_maximum=5) as mine,
        session(mosquitto.at(), "other", Heard()) as other,
    ):
        await until(lambda: mine.connected and other.connected)
        for _ in range(20):
            other.publish("t", b"")
        await until(lambda: len(heard.messages) == 5)
        # From the first PUBACK on, mosquitto 2.0 sends a whole window for each: no check of that.
        for number in range(20):
            await heard.until_messages(number + 1)
            mine.acknowledge(heard.messages[number])


async def test_a_listener_that_raises_gets_the_message_again_on_a_new_connection(
    broker: RealBroker,
) -> None:
    class Clumsy(Heard):
        def received(self, message: Message, /) -> None:
            super().received(message)
            if len(self.messages) == 1:
                raise ZeroDivisionError

    heard = Clumsy()
    async with session(broker.at(), "kept", heard, **KEPT) as mine:
        await until(lambda: mine.connected)
        mine.publish("t", b"one")
        await until(lambda: len(heard.messages) == 2)
    assert heard.payloads == [b"one", b"one"]
    assert heard.losses == ["the listener failed", "closed"]
