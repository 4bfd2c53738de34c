"""The brokers of the trial: where they listen, and what they keep."""

import os
import socket
import subprocess
from pathlib import Path

import psutil
import pytest
from paho.mqtt import publish

from collector.trial.brokers import embedded_command, find_mosquitto, mosquitto_command
from collector.trial.embedded import PANICKED
from tests.real.brokers import RealBroker, need
from tests.real.listening import Heard, session
from tests.waiting import until, until_sync


def test_both_brokers_listen_on_loopback_only(broker: RealBroker) -> None:
    found = psutil.Process(broker.pid).net_connections(kind="inet")
    listening = {(c.laddr.ip, c.laddr.port) for c in found if c.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", broker.port), ("127.0.0.1", broker.port_v3)}
    assert len(psutil.Process(broker.pid).children(recursive=True)) == 0


async def test_mosquitto_keeps_sessions_over_a_restart_in_its_folder(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    heard = Heard()
    kept = {"clean_start": False, "session_expiry_s": 600, "subscriptions": ["t"]}
    async with session(mosquitto.at(), "kept", Heard(), **kept) as first:
        await until(lambda: first.connected)
    async with session(mosquitto.at(), "other", Heard()) as other:
        await until(lambda: other.connected)
        other.publish("t", b"while away")
    mosquitto.restart()
    async with session(mosquitto.at(), "kept", heard, **kept):
        await until(lambda: heard.messages)
    assert (tmp_path / "mosquitto" / "mosquitto.db").stat().st_uid == os.geteuid()


async def test_what_an_agent_may_not_send_still_reaches_the_collector_to_be_counted(
    broker: RealBroker,
) -> None:
    heard, payload = Heard(), bytes(1_000_000)
    async with session(broker.at(), "a", heard, subscriptions=["t"]) as mine:
        await until(lambda: mine.connected)
        publish.single("t", payload, qos=1, port=broker.port_v3)
        await until(lambda: heard.messages)
    assert heard.payloads == [payload]


@pytest.mark.real("mosquitto")
def test_the_folders_are_made_and_may_be_given_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("mosquitto")
    monkeypatch.chdir(tmp_path)
    command = mosquitto_command(Path("var/broker"), 1883)
    assert command == [str(find_mosquitto()), "-c", str(tmp_path / "var/broker/mosquitto.conf")]
    assert f"persistence_location {tmp_path}/var/broker/\n" in Path(command[-1]).read_text()
    assert Path(embedded_command(Path("var/broker"), 1, 2)[-1]).is_file()


@pytest.mark.real("mosquitto")
def test_mosquitto_is_looked_for_where_systems_keep_their_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("mosquitto")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert find_mosquitto() is not None


def test_a_broker_whose_port_is_taken_ends_and_says_so(broker: RealBroker) -> None:
    second = subprocess.run(
        list(broker.command), capture_output=True, text=True, timeout=20, check=False
    )
    assert second.returncode != 0
    assert "in use" in (second.stdout + second.stderr).lower()


def test_an_embedded_broker_that_panicked_ends_so_that_it_can_be_started_anew(
    embedded: RealBroker,
) -> None:
    assert embedded.process is not None
    connect = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03a/b"  # 3.1.1, client id a/b
    for _ in range(2):  # rumqttd's own fault, which `embedded = true` keeps our programs from
        with socket.create_connection(("127.0.0.1", embedded.port_v3), 5) as raw:
            raw.sendall(connect)
            assert raw.recv(4) == b""
    until_sync(lambda: embedded.process is not None and embedded.process.poll() is not None)
    assert embedded.process.returncode == PANICKED
    embedded.start()
