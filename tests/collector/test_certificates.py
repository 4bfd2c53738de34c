"""A broker that takes a certificate's name for the client's, as a district's should."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt import publish

from collector.config import CollectorConfig, CollectorTable, collector_mistakes
from core import messages, topics
from core.brokerconfig import BrokerConfig
from core.messages import Claim
from tests.collector.making import REGION
from tests.collector.played import running
from tests.real import brokers
from tests.real.brokers import RealBroker, need
from tests.waiting import until

NAMES = ("d1", "d1-readings", "d1-claims", "d2")
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


def openssl(folder: Path, *words: str) -> None:
    try:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed: apt-get install openssl")


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with an authority, the broker's certificate, and one for each of NAMES."""
    openssl(tmp_path, "req", "-x509", *EC, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("127.0.0.1", *NAMES):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        also = ("-addext", "subjectAltName=IP:127.0.0.1") if name not in NAMES else ()
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-subj", f"/CN={name}")
        openssl(tmp_path, "req", "-x509", *EC, *signed, *also, *files)
    return tmp_path


def strict(folder: Path) -> RealBroker:
    need("mosquitto")
    also = [f"cafile {folder}/ca.pem", "require_certificate true"]
    also += [f"certfile {folder}/127.0.0.1.pem", f"keyfile {folder}/127.0.0.1.key"]
    also += ["use_identity_as_username true", "use_username_as_clientid true"]
    return brokers.mosquitto(folder / "broker", also=also)


def config(folder: Path, port: int) -> CollectorConfig:
    """Return a collector that has one certificate, `d1`."""
    return CollectorConfig(
        collector=CollectorTable(regions=(REGION,), folder=folder / "collector"),
        broker=BrokerConfig(
            port=port,
            reconnect_within_s=0.2,
            ca_file=folder / "ca.pem",
            cert_file=folder / "d1.pem",
            key_file=folder / "d1.key",
        ),
    )


@pytest.mark.real("mosquitto")
@pytest.mark.real("openssl")
async def test_with_one_certificate_the_two_connections_throw_each_other_out_and_with_two_not(
    certificates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lost = "connection over: "
    with brokers.running(strict(certificates)) as broker:
        one = config(certificates, broker.port)
        async with running(one, connected=False):
            await until(lambda: caplog.text.count(lost) >= 3, 20)
        caplog.clear()
        table = msgspec.structs.replace(
            one.collector,
            readings_cert_file=certificates / "d1-readings.pem",
            readings_key_file=certificates / "d1-readings.key",
        )
        async with running(msgspec.structs.replace(one, collector=table)) as collector:
            await until(lambda: collector.store.counter() == 2, 20)
            assert collector.picture().broker_connected
    assert lost not in caplog.text


@pytest.mark.real("mosquitto")
@pytest.mark.real("openssl")
@pytest.mark.parametrize("third", [True, False])
async def test_claims_of_others_are_heard_while_serving_where_they_have_a_certificate(
    certificates: Path, caplog: pytest.LogCaptureFixture, *, third: bool
) -> None:
    def claim(broker: RealBroker) -> None:
        claimed = messages.encode(Claim("d2", 1))
        tls = {
            "ca_certs": f"{certificates}/ca.pem",
            "certfile": f"{certificates}/d2.pem",
            "keyfile": f"{certificates}/d2.key",
        }
        where: Any = {"hostname": "127.0.0.1", "port": broker.port, "tls": tls}
        publish.single(topics.claim_topic(REGION), claimed, 1, **where)

    names = ("readings", "claims") if third else ("readings",)
    given = {f"{n}_cert_file": certificates / f"d1-{n}.pem" for n in names}
    given |= {f"{n}_key_file": certificates / f"d1-{n}.key" for n in names}
    with brokers.running(strict(certificates)) as broker:
        one = config(certificates, broker.port)
        table = msgspec.structs.replace(one.collector, **given)
        async with running(msgspec.structs.replace(one, collector=table)) as collector:
            assert collector._guard.session.connected == third
            await asyncio.to_thread(claim, broker)
            if third:
                await until(lambda: "is claimed by collector d2 too" in caplog.text)
    assert "connection over" not in caplog.text


@pytest.mark.parametrize("given", ["cert", "key"])
@pytest.mark.parametrize("connection", ["readings", "claims"])
def test_a_certificate_of_its_own_needs_its_key(
    tmp_path: Path, given: str, connection: str
) -> None:
    other = {"cert": "key", "key": "cert"}[given]
    names = [f"{connection}_{word}_file" for word in (given, other)]
    table = CollectorTable(regions=(REGION,))
    assert list(collector_mistakes(table)) == []
    table = msgspec.structs.replace(table, **{names[0]: tmp_path / "x.pem"})
    said = f"[collector] {names[0]} needs {names[1]} beside it"
    assert list(collector_mistakes(table)) == [((names[0],), said)]
    both = msgspec.structs.replace(table, **{names[1]: tmp_path / "x.key"})
    assert list(collector_mistakes(both)) == []
