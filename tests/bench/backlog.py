"""How long a backlog of seven days takes to drain, and how old live readings get meanwhile.

    python -m tests.bench.backlog [--agents 1 100 1000] [--stores sqlite influxdb] [--rates 1000]

Agents played by `simulator`, on their own spools and connections, against a real broker, collector
and store. Every agent has been cut off for seven days and goes on measuring 8 readings each 10 s,
sealed after 30 s. Its history is thinned so that all of them together hold about --megabytes, and
one of them at most --each: the times span the seven days, there are fewer of them, in batches of
three rounds as ever. The whole of it is reckoned from the rate that was reached. No clock is
simulated: the drain is real.

The limit is the rate that the receipts grant (kB/s of unpacked bytes, all agents together). The
age of a live reading is from its measurement to the receipt, which follows the store.
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import paho.mqtt.client as paho
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from core import messages
from core.clock import SECOND
from simulator.wired import MOST
from tests.e2e.programs import REGION, Program, collector_toml
from tests.real import brokers, influxdb1
from tests.real.brokers import LOOPBACK, RealBroker, free_port
from tests.waiting import until_sync

DAYS, LINES, SEAL_AFTER_S, INTERVAL_S = 7, 8, 30, 10
LINE_BYTES = 113
"""What a line of simulator.host has, with its newline."""
WEEK_BYTES = DAYS * 86_400 // INTERVAL_S * LINES * LINE_BYTES
LONGEST_S = 1_800
Key = tuple[str, str, int]
"""Agent, epoch, sequence."""


class Receipts:
    """When a receipt named each batch of readings (ns since 1970)."""

    def __init__(self, broker: RealBroker) -> None:
        self.at: dict[Key, int] = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._take
        self._client.connect(LOOPBACK, broker.port)
        self._client.subscribe("schoolwatch/v1/+/+/+/receipt", 1)

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        now, who = time.time_ns(), "/".join(message.topic.split("/")[2:5])
        for key, _ in messages.keys_of(messages.read_receipt(bytes(message.payload)).got):
            if key.lane == "readings":
                self.at.setdefault((who, key.epoch, key.seq), now)

    def __enter__(self) -> "Receipts":
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@dataclass
class Bench:
    """One number of agents on one store, at one rate (kB/s)."""

    folder: Path
    agents: int
    rate: int

    def simulator(self, *words: str) -> list[list[str]]:
        """Return the commands of as many simulators as the agents need."""
        common = ["--folder", str(self.folder / "spools"), "--region", REGION, *words]
        return [
            [
                *(sys.executable, "-m", "simulator", *common, "--first", str(first)),
                *("--agents", str(min(MOST, self.agents - first))),
            ]
            for first in range(0, self.agents, MOST)
        ]

    def fill(self, megabytes: float, most: float) -> dict[Key, int]:
        """Fill the spools; return the size of each batch that waits."""
        each = min(WEEK_BYTES, most * 1e6, megabytes * 1e6 / self.agents)
        interval = DAYS * 86_400 * LINES * LINE_BYTES / each
        together = str(interval * SEAL_AFTER_S / INTERVAL_S)
        words = (
            *("--fill-days", str(DAYS), "--fill-interval", str(interval)),
            *("--seal-after", together),
        )
        for command in self.simulator(*words):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return dict(self._waiting())

    def _waiting(self) -> Iterator[tuple[Key, int]]:
        for spool in (self.folder / "spools").glob("*/spool.db"):
            who = f"{REGION}/{spool.parent.name}/host"
            with closing(sqlite3.connect(spool)) as db:
                for epoch, seq, size in db.execute("SELECT epoch, seq, bytes FROM batch"):
                    yield (who, epoch, seq), size

    def drain(self, backlog: dict[Key, int], store: str) -> None:
        """Run everything until *backlog* has its receipts; say what it took."""
        with ExitStack() as stack:
            broker = stack.enter_context(brokers.running(brokers.mosquitto(self.folder / "broker")))
            collector = stack.enter_context(self._collector(broker, store))
            receipts = stack.enter_context(Receipts(broker))
            record = self.folder / "live"
            words = ("--port", str(broker.port), "--seal-after", str(SEAL_AFTER_S))
            for number, command in enumerate(self.simulator(*words)):
                stack.enter_context(running([*command, "--record", f"{record}-{number}"]))
            before, end = cpu(collector), time.monotonic() + LONGEST_S
            while not backlog.keys() <= receipts.at.keys():
                assert time.monotonic() < end, "not drained in time"
                time.sleep(0.2)
            used = cpu(collector) - before
            came = [receipts.at[key] for key in backlog]
            took = (max(came) - min(came)) / SECOND
            self._say(sum(backlog.values()), took, used, ages(self.folder, receipts))

    @contextmanager
    def _collector(self, broker: RealBroker, store: str) -> Iterator[psutil.Process]:
        file = collector_toml(self.folder, broker, free_port(), store)
        option = f'id = "d1"\nbackfill_kb_per_s = {self.rate}'
        file.write_text(file.read_text().replace('id = "d1"', option))
        words = ["collector", "run", "--config", str(file)]
        program = Program(words, self.folder / "collector.log")
        program.start()
        assert program.process is not None
        try:
            until_sync(lambda: program.said("as d1-readings"), 30)
            yield psutil.Process(program.process.pid)
        finally:
            program.kill()

    def _say(self, size: int, took: float, used: float, live: list[float]) -> None:
        week = self.agents * WEEK_BYTES
        p50, p99 = (quantiles(live, n=100)[at] for at in (49, 98)) if len(live) > 1 else (0, 0)
        say(
            f"    {self.agents:>5} agents at {self.rate:>6,} kB/s: {size / 1e6:6.1f} MB of "
            f"{week / 1e6:,.0f} MB in {took:6.1f} s, {size / took / self.rate / 10:4.0f} % of the "
            f"limit; all seven days: {week * took / size / 3600:7.2f} h, {used / took:4.2f} "
            f"cores of the collector; {len(live)} live batches, age p50 {p50:.1f} s, "
            f"p99 {p99:.1f} s; load {os.getloadavg()[0]:.1f}"
        )


def ages(folder: Path, receipts: Receipts) -> list[float]:
    """Return how old the oldest reading of each live batch was at its receipt, in seconds."""
    found = []
    for file in folder.glob("live-*"):
        for line in file.read_text().splitlines():
            who, epoch, seq, oldest, _ = line.split()
            at = receipts.at.get((who, epoch, int(seq)))
            # What has no receipt yet counts as if it came now; what was just sealed may wait.
            waited = (at or time.time_ns()) - int(oldest)
            if at or waited > (SEAL_AFTER_S + INTERVAL_S) * SECOND:
                found.append(waited / SECOND)
    return found


def cpu(process: psutil.Process) -> float:
    """Return user and system seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    """Run a simulator for the length of the block."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def store_table(store: str, folder: Path) -> Iterator[str]:
    """Run the store; return its part of collector.toml."""
    if store == "sqlite":
        yield ""
        return
    with influxdb1.running(folder) as server:
        server.make_bucket("schoolwatch")
        token = folder / "token"
        token.write_text(server.token)
        token.chmod(0o600)
        yield f'[store]\ntype = "influxdb"\nurl = "{server.url}"\ntoken_file = "{token}"\n'


def main() -> None:
    """Drain each backlog into each store at each rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, nargs="+", default=[1, 100, 1_000])
    parser.add_argument("--stores", nargs="+", default=["sqlite", "influxdb"])
    parser.add_argument("--rates", type=int, nargs="+", default=[1_000], help="kB/s")
    parser.add_argument("--megabytes", type=float, default=40.0)
    parser.add_argument("--each", type=float, default=4.0, help="megabytes of one agent at most")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave no program behind
    for store in asked.stores:
        say(f"into {store}, {asked.megabytes:.0f} MB of history at most, {asked.each:.0f} an agent")
        for agents in asked.agents:
            for rate in asked.rates:
                with tempfile.TemporaryDirectory() as name, store_table(store, Path(name)) as table:
                    bench = Bench(Path(name), agents, rate)
                    bench.drain(bench.fill(asked.megabytes, asked.each), table)


def say(text: str) -> None:
    """Print *text* to the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
