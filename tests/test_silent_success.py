"""What says that all is well and is not: a line of the checklist each, on real parts.

`is_connected` with a dead network thread is in tests/core/test_mqtt_loss.py. The lines about
InfluxDB, SNMP, apprise and the sensor stand with those parts.
"""

import asyncio
import random
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.app import Agent, build
from agent.config import AgentConfig, BatchConfig, CollectorChoice, SpoolConfig
from agent.delivery import Delivery
from agent.spool import Spool
from collector.app import Collector
from collector.trial.brokers import mosquitto_command
from core import clock, topics
from core.brokerconfig import BrokerConfig
from core.types import Identity
from tests.collector.making import REGION
from tests.collector.played import config, running, stored
from tests.real import brokers
from tests.real.brokers import LOOPBACK, RealBroker, need
from tests.real.listening import Heard, session
from tests.waiting import until

pytestmark = pytest.mark.real("mosquitto")

ROOT = Path(__file__).parents[1]
WHO = Identity(REGION, "school-1", "pc-1")
READINGS = topics.topic(WHO, "readings")
Protocol = Literal["5", "3.1.1"]


class HurriedRandom(random.Random):
    """Makes the first wait of 15 s for a receipt a fifth of a second."""

    def uniform(self, a: float, b: float) -> float:
        return 0.2 / 15


@asynccontextmanager
async def agent(folder: Path, broker: RealBroker, protocol: Protocol = "5") -> AsyncIterator[Agent]:
    """Run a real agent without probes; only its waits for receipts are short."""
    made = build(
        AgentConfig(
            identity=WHO,
            broker=BrokerConfig(port=broker.port, protocol=protocol, reconnect_within_s=0.2),
            collector=CollectorChoice(id="d1"),
            spool=SpoolConfig(folder=folder / "agent"),
            batch=BatchConfig(seal_after_s=1),
        )
    )
    made.uplink.delivery = Delivery(rng=HurriedRandom())
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        made.stopping.set()
        await asyncio.wait_for(task, 20)


async def take(agent: Agent, count: int) -> dict[int, int]:
    """Give the agent so many batches of one reading each; return time and value of each."""
    taken = {}
    for value in range(count):
        at = clock.now()
        taken[at] = value
        await agent.spool.take([b"mem used=%di %d" % (value, at)], unchecked=True)
        await agent.spool.seal()
    agent.uplink.sealed()
    return taken


async def waiting(agent: Agent) -> int:
    """Return how many batches of readings have no receipt."""

    def rows(spool: Spool) -> int:
        return len(spool.waiting("readings", "all", since=0, besides=[], limit=1_000))

    return await agent.spool.call(rows)


async def until_empty(agent: Agent) -> None:
    async def look() -> None:
        while await waiting(agent):
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), 30)


# What the access list may say of each channel, for everybody: agent and collector.

ALLOWED = dict.fromkeys(("readings", "events", "state", "receipt"), "readwrite")


@dataclass
class Guarded:
    """A mosquitto, not started, and its access list."""

    broker: RealBroker
    rights: Path

    def allow(self) -> None:
        """Put full rights into force, while everybody stays connected."""
        self._write({})
        assert self.broker.process is not None
        self.broker.process.send_signal(signal.SIGHUP)

    @contextmanager
    def begun(self, **channels: str) -> Iterator[None]:
        """Run the broker with other rights from the start.

        Not by SIGHUP: a mosquitto that listens may not have set its signals yet, and dies of it.
        """
        self._write(channels)
        with brokers.running(self.broker):
            yield

    def _write(self, channels: dict[str, str]) -> None:
        lines = ["topic readwrite schoolwatch/v1/+/collector"]
        lines += [
            f"topic {right} schoolwatch/v1/+/+/+/{channel}"
            for channel, right in (ALLOWED | channels).items()
        ]
        self.rights.write_text("\n".join([*lines, ""]))


@pytest.fixture
def guarded(tmp_path: Path) -> Guarded:
    need("mosquitto")
    rights = tmp_path / "rights"
    broker = brokers.mosquitto(tmp_path / "broker", also=[f"acl_file {rights}"])
    return Guarded(broker, rights)


def puback_of(broker: RealBroker, protocol: Protocol) -> tuple[int, bool]:
    """Publish a reading with paho alone; return the PUBACK's code, and what paho makes of it."""
    codes: list[int] = []
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        protocol=paho.MQTTv5 if protocol == "5" else paho.MQTTv311,
    )
    client.on_publish = lambda *heard: codes.append(heard[3].value)
    client.connect(LOOPBACK, broker.port)
    client.loop_start()
    try:
        told = client.publish(READINGS, b"mem used=1i", qos=1)
        told.wait_for_publish(10)
        return codes[0], told.is_published()
    finally:
        client.disconnect()
        client.loop_stop()


async def delivered(agent: Agent, collector: Collector, taken: dict[int, int]) -> bool:
    """Return whether all is where it belongs, each once, when the spool has become empty."""
    await until_empty(agent)
    return stored(collector, WHO) == taken


async def test_paho_is_published_is_true_after_a_puback_of_0x87(
    guarded: Guarded, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with guarded.begun(readings="read"):
        assert puback_of(guarded.broker, "5") == (0x87, True)
        async with (
            running(config(tmp_path, guarded.broker.port)) as collector,
            agent(tmp_path, guarded.broker) as mine,
        ):
            taken = await take(mine, 3)
            await until(lambda: "refuses what this agent publishes" in caplog.text)
            assert "Not authorized (0x87)" in caplog.text
            await until(lambda: mine.uplink.delivery.unanswered)
            assert await waiting(mine) >= 3
            guarded.allow()
            assert await delivered(mine, collector, taken)


async def test_a_3_1_1_broker_acknowledges_what_its_access_list_drops(
    guarded: Guarded, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with guarded.begun(readings="read"):
        assert puback_of(guarded.broker, "3.1.1") == (0, True)
        async with (
            running(config(tmp_path, guarded.broker.port)) as collector,
            agent(tmp_path, guarded.broker, "3.1.1") as mine,
        ):
            taken = await take(mine, 3)
            await until(lambda: "no receipt from the collector" in caplog.text)
            assert f"may {WHO} read its receipts?" in caplog.text
            assert "refuses" not in caplog.text
            assert await waiting(mine) >= 3
            guarded.allow()
            assert await delivered(mine, collector, taken)
            assert "the collector answers again" in caplog.text


async def test_mosquitto_grants_subscribe_to_topics_it_will_never_deliver(
    guarded: Guarded, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with guarded.begun(receipt="write"):
        async with (
            running(config(tmp_path, guarded.broker.port)) as collector,
            agent(tmp_path, guarded.broker) as mine,
        ):
            taken = await take(mine, 3)
            await until(lambda: stored(collector, WHO) == taken)
            await until(lambda: "no receipt from the collector" in caplog.text)
            assert mine.uplink.session.refused_subscriptions == 0
            assert await waiting(mine) >= 3, "what is stored is kept all the same"
            await until(lambda: ("repeated", "") in collector.counts())
            guarded.allow()
            assert await delivered(mine, collector, taken)


async def test_a_broker_sends_puback_success_while_the_subscribers_queue_drops(
    tmp_path: Path,
) -> None:
    need("mosquitto")
    limits = ["max_queued_messages 3", "max_inflight_messages 2"]
    replaced = [limit.split()[0] for limit in limits]
    small = brokers.mosquitto(tmp_path / "broker", also=limits, without=replaced)
    where = config(tmp_path, small.port)
    other = Identity(REGION, "school-1", "telegraf")
    with brokers.running(small):
        async with running(where):
            pass  # its session stays at the broker, which queues for it from now on
        heard = Heard()
        async with session(small.at(), "telegraf", heard) as telegraf:
            await until(lambda: telegraf.connected)
            lost = {clock.now() + number: number for number in range(20)}
            for at, value in lost.items():
                telegraf.publish(topics.topic(other, "readings"), b"mem used=%di %d" % (value, at))
            await until(lambda: len(heard.acks) == 20)
        assert {code for _, code, _ in heard.acks} == {0}
        async with agent(tmp_path, small) as mine:
            taken = await take(mine, 20)
            await until(lambda: mine.uplink.delivery.unanswered)
            await until(lambda: "messages are being dropped" in small.log.read_text())
            assert await waiting(mine) >= 20
            async with running(where) as collector:
                assert await delivered(mine, collector, taken)
                # Who has no spool to send again from has lost them.
                assert stored(collector, other).items() < lost.items()


def sizes(conf: str) -> list[str]:
    """Return every limit of a mosquitto.conf, as written."""
    return re.findall(r"^\s*(?:max_\w+|autosave_interval)\s+(.*)$", conf, re.MULTILINE)


def test_every_limit_for_mosquitto_that_we_write_is_a_plain_integer(tmp_path: Path) -> None:
    mosquitto_command(tmp_path, 1883)
    ours = [tmp_path / "mosquitto.conf", *(ROOT / "configs").rglob("*mosquitto*.conf")]
    for file in ours:
        limits = sizes(file.read_text())
        assert len(limits) >= 4
        assert [limit for limit in limits if not re.fullmatch(r"[0-9]+", limit)] == []


async def kept_for_a_sleeper(broker: RealBroker) -> int:
    """Return how many of 20 messages of 200 bytes *broker* keeps for who is away."""
    heard = Heard()
    sleeper: dict[str, Any] = {
        "subscriptions": ["t"],
        "clean_start": False,
        "session_expiry_s": 60,
    }
    async with session(broker.at(), "sleeper", heard, **sleeper) as asleep:
        await until(lambda: asleep.connected)
    others = Heard()
    async with session(broker.at(), "other", others) as other:
        await until(lambda: other.connected)
        for number in range(20):
            other.publish("t", b"%200d" % number)
        await until(lambda: len(others.acks) == 20)
        assert {code for _, code, _ in others.acks} == {0}
        async with session(broker.at(), "sleeper", heard, **sleeper) as awake:
            await until(lambda: awake.connected)
            other.publish("t", b"last")
            await until(lambda: b"last" in heard.payloads)
    return sum(len(payload) == 200 for payload in heard.payloads)


async def test_max_queued_bytes_256mb_is_accepted_and_means_256_bytes(tmp_path: Path) -> None:
    need("mosquitto")
    kept = []
    for also in ([], ["max_queued_bytes 256MB"]):
        without = [limit.split()[0] for limit in also]
        broker = brokers.mosquitto(tmp_path / str(len(also)), also=also, without=without)
        with brokers.running(broker):
            kept.append(await kept_for_a_sleeper(broker))
    assert kept[0] == 20
    assert kept[1] <= 2
