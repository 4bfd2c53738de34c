"""kill -9 of the collector at any moment: what targets are made of is counted once, all of it."""

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.targets.days import day_of
from collector.district.rows import unpack
from core import clock, wire
from core.clock import SECOND
from tests.collector.making import A, batch, readings, state
from tests.collector.making import birth as born
from tests.collector.played import Played, playing
from tests.e2e.keeper import WHO, Keeper
from tests.e2e.programs import Program, collector_toml, wait_until_served
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until

KILLS = 6
ZONE = ZoneInfo("Asia/Shanghai")
Outcomes = Counter[tuple[int, bool]]
"""When (ns), whether it was good, and how often that was counted."""


@dataclass
class Probing(Keeper):
    """An agent that tells an outcome in each batch, each of a second of its own, hours ago."""

    told: Outcomes = field(default_factory=Counter)
    begins: int = field(default_factory=lambda: clock.now() // SECOND * SECOND - 7_200 * SECOND)

    def make(self) -> None:
        self.made += 1
        at, ok = self.begins + self.made * SECOND, self.made % 3 != 0
        self.told[at, ok] += 1
        line = f"http_response,server=https://example.org/,method=GET success={int(ok)}i {at}"
        body = batch(A, self.made, [line.encode()])
        self.kept[self.made, f"{wire.crc(body):08x}"] = body

    def publish(self, body: bytes) -> None:
        self.played.publish(readings(body, WHO))


def counted(ledger: Path) -> Outcomes:
    """Return the outcomes that the days in the database are made of."""
    found: Outcomes = Counter()
    with closing(sqlite3.connect(ledger)) as db:
        for day, points in db.execute("SELECT day, points FROM target_probe"):
            begins = day_of(date.fromisoformat(day), ZONE).start
            # One shortly before midnight holds into the next day, and stands in both.
            mine = [one for one in unpack(points) if one.ms >= 0]
            found.update((begins + one.ms * SECOND // 1_000, one.ok) for one in mine)
    return found


@pytest.mark.slow
async def test_every_outcome_counts_once_whenever_the_collector_is_killed(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    http_port, rng = free_port(), random.Random()
    path = collector_toml(tmp_path, mosquitto, http_port)
    collector = Program(["collector", "run", "--config", str(path)], tmp_path / "log")
    async with playing(Played(mosquitto.port, WHO)) as played:
        played.publish(state(born(), WHO, retain=True))
        agent = Probing(played)
        sending = asyncio.create_task(agent.run())
        for _ in range(KILLS):
            collector.start()
            acknowledged = len(agent.told) - len(agent.kept)
            await until(lambda: len(agent.told) - len(agent.kept) > acknowledged + 5, 60)  # noqa: B023 — used at once
            await asyncio.sleep(rng.uniform(0, 1.5))
            collector.kill()
        collector.start()
        agent.stopped = True
        await asyncio.wait_for(sending, 60)
        await asyncio.to_thread(wait_until_served, http_port)
    # Nothing of it has a turn any more but the one of the next start.
    collector.kill()
    collector.start()
    await until(lambda: counted(tmp_path / "collector" / "ledger.db") == agent.told, 60)
    assert collector.stop() == 0
    assert counted(tmp_path / "collector" / "ledger.db") == agent.told
