"""Brokers that do not let us in, are not there, or are no brokers: one sentence, and no harm."""

import asyncio
import logging
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from core.mqtt import Broker, Session
from tests.real import brokers
from tests.real.brokers import LOOPBACK, RealBroker, free_port, need
from tests.real.listening import Heard, session
from tests.real.notbrokers import (
    FAST,
    Serve,
    garbage,
    half_a_connack,
    only_3_1_1,
    server,
    silence,
    version,
)
from tests.waiting import until


@pytest.mark.real("embedded")
async def test_nobody_listens_is_said_once_and_the_broker_is_found_when_it_comes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    need("embedded")
    late = brokers.embedded(tmp_path)
    async with session(late.at(), "a", Heard(), **FAST) as mine:
        await until(lambda: "nothing listens there" in caplog.text)
        with brokers.running(late):
            await until(lambda: mine.connected)
    assert caplog.text.count("nothing listens there (connection refused); trying again") == 1


@pytest.mark.parametrize(
    ("serve", "versions"),
    [(garbage, [5, 4, 5, 4]), (silence, [5, 5, 5, 5]), (half_a_connack, [5, 5, 5, 5])],
)
async def test_what_is_no_broker_is_tried_again_and_named_once(
    serve: Serve, versions: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    async with server(serve) as (broker, packets), session(broker, "a", heard, **FAST):
        await until(lambda: len(packets) >= 4)
    assert [version(packet) for packet in packets[:4]] == versions
    assert heard == Heard()
    assert len(caplog.records) == 1
    assert f"broker {broker}: " in caplog.text


async def test_a_broker_that_refuses_version_5_is_asked_in_3_1_1_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = {**FAST, "reconnect_within_s": 3600}
    async with server(only_3_1_1) as (broker, packets), session(broker, "a", Heard(), **options):
        await until(lambda: len(packets) >= 2)
        assert [version(packet) for packet in packets[:2]] == [5, 4]


async def test_a_version_that_was_asked_for_is_not_replaced() -> None:
    async with server(garbage) as (broker, packets):
        only = Broker(broker.host, broker.port, protocol="3.1.1")
        async with session(only, "a", Heard(), **FAST):
            await until(lambda: len(packets) >= 3)
    assert {version(packet) for packet in packets} == {4}


async def test_a_connection_that_is_given_up_sends_no_connect_later() -> None:
    heard = Heard()
    async with server(silence) as (broker, packets):
        mine = Session(broker, "a", heard, **{**FAST, "connect_timeout_s": 30})
        run = asyncio.create_task(mine.run())
        await until(lambda: packets)
        await mine.close()
        await run
    assert len(packets) == 1
    assert heard == Heard()


async def test_closing_does_not_wait_for_a_broker_that_hangs(mosquitto: RealBroker) -> None:
    mine = Session(mosquitto.at(), "a", Heard())
    run = asyncio.create_task(mine.run())
    await until(lambda: mine.connected)
    mosquitto.suspend()
    async with asyncio.timeout(8):
        await mine.close()
        await run


async def test_a_session_can_be_closed_before_it_runs_and_while_it_waits() -> None:
    port = free_port()
    early = Session(Broker(LOOPBACK, port), "a", Heard())
    await early.close()
    await early.run()
    waiting = Session(Broker(LOOPBACK, port), "a", Heard(), reconnect_within_s=3600)
    run = asyncio.create_task(waiting.run())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await waiting.close()
        await run


async def test_a_system_that_gives_no_thread_is_asked_again(
    embedded: RealBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_thread(*_: object) -> None:
        monkeypatch.undo()
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    async with session(embedded.at(), "a", Heard(), **FAST) as mine:
        await until(lambda: mine.connected)
    assert "can't start new thread; trying again" in caplog.text


# Accounts and access lists: mosquitto.


@pytest.fixture
def guarded(tmp_path: Path) -> RealBroker:
    """A mosquitto, not started, with one account and an access list."""
    need("mosquitto")
    accounts, rights = tmp_path / "accounts", tmp_path / "rights"
    subprocess.run(["mosquitto_passwd", "-b", "-c", accounts, "pc-1", "secret-word"], check=True)
    rights.write_text("user pc-1\ntopic readwrite mine/#\n")
    also = ["allow_anonymous false", f"password_file {accounts}", f"acl_file {rights}"]
    return brokers.mosquitto(tmp_path / "broker", also=also, without=["allow_anonymous"])


def account(broker: RealBroker, password: str, protocol: Any = "auto") -> Broker:
    return Broker(LOOPBACK, broker.port, protocol=protocol, username="pc-1", password=password)


@pytest.mark.real("mosquitto")
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_wrong_credentials_are_a_sentence_without_the_password(
    guarded: RealBroker, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = account(guarded, "wrong-word", protocol)
    with brokers.running(guarded):
        async with session(wrong, "a", Heard(), **FAST):
            await until(lambda: "not authorised" in caplog.text)
    assert "check username and password_file" in caplog.text
    assert "wrong-word" not in caplog.text + repr(wrong) + str(wrong)


@pytest.mark.real("mosquitto")
async def test_a_password_that_was_corrected_is_tried_at_once_however_long_the_wait(
    guarded: RealBroker, caplog: pytest.LogCaptureFixture
) -> None:
    heard, long = Heard(), {"reconnect_within_s": 3600.0, "backoff_max_s": 3600.0}
    with brokers.running(guarded):
        async with session(account(guarded, "wrong-word"), "a", heard, **long) as mine:
            await until(lambda: "not authorised" in caplog.text)
            mine.change(account(guarded, "wrong-too"), 3600.0)
            await until(lambda: caplog.text.count("not authorised") == 2)
            mine.change(account(guarded, "secret-word"), 3600.0)
            await until(lambda: mine.connected)
            mine.change(account(guarded, "secret-word"), 1.0)
            await asyncio.sleep(0.2)
            assert (mine.connected, heard.losses) == (True, [])


@pytest.mark.real("mosquitto")
async def test_what_the_access_list_denies_is_told_as_it_is(guarded: RealBroker) -> None:
    heard, options = Heard(), {"subscriptions": ["mine/#"]}
    with brokers.running(guarded):
        async with session(account(guarded, "secret-word"), "a", heard, **options) as mine:
            await until(lambda: mine.connected)
            denied, allowed = mine.publish("theirs/t", b"x"), mine.publish("mine/t", b"y")
            nobody = mine.publish("mine/not/me", b"")
            await until(lambda: len(heard.acks) == 3 and heard.messages)
    assert {mid: code for mid, code, _ in heard.acks} == {denied: 0x87, allowed: 0, nobody: 0}
    assert heard.payloads[0] == b"y"


async def test_no_matching_subscribers_is_told_as_it_is(mosquitto: RealBroker) -> None:
    heard = Heard()
    async with session(mosquitto.at(), "a", heard) as mine:
        await until(lambda: mine.connected)
        mid = mine.publish("t", b"")
        await until(lambda: heard.acks)
    assert heard.acks == [(mid, 0x10, "No matching subscribers")]


async def test_a_subscription_that_is_refused_is_an_error_in_the_log_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x20\x03\x00\x00\x00")
        subscribe = await reader.read(4096)
        writer.write(b"\x90\x05" + subscribe[2:4] + b"\x00\x01\x87")
        await reader.read()

    heard, options = Heard(), {**FAST, "subscriptions": ["good", "bad"]}
    async with server(refuses) as (broker, _), session(broker, "a", heard, **options) as mine:
        await until(lambda: mine.connected)
        assert mine.refused_subscriptions == 1
    assert f"broker {broker} refuses the subscription to bad (0x87)" in caplog.text


async def test_a_broker_with_a_small_window_is_connected_to_again_with_a_window_that_fits() -> None:
    flying, most = 0, 0

    async def small(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal flying, most
        writer.write(b"\x20\x06\x00\x00\x03\x21\x00\x05")
        while (head := await reader.read(2)) and head[0] & 0xF0 == 0x30:
            body = await reader.readexactly(head[1])
            flying += 1
            most = max(most, flying)
            asyncio.get_running_loop().call_later(0.02, acknowledge, writer, body[3:5])

    def acknowledge(writer: asyncio.StreamWriter, mid: bytes) -> None:
        nonlocal flying
        flying -= 1
        writer.write(b"\x40\x02" + mid)

    heard = Heard()
    async with server(small) as (broker, packets), session(broker, "a", heard, **FAST) as mine:
        await until(lambda: mine.connected)
        assert heard.connects[0].receive_maximum == 5
        for _ in range(30):
            mine.publish("t", b"")
        await until(lambda: len(heard.acks) == 30)
    assert len(packets) == 2
    assert most == 5
