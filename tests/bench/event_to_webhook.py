"""How long it takes from an event at the agent until a webhook hears of it.

    python -m tests.bench.event_to_webhook [events [open [rules]]]

The real agent's spool and uplink in this process, a real mosquitto, the real collector as a process
of its own, and a receiver here. The rule holds nothing (`spool_dropping`), so all of the time is
ours: the agent's commit, the broker, the commit of key and rows, the audit log, the alert with its
message, the mark of the message, the call. With *open*, so many alerts are open before; with
*rules*, so many rules of the operator's stand beside ours. Goal: p99 under 250 ms. Beside it what
the disk needs for one commit, of which there are five in a row.
"""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from agent.app import Agent, build
from agent.config import read_agent
from alerts import tables
from alerts.step import Case
from core import clock
from core.alerts import Alert, AlertKey
from core.clock import SECOND
from core.types import Event
from tests.alerts.receiver import Receiver, receiving
from tests.e2e.programs import AGENT, REGION, Program, agent_toml, collector_toml, wait_until_served
from tests.real import brokers
from tests.real.brokers import free_port
from tests.waiting import until

EVENTS = 190
"""No more conditions of one agent are remembered than 200."""
GOAL_MS = 250.0
HOUR = 3_600 * SECOND
ALERTS = """
[alerts]
messages = 1000
rules_file = "{rules}"
[[alerts.webhook]]
name = "bench"
url = "{url}"
"""


RULE = """
[[rule]]
name = "own_{number}"
on = {{ reading = "disk", field = "used_percent", only = {{ path = ["/none-{number}"] }} }}
above = 90
recover = 85
severity = "P3"
[rule.zh]
title = "磁盘空间不足：{{where}}"
meaning = "课件无法保存。"
first = "请清理磁盘。"
ended = "磁盘空间已恢复：{{where}}"
[rule.en]
title = "Disk nearly full: {{where}}"
meaning = "Nothing can be saved."
first = "Make room."
ended = "Disk has room again: {{where}}"
"""


async def measure(folder: Path, events: int, before: int, rules: int) -> list[float]:
    """Return the seconds that each event took."""
    with brokers.running(brokers.mosquitto(folder / "mosquitto")) as broker:
        async with receiving() as receiver:
            http_port = free_port()
            alerts = ALERTS.format(url=receiver.url, rules=own_rules(folder / "rules.toml", rules))
            path = collector_toml(folder, broker, http_port, alerts)
            collector = Program(["collector", "run", "--config", str(path)], folder / "log")
            collector.start()
            try:
                await asyncio.to_thread(wait_until_served, http_port)
                if before:
                    collector.stop()
                    have_open(folder / "collector" / "ledger.db", before)
                    collector.start()
                    await asyncio.to_thread(wait_until_served, http_port)
                agent = build(read_agent(agent_toml(folder, broker, "[probes.mem]\n")))
                running = asyncio.create_task(agent.run())
                await _event(agent, receiver, 0)  # connects, and warms up
                found = await _events(agent, receiver, events)
                agent.stopping.set()
                await running
            finally:
                collector.stop()
    return found


async def _events(agent: Agent, receiver: Receiver, events: int) -> list[float]:
    rng, found = random.Random(1), list[float]()
    for number in range(1, events + 1):
        await asyncio.sleep(rng.uniform(0.02, 0.2))
        found.append(await _event(agent, receiver, number))
    return found


async def _event(agent: Agent, receiver: Receiver, number: int) -> float:
    """Have a condition begin at the agent; return the seconds until the receiver was called."""
    began = time.perf_counter()
    event = Event("spool_dropping", AGENT, f"bench-{number}", True, clock.now())
    await agent.spool.call(lambda spool: spool.tell([event]))
    agent.uplink.sealed()
    await until(lambda: len(receiver.posts) > number, 90)
    return receiver.posts[number].at - began


def own_rules(path: Path, count: int) -> Path:
    """Write *count* rules about disks that nobody has; return where."""
    path.write_text('kind = "rules"\n' + "".join(RULE.format(number=n) for n in range(count)))
    return path


def have_open(path: Path, count: int) -> None:
    """Have *count* links of other agents be down, of which people were told long ago."""
    now = clock.now()
    with closing(sqlite3.connect(path)) as db, db:
        for number in range(1, count + 1):
            place = f"{REGION}/school-{number // 400}/agent-{number // 100 % 4}"
            key = AlertKey("link_down", place, "switch", f"port-{number % 100}")
            alert = Alert(key, "P3", "firing", now - HOUR, now - HOUR, number=number)
            tables.write_case(db, Case(alert, told="alone"))


def commit_ms(folder: Path) -> float:
    """Return how long one durable commit takes here, the median of a hundred."""
    db = sqlite3.connect(folder / "commit.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t (v)")
    times = []
    for number in range(100):
        began = time.perf_counter()
        db.execute("INSERT INTO t VALUES (?)", (number,))
        times.append(time.perf_counter() - began)
    db.close()
    return quantile(times, 0.5) * 1000


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value that *part* of *values* do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def main(events: int, before: int, rules: int) -> None:
    """Print p50 and p99, beside the goal and the disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commit = commit_ms(folder)
        found = asyncio.run(measure(folder, events, before, rules))
    p50, p99 = (quantile(found, part) * 1000 for part in (0.5, 0.99))
    beside = f" beside {before:,} open alerts and {rules:,} rules of the operator's"
    say(f"{len(found)} events, agent to webhook{beside}; load {os.getloadavg()[0]:.1f}")
    say(f"p50   {p50:8.1f} ms")
    say(f"p99   {p99:8.1f} ms, {p99 / GOAL_MS:.2f} of the goal of {GOAL_MS:.0f} ms")
    say(f"worst {max(found) * 1000:8.1f} ms")
    say(f"one durable commit {commit:.1f} ms")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 — a command for the terminal


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(*words, *(EVENTS, 0, 0)[len(words) :])
