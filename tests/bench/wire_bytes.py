"""Bytes on the wire a day of one machine, with and without change filter and zstd.

    python -m tests.bench.wire_bytes [minutes]

Four agents and a Telegraf measure the same machine at the same time, every 10 s: host probes and a
ping of the loopback, over MQTT to a real mosquitto, with this process in the collector's place for
the receipts. Counted is the payload of readings after a warm-up in which all is said for the first
time. Telegraf is named by SCHOOLWATCH_TEST_TELEGRAF, or on the PATH. A machine that does other work
meanwhile changes more: the bytes of the filter are then those of a busy one.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.bench.agent_cost import TELEGRAF, Listening, say
from tests.e2e.programs import agent_toml
from tests.real import brokers, telegraf
from tests.real.brokers import RealBroker

WARM_UP_S: Final = 45
A_DAY: Final = 24 * 60
PROBES: Final = """
[probes.cpu]
[probes.mem]
[probes.disk]
[probes.net]
[probes.ping]
targets = ["127.0.0.1"]
"""
PINGS: Final = """
[[inputs.ping]]
  urls = ["127.0.0.1"]
  method = "native"
  count = 3
  ping_interval = 0.2
"""
NO_ZSTD: Final = "compress = false\n"
NO_FILTER: Final = "[filter]\nenabled = false\n"
AGENTS: Final = {
    "filter-zstd": ("filter and zstd", ""),
    "zstd": ("zstd only", NO_FILTER),
    "filter": ("filter only", NO_ZSTD),
    "plain": ("neither", NO_ZSTD + NO_FILTER),
}


def start(stack: ExitStack, folder: Path, broker: RealBroker, name: str, options: str) -> None:
    """Run one of our agents until *stack* ends."""
    folder = folder / name
    folder.mkdir()
    file = agent_toml(folder, broker, options + PROBES, seal_after_s=30, agent=name)
    words = [sys.executable, "-m", "schoolwatch", "agent", "run", "--config", str(file)]
    log = stack.enter_context((folder / "agent.log").open("wb"))
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)


def main(minutes: float) -> None:
    """Print kilobytes a minute, megabytes a day, and the share of Telegraf's."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(brokers.running(brokers.mosquitto(folder / "broker")))
        listening = stack.enter_context(Listening(broker))
        for name, (_, options) in AGENTS.items():
            start(stack, folder, broker, name, options)
        if telegraf.program():
            stack.enter_context(telegraf.running(folder, TELEGRAF.format(port=broker.port) + PINGS))
        time.sleep(WARM_UP_S)
        before = listening.by_agent.copy()
        time.sleep(60 * minutes)
        sent = {name: count - before[name] for name, count in listening.by_agent.items()}
    theirs = sent.get("telegraf", 0)
    titles = {"telegraf": "Telegraf"}
    titles |= {name: f"ours, {title}" for name, (title, _) in AGENTS.items()}
    for name, title in titles.items():
        a_minute = sent.get(name, 0) / minutes
        share = f"{sent.get(name, 0) / theirs:6.3f} of Telegraf's" if theirs else ""
        a_day = a_minute * A_DAY / 1e6
        say(f"{title:<22} {a_minute / 1e3:7.2f} kB/min {a_day:7.2f} MB/day {share}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15.0)
