"""kill -9 of the collector while events come: each is in the audit log once, in one order."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core import messages, wire
from core.types import Identity
from tests.collector.making import A, event, event_batch, events_of
from tests.collector.played import Played, playing
from tests.e2e.programs import AGENT, REGION, SCHOOL, Program, collector_toml, wait_until_served
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until

WHO = Identity(REGION, SCHOOL, AGENT)
KILLS = 5
EVERY_S = 0.05
RESEND_S = 1.0


@dataclass
class Keeper:
    """An agent that keeps each batch of two events until a receipt names its key and crc."""

    played: Played
    made: int = 0
    kept: dict[tuple[int, str], bytes] = field(default_factory=dict)
    sent: dict[tuple[int, str], float] = field(default_factory=dict)
    stopped: bool = False

    def make(self) -> None:
        self.made += 1
        seq = self.made
        body = event_batch(A, seq, event(number=2 * seq), event(number=2 * seq + 1, active=False))
        self.kept[seq, messages.crc_text(wire.crc(body))] = body

    async def run(self) -> None:
        """Send all that is kept again and again, and a new batch each time."""
        heard = 0
        while self.kept or not self.stopped:
            if not self.stopped:
                self.make()
            for message in self.played.heard[heard:]:
                for key, crc in messages.keys_of(messages.read_receipt(message.payload).got):
                    self.kept.pop((key.seq, crc), None)
                heard += 1
            for name, body in list(self.kept.items())[:8]:
                if time.monotonic() - self.sent.get(name, 0) > RESEND_S:
                    self.sent[name] = time.monotonic()
                    self.played.publish(events_of(body, WHO))
            await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def keeping(port: int) -> AsyncIterator[Keeper]:
    async with playing(Played(port, WHO)) as played:
        keeper = Keeper(played)
        task = asyncio.create_task(keeper.run())
        yield keeper
        keeper.stopped = True
        await asyncio.wait_for(task, 60)


def audited(folder: Path) -> list[dict[str, object]]:
    files = sorted((folder / "audit").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


@pytest.mark.parametrize("seed", [1])
async def test_every_event_is_in_the_audit_log_exactly_once(
    broker: RealBroker, tmp_path: Path, seed: int
) -> None:
    http_port, rng = free_port(), random.Random(seed)
    path = collector_toml(tmp_path, broker, http_port)
    collector = Program(["collector", "run", "--config", str(path)], tmp_path / "collector.log")
    async with keeping(broker.port) as keeper:
        for _ in range(KILLS):
            collector.start()
            received = len(keeper.played.heard)
            await until(lambda: len(keeper.played.heard) > received + 2, 30)  # noqa: B023
            await asyncio.sleep(rng.uniform(0, 0.3))
            collector.kill()
        collector.start()
        await asyncio.to_thread(wait_until_served, http_port)
    assert collector.stop() == 0
    records = audited(tmp_path / "collector")
    assert [r["row"] for r in records] == list(range(1, len(records) + 1))
    ours = [(r["seq"], r["index"]) for r in records if r["agent"] == str(WHO)]
    assert len(ours) == len(set(ours))
    assert sorted(ours) == [(seq, i) for seq in range(1, keeper.made + 1) for i in (0, 1)]
    assert sum(r["kind"] == "collector_started" for r in records) == KILLS + 1
    assert {r["kind"] for r in records} == {
        *("collector_started", "checkpoint", "unknown_school", "link_down"),
    }
