"""What the alert engine costs: a reading, an event and a tick, by how much there is beside it.

    python -m tests.bench.alert_engine [events of the storm]

The engine on the collector's real database and audit log, without broker and channels
(`tests/bench/event_to_webhook.py` has those). Three questions: does a reading cost more where there
are rules that do not concern it; what does an event cost beside 10,000 open alerts; and what
becomes of a storm. The limit in the same
run is the disk: one durable commit, of which each event needs two here.
"""

import gc
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from alerts.facts import ReadingFact
from alerts.rules import Rule, Threshold
from alerts.shipped import RULES
from core.clock import SECOND
from core.types import Event, Identity
from tests.alerts.stage import Stage
from tests.bench.event_to_webhook import commit_ms, quantile, say
from tests.collector.making import NOW, REGION, WHO

READINGS = 20_000
OPEN = 10_000
OF_ONE_AGENT = 100
EVENTS = 200
STORM = 100_000
BATCH = 200
GOAL_MS = 250.0


def others(count: int) -> Iterator[Rule]:
    """Give *count* rules about what nobody measures here."""
    like = next(rule for rule in RULES if rule.name == "disk_full")
    for number in range(count):
        of = Threshold(f"elsewhere_{number % 50}", "value", "path", 90, 85)
        yield replace(like, name=f"elsewhere_{number}", of=of)


def reading_us(folder: Path, rules: int) -> float:
    """Return the microseconds of processor that a reading takes beside *rules* other rules."""
    stage = Stage(folder, rules=(*RULES, *others(rules)))
    facts = [
        ReadingFact(str(WHO), "disk", {"path": f"/{n % 10}"}, {"used_percent": 50.0}, NOW)
        for n in range(READINGS)
    ]
    began = time.process_time()
    for at in range(0, READINGS, 100):
        stage.engine.readings(facts[at : at + 100])
    spent = time.process_time() - began
    stage.ledger.close()
    return spent / READINGS * 1e6


def agents(count: int) -> Iterator[Identity]:
    """Give *count* agents, four in a school."""
    for number in range(count):
        yield Identity(REGION, f"school-{number // 4}", f"agent-{number % 4}")


def with_open(stage: Stage, count: int) -> None:
    """Have *count* alerts open."""
    for who in agents(count // OF_ONE_AGENT):
        stage.say(*_events(OF_ONE_AGENT), who=who)
    stage.wait(1_800, step=10)  # until what had to be told has been told
    firing = sum(case.alert.state == "firing" for case in stage.engine.open_cases())
    if firing != count:
        raise SystemExit(f"{firing} alerts are open, and not {count}")


def _events(count: int) -> list[Event]:
    return [Event("link_down", "switch", f"port-{n}", True, NOW) for n in range(count)]


def event_ms(stage: Stage) -> list[float]:
    """Return the milliseconds from an event at hand to its message in the outbox."""
    found = []
    for number, who in zip(range(EVENTS), agents(10_000), strict=False):
        stage.clock.at += 10 * SECOND
        event = Event("spool_dropping", "agent", f"bench-{number}", True, stage.clock())
        before = stage.engine.counts["alert_messages", "FIRST"]
        began = time.perf_counter()
        stage.say(event, who=neighbour(who))
        found.append((time.perf_counter() - began) * 1000)
        if stage.engine.counts["alert_messages", "FIRST"] == before:
            raise SystemExit("no message was made")
        stage.wait(600, step=300)
    return found


def neighbour(who: Identity) -> Identity:
    """Return another agent of the school, one that has nothing open."""
    return Identity(who.region, who.school, f"{who.agent}-b")


def tick_ms(stage: Stage) -> float:
    """Return the milliseconds of a tick in which nothing is due."""
    return _timed(stage.engine.tick, 500)


def _timed(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return median(spent) * 1000


def storm(folder: Path, events: int) -> None:
    """Have *events* conditions begin within ten minutes, and print what becomes of them."""
    stage = Stage(folder, messages=20)
    gc.collect()
    before, began = _rss_mb(), time.perf_counter()
    kinds = ("link_down", "address_lost", "gateway_lost", "spool_dropping", "disk_readonly")
    for turn, who in enumerate(agents(events // BATCH)):
        kind = kinds[turn % len(kinds)]
        stage.say(
            *(Event(kind, "it", f"{turn}-{n}", True, stage.clock()) for n in range(BATCH)), who=who
        )
        stage.clock.at += 600 * SECOND * BATCH // events
        stage.engine.tick()
    took = time.perf_counter() - began
    made = len(stage.messages_made())
    say(f"a storm of {events:,} events within ten minutes: {events / took:,.0f} events/s")
    say(f"  messages {made}, of 20 that are configured for ten minutes")
    counts = stage.engine.counts
    refused = counts["alerts_refused", ""]
    say(f"  open {sum(1 for _ in stage.engine.open_cases()):,}, refused and counted {refused:,}")
    say(f"  memory grew by {_rss_mb() - before:.0f} MB")
    stage.ledger.close()


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(events: int) -> None:
    """Print all of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(f"load of the machine {os.getloadavg()[0]:.1f}")
        commit = commit_ms(folder)
        say(f"one durable commit {commit:.2f} ms")
        few = reading_us(folder / "few", 0)
        many = reading_us(folder / "many", 1_000)
        say(f"a reading: {few:.1f} us; beside 1,000 other rules {many:.1f} us ({many / few:.2f})")
        for count in (0, OPEN):
            stage = Stage(folder / f"open-{count}", rules=(*RULES, *others(1_000)), messages=1_000)
            with_open(stage, count)
            tick, found = tick_ms(stage), event_ms(stage)
            p50, p99 = (quantile(found, part) for part in (0.5, 0.99))
            say(
                f"beside {count:,} open alerts and 1,000 rules: an event p50 {p50:.1f} ms, "
                f"p99 {p99:.1f} ms ({p99 / GOAL_MS:.2f} of the goal); an idle tick {tick:.3f} ms"
            )
            stage.ledger.close()
        storm(folder / "storm", events)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STORM)
