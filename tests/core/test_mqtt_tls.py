"""The MQTT session over TLS, on a real mosquitto."""

import ssl
import subprocess
from pathlib import Path

import pytest

from core.mqtt import Broker
from tests.real import brokers
from tests.real.brokers import LOOPBACK, RealBroker, need
from tests.real.listening import Heard, session
from tests.real.notbrokers import FAST, server, silence
from tests.waiting import until


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with ca.pem, and server.pem and server.key for 127.0.0.1."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", "server.key", "-out", "server.pem"]
    try:
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed: apt-get install openssl")
    return tmp_path


def with_tls(folder: Path) -> RealBroker:
    need("mosquitto")
    also = [f"certfile {folder}/server.pem", f"keyfile {folder}/server.key"]
    return brokers.mosquitto(folder / "broker", also=also)


@pytest.mark.real("mosquitto")
@pytest.mark.real("openssl")
async def test_tls_with_the_right_authority_connects_and_delivers(certificates: Path) -> None:
    heard = Heard()
    with brokers.running(with_tls(certificates)) as broker:
        at = Broker(LOOPBACK, broker.port, ca_file=certificates / "server.pem")
        async with session(at, "a", heard, subscriptions=["t"]) as mine:
            await until(lambda: mine.connected)
            mine.publish("t", bytes(100_000))
            await until(lambda: heard.messages and heard.acks)
            mine.reconnect()
            await until(lambda: mine.connected)
    assert len(heard.connects) == 2


@pytest.mark.real("mosquitto")
@pytest.mark.real("openssl")
@pytest.mark.parametrize(
    ("authority", "sentence"),
    [
        (ssl.get_default_verify_paths().openssl_cafile, "its certificate is not accepted"),
        ("missing.pem", "cannot read missing.pem: No such file or directory"),
        (None, "it may want TLS (ca_file)"),
    ],
    ids=["another authority", "no such file", "no TLS"],
)
async def test_tls_that_cannot_work_is_a_sentence_that_says_what_to_check(
    certificates: Path, authority: str | None, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    with brokers.running(with_tls(certificates)) as broker:
        at = Broker(LOOPBACK, broker.port, ca_file=Path(authority) if authority else None)
        async with session(at, "a", Heard(), **FAST):
            await until(lambda: sentence in caplog.text)


@pytest.mark.real("openssl")
async def test_a_server_that_never_answers_tls_is_given_up_and_tried_again(
    certificates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with server(silence) as (broker, packets):
        at = Broker(broker.host, broker.port, ca_file=certificates / "server.pem")
        async with session(at, "a", Heard(), **FAST):
            await until(lambda: len(packets) >= 3)
    said = {record.getMessage() for record in caplog.records}
    assert said <= {
        f"broker {broker}: no answer in time; trying again",
        f"broker {broker}: no answer to CONNECT within 0.3 s; trying again",
    }
    assert 1 <= len(caplog.records) == len(said)
