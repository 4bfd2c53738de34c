"""What the agent costs the machine it runs on, beside Telegraf with the same plugins.

    python -m tests.bench.agent_cost [minutes]

Each alone, one after the other: host probes every 10 s over MQTT to a real mosquitto, with this
process in the collector's place for the receipts. After a warm-up: processor seconds and published
bytes a minute, and proportional memory (PSS) at the end, as if no other Python ran: pages that the
agent shares with this one are counted whole. Telegraf is named by SCHOOLWATCH_TEST_TELEGRAF, or on
the PATH.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from core import clock, messages, topics, wire
from core.messages import Claim, Receipt
from tests.e2e.programs import REGION, agent_toml
from tests.real import brokers, telegraf
from tests.real.brokers import LOOPBACK, RealBroker

WARM_UP_S = 20
PROBES = "[probes.cpu]\n[probes.mem]\n[probes.disk]\n[probes.net]\n"

TELEGRAF = """
[agent]
  interval = "10s"
  flush_interval = "30s"
[[outputs.mqtt]]
  servers = ["tcp://127.0.0.1:{port}"]
  topic = "schoolwatch/v1/000000/trial/telegraf/readings"
  qos = 1
  protocol = "5"
  layout = "batch"
  data_format = "influx"
[[inputs.cpu]]
  percpu = false
[[inputs.mem]]
[[inputs.disk]]
  ignore_fs = ["tmpfs", "devtmpfs", "devfs", "iso9660", "overlay", "aufs", "squashfs"]
[[inputs.net]]
  ignore_protocol_stats = true
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one program: PSS in bytes, processor seconds and published bytes, both a minute."""

    pss: float
    cpu: float
    sent: float


@contextmanager
def agent(folder: Path, broker: RealBroker) -> Iterator[psutil.Process]:
    """Run our agent as a process of its own."""
    file = agent_toml(folder, broker, PROBES, seal_after_s=30)
    words = [sys.executable, "-m", "schoolwatch", "agent", "run", "--config", str(file)]
    with (folder / "agent.log").open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def peer(folder: Path, broker: RealBroker) -> Iterator[psutil.Process]:
    """Run Telegraf."""
    with telegraf.running(folder, TELEGRAF.format(port=broker.port)) as process:
        yield psutil.Process(process.pid)


class Listening:
    """Counts the bytes of all readings that pass, and gives a receipt to who can use one."""

    def __init__(self, broker: RealBroker) -> None:
        self.by_agent: Counter[str] = Counter()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._take
        self._client.connect(LOOPBACK, broker.port)
        self._client.subscribe("schoolwatch/v1/+/+/+/readings", 1)
        claim = messages.encode(Claim("bench", 1))
        self._client.publish(topics.claim_topic(REGION), claim, 1, retain=True)

    @property
    def sent(self) -> int:
        """How many bytes of payload came, of everybody."""
        return self.by_agent.total()

    def _take(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self.by_agent[topics.parse(message.topic)[0].agent] += len(message.payload)
        body = wire.unpack(bytes(message.payload))
        header, _ = wire.split_header(body)
        if header:
            got = {header.epoch: [(header.seq, messages.crc_text(wire.crc(body)))]}
            receipt = Receipt("bench", clock.now() // 1_000_000, got={"readings": got})
            who, _ = topics.parse(message.topic)
            client.publish(topics.topic(who, "receipt"), messages.encode(receipt), 1)

    def __enter__(self) -> "Listening":
        """Begin."""
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()


def pss(process: psutil.Process) -> int:
    """Return the proportional memory in bytes, with whole what only its own like shares.

    That is another Python, and a Telegraf of somebody who measures beside us.
    """
    maps = process.memory_maps(grouped=False)
    alike = ("python", "telegraf")
    return sum(one.rss if any(word in one.path for word in alike) else one.pss for one in maps)


def measured(process: psutil.Process, listening: Listening, minutes: float) -> Cost:
    """Return what *process* costs after its warm-up, over so many minutes."""
    time.sleep(WARM_UP_S)
    before, sent = process.cpu_times(), listening.sent
    time.sleep(60 * minutes)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return Cost(pss(process), used / minutes, (listening.sent - sent) / minutes)


def main(minutes: float) -> None:
    """Print what each costs, and the ratios."""
    ways = {"our agent": agent} | ({"Telegraf": peer} if telegraf.program() else {})
    costs: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory() as name:
        for title, way in ways.items():
            folder = Path(name) / title
            folder.mkdir()
            with (
                brokers.running(brokers.mosquitto(folder / "broker")) as broker,
                Listening(broker) as listening,
                way(folder, broker) as process,
            ):
                costs[title] = cost = measured(process, listening, minutes)
            say(
                f"{title:<10} {cost.pss / 1e6:6.1f} MB PSS  {cost.cpu:6.3f} CPU s/min  "
                f"{cost.sent / 1000:6.1f} kB/min published"
            )
    if len(costs) == 2:
        ours, theirs = costs.values()
        cpu = ours.cpu / max(theirs.cpu, 0.01)  # the system counts in hundredths of a second
        say(
            f"ours of Telegraf's: PSS {ours.pss / theirs.pss:.2f}, CPU {cpu:.2f},"
            f" bytes {ours.sent / theirs.sent:.2f}"
        )
    else:
        say("no Telegraf here: scripts/test builds one")


def say(text: str) -> None:
    """Print *text* to the terminal."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
