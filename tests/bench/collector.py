"""How many points a second the collector takes in, beside Telegraf and writing directly.

    python -m tests.bench.collector [--points 800000] [--lines 64] [--repeats 3] [--influx 1 2]
                                     [--writers 1]

One database, one broker, the same payloads; each way into a bucket of its own, in turn, and again.
A consumer is connected and warm, and then suspended until the broker holds every message, so that
no publisher shares its time. It is done when the last point is durable; the collector only when
its last receipt has come. Every point is counted in the database afterwards.

Telegraf: the mqtt_consumer with QoS 1 and a persistent session, which acknowledges what an output
has written. It gives tags from the topic as the collector does. SCHOOLWATCH_TEST_TELEGRAF,
…_INFLUXD1 and …_INFLUXD2 name the servers.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import paho.mqtt.client as paho
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from core import clock, messages, topics, wire
from core.clock import SECOND
from core.types import Identity
from core.wire import Header
from simulator.host import Host
from tests.bench import telegraf_conf
from tests.real import brokers, influxdb1, influxdb2, telegraf
from tests.real.brokers import LOOPBACK, RealBroker, free_port
from tests.real.influx import NoInflux, RealInflux
from tests.waiting import until_sync

REGION, AGENTS = "330100", 200
LIMIT_S = 600.0
PIECE = 400
COUNTED = {
    "mem": "used",
    "cpu": "usage_user",
    "disk": "free",
    "ping": "average_response_ms",
    "net": "bytes_recv",
}
"""A field of each measurement that every point of it has."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way took: seconds, CPU seconds of its process, of broker and database; peak."""

    seconds: float
    cpu: float
    peak: int
    others: float = 0.0


@dataclass
class Payloads:
    """The batches of all agents in turn, and the same points as they are to be stored."""

    points: int
    batch_lines: int
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    stored: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        hosts = [Host(number) for number in range(AGENTS)]
        epochs = [wire.new_epoch() for _ in hosts]
        rounds = self.batch_lines // hosts[0].lines
        each = self.points // (AGENTS * rounds * hosts[0].lines)
        start = clock.now() // SECOND * SECOND - (each * rounds + 1) * 10 * SECOND
        for seq in range(1, each + 1):
            for number, host in enumerate(hosts):
                at = start + (seq - 1) * rounds * 10 * SECOND
                lines = [
                    line for tick in range(rounds) for line in host.measure(at + tick * 10 * SECOND)
                ]
                self._add(Identity(REGION, f"school-{number}", "host"), epochs[number], seq, lines)
        self.points = each * AGENTS * rounds * hosts[0].lines

    def _add(self, who: Identity, epoch: str, seq: int, lines: list[bytes]) -> None:
        body = wire.seal(Header(epoch, seq, len(lines)), lines)
        self.sent.append((topics.topic(who, "readings"), body))
        tags = f",region={who.region},school={who.school},agent={who.agent} ".encode()
        self.stored += [line.replace(b" ", tags, 1) for line in lines]


@dataclass
class Bench:
    """The servers of one comparison, and what is sent through them."""

    folder: Path
    payloads: Payloads
    influx: RealInflux
    writers: int = 1
    broker: RealBroker = field(init=False)
    token_file: Path = field(init=False)
    lines_file: Path = field(init=False)

    def __post_init__(self) -> None:
        self.token_file, self.lines_file = self.folder / "token", self.folder / "lines"
        self.token_file.write_text(self.influx.token)
        self.token_file.chmod(0o600)
        self.lines_file.write_bytes(b"".join(line + b"\n" for line in self.payloads.stored))

    def publish(self) -> None:
        """Hand every message to the broker."""
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.max_inflight_messages = PIECE
        client.connect(LOOPBACK, self.broker.port)
        client.loop_start()
        # In pieces: what paho does for a PUBACK grows with what it has queued.
        for place in range(0, len(self.payloads.sent), PIECE):
            for topic, payload in self.payloads.sent[place : place + PIECE]:
                last = client.publish(topic, payload, 1)
            last.wait_for_publish(60)
            assert last.is_published(), "the broker does not take what is published"
        client.disconnect()
        client.loop_stop()

    def stored(self, bucket: str) -> int:
        """Return how many points the bucket has."""
        asked = "; ".join(f'SELECT count("{name}") FROM "{m}"' for m, name in COUNTED.items())
        where = urlencode({"db": bucket, "q": asked})
        status, answer = self.influx.call("GET", f"/query?{where}")
        assert status == 200, answer
        found = 0
        for result in json.loads(answer)["results"]:
            found += sum(series["values"][0][1] for series in result.get("series", ()))
        return found

    def others_cpu(self) -> float:
        """Return the CPU seconds of broker and database so far."""
        assert self.influx.process is not None
        return sum(
            cpu_of(psutil.Process(pid)) for pid in (self.broker.pid, self.influx.process.pid)
        )


def cpu_of(process: psutil.Process) -> float:
    """Return user and system seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def peak_of(pid: int) -> int:
    """Return the most memory that a process had at once, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(found.split()[1]) * 1024


class Receipts:
    """Counts the batches that the collector's receipts name."""

    def __init__(self, broker: RealBroker) -> None:
        self.keys: set[tuple[str, object]] = set()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._take
        self._client.connect(LOOPBACK, broker.port)
        self._client.subscribe("schoolwatch/v1/+/+/+/receipt", 1)
        self._heard: list[paho.MQTTMessage] = []

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._heard.append(message)

    def count(self) -> int:
        """Return how many different batches were named so far."""
        while self._heard:
            message = self._heard.pop(0)
            got = messages.keys_of(messages.read_receipt(bytes(message.payload)).got)
            self.keys |= {(message.topic, key) for key, _ in got}
        return len(self.keys)

    def __enter__(self) -> "Receipts":
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def consumed(bench: Bench, pid: int, done: Callable[[], bool]) -> Cost:
    """Return what the consumer *pid*, which is connected, takes for all messages."""
    process = psutil.Process(pid)
    process.suspend()
    bench.publish()
    before, others = cpu_of(process), bench.others_cpu()
    began = time.perf_counter()
    process.resume()
    while not done():
        assert time.perf_counter() - began < LIMIT_S, "not done in time"
        assert process.status() != psutil.STATUS_ZOMBIE, "it ended"
        time.sleep(0.02)
    took = time.perf_counter() - began
    return Cost(took, cpu_of(process) - before, peak_of(pid), bench.others_cpu() - others)


@contextmanager
def logged(folder: Path, command: list[str]) -> Iterator[tuple[int, Callable[[str], bool]]]:
    """Run *command*; gives its pid, and whether its log says a text."""
    log = folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield process.pid, lambda text: text in log.read_text(errors="replace")
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(30)


def collector(bench: Bench, folder: Path, bucket: str) -> Cost:
    """Run ours."""
    file = folder / "collector.toml"
    file.write_text(f"""
kind = "collector"
[collector]
regions = ["{REGION}"]
folder = "{folder}"
[broker]
port = {bench.broker.port}
[http]
port = {free_port()}
[store]
type = "influxdb"
url = "{bench.influx.url}"
org = "{bench.influx.org}"
bucket = "{bucket}"
token_file = "{bench.token_file}"
writers = {bench.writers}
""")
    command = [sys.executable, "-m", "schoolwatch", "collector", "run", "--config", str(file)]
    with logged(folder, command) as (pid, says), Receipts(bench.broker) as receipts:
        until_sync(lambda: says("as d1-readings") and says("as d1-state"), 30)
        return consumed(bench, pid, lambda: receipts.count() == len(bench.payloads.sent))


def peer(bench: Bench, folder: Path, bucket: str) -> Cost:
    """Run Telegraf."""
    config = telegraf_conf.text(bench.broker.port, bench.influx, bucket)
    (folder / "telegraf.conf").write_text(config)
    command = [telegraf.program() or "telegraf", "--config", str(folder / "telegraf.conf")]
    with logged(folder, command) as (pid, says):
        until_sync(lambda: says("Connected [tcp"), 30)
        written = telegraf_conf.Written(folder / "log")
        return consumed(bench, pid, lambda: written.count() >= bench.payloads.points)


def directly(writers: int) -> Callable[[Bench, Path, str], Cost]:
    """Return the way that has no broker."""

    def write(bench: Bench, _folder: Path, bucket: str) -> Cost:
        url = f"{bench.influx.url}/api/v2/write?org={bench.influx.org}&bucket={bucket}&precision=ns"
        others = bench.others_cpu()
        words = [url, str(bench.token_file), str(writers), str(bench.lines_file)]
        command = [sys.executable, "-m", "tests.bench.direct", *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds, cpu, peak = done.stdout.split()
        return Cost(float(seconds), float(cpu), int(peak), bench.others_cpu() - others)

    return write


WAYS = {
    "collector": collector,
    "Telegraf": peer,
    "directly, 1 writer": directly(1),
    "directly, 2 writers": directly(2),
    "directly, 4 writers": directly(4),
}


def compare(bench: Bench, repeats: int, only: list[str]) -> None:
    """Run every way in turn, and again; print what each took and the ratios."""
    costs: dict[str, list[Cost]] = {}
    for repeat in range(repeats):
        for title, way in WAYS.items():
            if only and title.split(",")[0] not in only:
                continue
            bucket = f"{title.lower().replace(', ', '_').replace(' ', '_')}_{repeat}"
            folder = bench.folder / bucket
            folder.mkdir()
            bench.influx.make_bucket(bucket)
            # A broker of its own: it would keep the messages for whoever was there before.
            with running_broker(folder) as bench.broker:
                cost = way(bench, folder, bucket)
            found = bench.stored(bucket)
            assert found == bench.payloads.points, f"{title}: {found} points stored"
            costs.setdefault(title, []).append(cost)
            say(f"    {line(title, bench.payloads.points, cost)}")
    middle = {title: typical(found) for title, found in costs.items()}
    for title, cost in middle.items():
        say(f"  {line(title, bench.payloads.points, cost)}")
    ours = middle.get("collector")
    for title, cost in middle.items():
        if ours and cost is not ours:
            say(
                f"  collector of {title}: points/s {cost.seconds / ours.seconds:.2f}, "
                f"CPU {ours.cpu / cost.cpu:.2f}, peak memory {ours.peak / cost.peak:.2f}"
            )


def typical(costs: list[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        median(cost.seconds for cost in costs),
        median(cost.cpu for cost in costs),
        int(median(cost.peak for cost in costs)),
        median(cost.others for cost in costs),
    )


def line(title: str, points: int, cost: Cost) -> str:
    """Return what *cost* says in one line."""
    return (
        f"{title:<20}{points / cost.seconds:>9,.0f} points/s  {cost.cpu:6.2f} CPU s  "
        f"{cost.peak / 1e6:6.0f} MB peak  (broker and database {cost.others:6.2f} CPU s)"
    )


def main() -> None:
    """Compare on each InfluxDB that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=800_000)
    parser.add_argument("--lines", type=int, default=64, help="in a batch")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--influx", nargs="+", default=["1", "2"], choices=["1", "2"])
    parser.add_argument("--writers", type=int, default=1, help="of the collector")
    parser.add_argument("--only", nargs="+", default=[], help="collector, Telegraf, directly")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave no program behind
    payloads = Payloads(asked.points, asked.lines)
    size = sum(len(payload) for _, payload in payloads.sent)
    say(f"{payloads.points:,} points in {len(payloads.sent):,} batches of {asked.lines} lines, ")
    say(f"{size / 1e6:.0f} MB, {AGENTS} agents; load {os.getloadavg()}")
    start = {"1": influxdb1.running, "2": influxdb2.serving}
    for version in asked.influx:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            try:
                with start[version](folder) as influx:
                    say(f"InfluxDB {'1.8' if version == '1' else '2'}, {asked.repeats} repeats")
                    bench = Bench(folder, payloads, influx, asked.writers)
                    compare(bench, asked.repeats, asked.only)
                    say(f"  load {os.getloadavg()}")
            except NoInflux as reason:
                say(str(reason))


@contextmanager
def running_broker(folder: Path) -> Iterator[RealBroker]:
    """Run a mosquitto that gives Telegraf its window and writes nothing down meanwhile."""
    also = ["max_inflight_messages 1000", "autosave_interval 0"]
    without = ["max_inflight_messages", "autosave_interval"]
    broker = brokers.mosquitto(folder / "broker", also=also, without=without)
    with brokers.running(broker):
        yield broker


def say(text: str) -> None:
    """Print *text* to the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
