"""The MQTT session when a connection breaks: noticed, and made anew with everything renewed."""

import asyncio
import random
import socket
import threading
import time
from typing import Any, cast

import psutil
import pytest
from paho.mqtt.enums import MQTTErrorCode

from core.mqtt import Connected, Message, WatchedClient, Will, link, threads
from core.mqtt.client import Plan
from tests.real.brokers import RealBroker
from tests.real.listening import Heard, session
from tests.waiting import until


async def test_a_broker_killed_and_started_again_is_found_and_subscriptions_are_renewed(
    broker: RealBroker,
) -> None:
    heard = Heard()
    async with session(broker.at(), "a", heard, subscriptions=["t"]) as mine:
        await until(lambda: mine.connected)
        await asyncio.to_thread(broker.kill)
        await until(lambda: heard.losses)
        await asyncio.to_thread(broker.start)
        await until(lambda: mine.connected)
        mine.publish("t", b"again")
        await until(lambda: heard.messages)
    assert heard.payloads == [b"again"]
    assert heard.losses[0] == "the connection broke"
    assert heard.connects[1].conn > heard.connects[0].conn


@pytest.mark.parametrize("method", ["connected", "disconnected", "acknowledged"])
async def test_no_method_of_a_listener_can_end_the_session(
    embedded: RealBroker, method: str
) -> None:
    heard = Heard()
    good = getattr(heard, method)

    def fails_once(*what: Any) -> None:
        good(*what)
        setattr(heard, method, good)
        raise ZeroDivisionError

    setattr(heard, method, fails_once)
    async with session(embedded.at(), "a", heard, subscriptions=["t"]) as mine:
        await until(lambda: heard.connects)
        if method == "acknowledged":
            mine.publish("t", b"")
        if method == "disconnected":
            mine.reconnect()
        await until(lambda: len(heard.connects) == 2 and mine.connected)
        mine.publish("t", b"fine")
        await until(lambda: b"fine" in heard.payloads)


class Dies(WatchedClient):
    """A paho client whose network thread dies of an error inside of paho when `fatal` is set."""

    fatal = False

    def loop_misc(self) -> MQTTErrorCode:
        if self.fatal:
            raise RuntimeError("inside of paho")
        return super().loop_misc()


async def test_a_dead_network_thread_is_noticed_although_paho_says_connected(
    broker: RealBroker, caplog: pytest.LogCaptureFixture
) -> None:
    heard, made = Heard(), list[Dies]()

    def factory(plan: Plan) -> WatchedClient:
        made.append(Dies(plan))
        return made[-1]

    async with session(broker.at(), "a", heard, client_factory=factory) as mine:
        await until(lambda: mine.connected)
        made[0].fatal = True
        mine.publish("t", b"")
        await until(lambda: len(heard.connects) == 2)
        assert made[0].is_connected()
        mine.publish("t", b"")
        await until(lambda: heard.acks)
    assert heard.losses[0] == "the network thread died: RuntimeError: inside of paho"
    assert "Traceback" in caplog.text


async def test_an_error_in_a_callback_drops_the_connection_and_the_next_one_works(
    broker: RealBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()

    def fails_once(*what: Any) -> Message:
        monkeypatch.setattr(threads, "Message", Message)
        raise MemoryError

    monkeypatch.setattr(threads, "Message", fails_once)
    async with session(
        broker.at(),
        "kept",
        heard,
        subscriptions=["t"],
        manual_ack=True,
        clean_start=False,
        session_expiry_s=60,
    ) as mine:
        await until(lambda: mine.connected)
        mine.publish("t", b"not lost")
        await until(lambda: heard.messages)
    assert len(heard.connects) == 2
    assert "_on_message failed" in caplog.text


class Stuck(WatchedClient):
    """A paho client whose network thread of connection 1 hangs once it is connected."""

    def __init__(self, plan: Plan, way_out: threading.Event) -> None:
        super().__init__(plan)
        self._first, self._way_out = plan.conn == 1, way_out

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        done = super().loop_read(max_packets)
        if self._first and self.is_connected():
            self._way_out.wait(30)
        return done


async def test_a_network_thread_that_hangs_is_noticed_and_left_behind(
    broker: RealBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE_S", 0.3)
    monkeypatch.setattr(link, "JOIN_S", 0.1)
    heard, way_out = Heard(), threading.Event()
    options = {"client_factory": lambda plan: Stuck(plan, way_out), "stall_after_s": 0.5}
    async with session(broker.at(), "a", heard, **options) as mine:
        await until(lambda: len(heard.connects) == 1)
        await until(lambda: heard.losses)
        assert "nothing came in for 1 s" in heard.losses[0]
        await until(lambda: len(heard.connects) >= 2)
        mine.publish("t", b"")
        await until(lambda: heard.acks)
        way_out.set()
    assert "a thread is stuck, and left behind" in caplog.text


async def test_a_suspended_broker_is_noticed_and_found_again_when_it_wakes(
    broker: RealBroker,
) -> None:
    heard = Heard()
    async with session(
        broker.at(keepalive_s=2), "a", heard, subscriptions=["t"], connect_timeout_s=1
    ) as mine:
        await until(lambda: mine.connected)
        broker.suspend()
        began = time.monotonic()
        await until(lambda: heard.losses, 15)
        assert time.monotonic() - began < 10
        assert heard.losses[0] == "it does not answer our pings (keep alive timeout)"
        broker.resume()
        await until(lambda: mine.connected, 20)
        mine.publish("t", b"awake")
        await until(lambda: heard.messages)


async def test_the_will_is_said_when_the_process_loses_its_socket(broker: RealBroker) -> None:
    heard, made = Heard(), list[WatchedClient]()

    def factory(plan: Plan) -> WatchedClient:
        made.append(WatchedClient(plan))
        return made[-1]

    def will(conn: int) -> Will:
        return Will("state", b"%d" % conn)

    async with session(broker.at(), "witness", heard, subscriptions=["state"]) as witness:
        await until(lambda: witness.connected)
        async with session(broker.at(), "a", Heard(), will=will, client_factory=factory) as mine:
            await until(lambda: mine.connected)
            cast(socket.socket, made[0].socket()).shutdown(socket.SHUT_RDWR)
            await until(lambda: heard.messages)
            await until(lambda: mine.connected)
            mine.publish("state", b"back", retain=True)
            await until(lambda: b"back" in heard.payloads)
    assert heard.payloads[0] == b"1"
    assert heard.messages[0].conn == 1


class Asked(random.Random):
    """Keeps what it was asked for, and answers with nearly nothing."""

    def __init__(self) -> None:
        super().__init__(1)
        self.bounds: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        self.bounds.append((a, b))
        return 0.01


async def test_the_first_reconnect_is_spread_over_the_window_and_the_next_ones_over_more(
    broker: RealBroker,
) -> None:
    asked, heard = Asked(), Heard()
    async with session(broker.at(), "a", heard, reconnect_within_s=60, rng=asked) as mine:
        await until(lambda: mine.connected)
        assert asked.bounds == []
        await asyncio.to_thread(broker.kill)
        await until(lambda: len(asked.bounds) >= 4)
        assert asked.bounds[:4] == [(0, 60), (0, 120), (0, 120), (0, 120)]
        await asyncio.to_thread(broker.start)
        await until(lambda: mine.connected)
        asked.bounds.clear()
        await asyncio.to_thread(broker.kill)
        await until(lambda: asked.bounds)
        assert asked.bounds[0] == (0, 60)


async def test_many_connections_leave_neither_threads_nor_open_files(broker: RealBroker) -> None:
    heard, me = Heard(), psutil.Process()
    async with session(broker.at(), "a", heard) as mine:
        await until(lambda: mine.connected)
        files, running = me.num_fds(), threading.active_count()
        for count in range(2, 12):
            mine.reconnect()
            await heard.until_connects(count)
        await until(lambda: threading.active_count() <= running)
        assert me.num_fds() <= files


async def test_connected_is_false_from_the_moment_the_listener_is_told(
    broker: RealBroker,
) -> None:
    states: list[bool] = []

    class Looks(Heard):
        def connected(self, connected: Connected, /) -> None:
            states.append(mine.connected)

        def disconnected(self, reason: str, /) -> None:
            states.append(mine.connected)

    async with session(broker.at(), "a", Looks()) as mine:
        await until(lambda: states)
        mine.reconnect()
        await until(lambda: len(states) == 3)
    assert states == [True, False, True, False]
