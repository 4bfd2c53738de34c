"""What the agent costs the machine and the line, beside its peers with the same plugins.

    python -m tests.bench.agent_cost [minutes] [--together]

Each measures cpu, memory, disks and interfaces every 10 s and tells them to a server of loopback:
ours and Telegraf by MQTT to a real mosquitto, ours with and without change filter and compression,
with this process in the collector's place for the receipts; zabbix_agent2 by active checks,
node_exporter by being scraped, collectd by its own protocol. One after the other; --together
measures all in the same minutes, which is quicker and fair on a machine that does other work.

After a warm-up: processor seconds, and bytes as a school's line would carry them, with all headers
and both ways (tests/bench/meter.py); memory at the end as if alone (tests/real/footprint.py). What
is published by MQTT is also given without all that, as payload.
Unchanged values travel every 300 s, so that the minutes are best a multiple of five.
Telegraf is named by SCHOOLWATCH_TEST_TELEGRAF, or on the PATH; who is not here is left out, and how
to have it is said (tests/bench/peers.py).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import Popen
from typing import Final

from tests.bench import meter, peers
from tests.bench.meter import Meter
from tests.bench.peers import Run
from tests.e2e.programs import agent_toml
from tests.real import brokers
from tests.real.brokers import RealBroker
from tests.real.footprint import cpu_seconds, memory_alone
from tests.real.receiver import Receiver

WARM_UP_S: Final = 45
MINUTES: Final = 5.0
A_DAY: Final = 24 * 60
PROBES: Final = "[probes.cpu]\n[probes.mem]\n[probes.disk]\n[probes.net]\n"
NO_FILTER: Final = "[filter]\nenabled = false\n"
OURS: Final = {
    "ours": (True, True),
    "ours, no zstd": (True, False),
    "ours, no filter": (False, True),
    "ours, neither": (False, False),
}
"""Our agent as it comes, and with less: with change filter, with compression."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one program: memory in bytes; a minute: processor seconds, and bytes that it published
    and that were on the line.
    """

    memory: float
    cpu: float
    payload: float
    sent: float


def agent(*, change_filter: bool, zstd: bool) -> Run:
    """Return what runs our agent as a process of its own."""
    tables = PROBES if change_filter else PROBES + NO_FILTER

    @contextmanager
    def run(folder: Path, line: Meter, broker: RealBroker) -> Iterator["Popen[bytes]"]:
        at = replace(broker, port=line.relay(broker.port))
        file = agent_toml(folder, at, tables, seal_after_s=30, compress=zstd)
        words = [sys.executable, "-m", "schoolwatch", "agent", "run", "--config", str(file)]
        with peers.started(words, folder, cwd=Path.cwd()) as process:
            yield process

    return run


@dataclass(slots=True)
class Running:
    """One program that runs, and the meter at its line."""

    title: str
    process: "Popen[bytes]"
    meter: Meter
    receiver: Receiver

    def used(self) -> tuple[float, int, int]:
        """Return processor seconds, and bytes published and on the line, since the start."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.title} has ended with {self.process.returncode}")
        return cpu_seconds(self.process.pid), self.receiver.payload, self.meter.bytes


@contextmanager
def running(title: str, run: Run, folder: Path) -> Iterator[Running]:
    """Run one program with a broker and a meter of its own."""
    folder.mkdir(parents=True)
    with (
        brokers.running(brokers.mosquitto(folder / "broker")) as broker,
        Receiver(broker) as receiver,
        meter.metering() as line,
        run(folder, line, broker) as process,
    ):
        yield Running(title, process, line, receiver)


def measured(programs: list[Running], minutes: float) -> dict[str, Cost]:
    """Return what each costs after its warm-up, over so many minutes."""
    time.sleep(WARM_UP_S)
    before = [one.used() for one in programs]
    time.sleep(60 * minutes)
    after = [one.used() for one in programs]
    return {
        one.title: Cost(
            memory_alone(one.process.pid),
            *((late - early) / minutes for early, late in zip(start, end)),
        )
        for one, start, end in zip(programs, before, after)
    }


def main(minutes: float, *, together: bool) -> None:
    """Print what each costs, and our share of each peer's."""
    runs = {
        title: agent(change_filter=change_filter, zstd=zstd)
        for title, (change_filter, zstd) in OURS.items()
    }
    for peer in peers.PEERS:
        if peer.where():
            runs[peer.title] = peer.run
        else:
            say(f"{peer.title} is not here: {peer.bring}")
    rounds = [list(runs)] if together else [[title] for title in runs]
    say(f"{len(rounds) * (minutes + WARM_UP_S / 60):.0f} minutes for {', '.join(runs)}")
    costs: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory() as name:
        for titles in rounds:
            with ExitStack() as stack:
                programs = [
                    stack.enter_context(running(title, runs[title], Path(name) / title))
                    for title in titles
                ]
                found = measured(programs, minutes)
            for title, cost in found.items():
                say(line_of(title, cost))
            costs |= found
    say("")
    for peer in peers.PEERS:
        if peer.title in costs:
            for ours in OURS:
                say(ratios(ours, costs[ours], peer.title, costs[peer.title]))


def line_of(title: str, cost: Cost) -> str:
    """Return the row of one program; only what goes by MQTT has a payload that we see."""
    a_day = A_DAY / 1e6
    payload = f"{cost.payload * a_day:6.2f}" if cost.payload else "     –"
    return (
        f"{title:<16} {cost.memory / 1e6:6.1f} MB PSS  {cost.cpu:6.3f} CPU s/min  "
        f"{payload} MB/day payload  {cost.sent * a_day:6.2f} MB/day on the line"
    )


def ratios(ours: str, mine: Cost, title: str, theirs: Cost) -> str:
    """Return our share of what a peer costs."""
    payload = f"  payload {mine.payload / theirs.payload:6.3f}" if theirs.payload else ""
    return (
        f"{ours:<16} of {title + ':':<15} PSS {mine.memory / theirs.memory:5.2f}  "
        f"CPU {mine.cpu / theirs.cpu:5.2f}  on the line {mine.sent / theirs.sent:6.3f}{payload}"
    )


def say(text: str) -> None:
    """Print *text* to the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What the agent costs, beside its peers.")
    parser.add_argument("minutes", nargs="?", type=float, default=MINUTES)
    parser.add_argument("--together", action="store_true", help="all in the same minutes")
    chosen = parser.parse_args()
    main(chosen.minutes, together=chosen.together)
