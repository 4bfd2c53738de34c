"""An agent whose broker has no address but one of IPv6 (R-11): nothing on the way needs IPv4."""

import socket
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from core.types import Identity
from tests.e2e.programs import Program, agent_toml
from tests.real import brokers
from tests.real.receiver import Receiver

HOME = "::1"


def port_of_ipv6() -> int:
    """Return a port that is free on the loopback of IPv6; skips where there is none."""
    try:
        with closing(socket.socket(socket.AF_INET6)) as sock:
            sock.bind((HOME, 0))
            port: int = sock.getsockname()[1]
            return port
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_readings_arrive_at_a_broker_that_only_ipv6_leads_to(tmp_path: Path) -> None:
    brokers.need("mosquitto")
    port, arrived = port_of_ipv6(), Event()

    def heard(_: Identity, body: bytes) -> None:
        if b"\nmem " in body:
            arrived.set()

    also = [f"listener {port} {HOME}", "allow_anonymous true"]
    with brokers.running(brokers.mosquitto(tmp_path / "mosquitto", also=also)) as broker:
        file = agent_toml(tmp_path, broker, "[probes.mem]\ninterval_s = 0.5\n")
        old = f"port = {broker.port}"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, f'host = "{HOME}"\nport = {port}'))
        agent = Program(["agent", "run", "--config", str(file)], tmp_path / "agent.log")
        with Receiver(broker, heard):
            agent.start()
            try:
                assert arrived.wait(20), agent.log.read_text()
            finally:
                assert agent.stop() == 0
    assert agent.said(f"broker {HOME}:{port}: connected")
