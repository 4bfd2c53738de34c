"""Agents that are played: the agent's own spool, uplink and clock, fed by made-up machines.

    host ─▶ spool ─▶ uplink ══ MQTT ══▶ collector

Many live in one process: each with its own spool and its own connection.
"""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from agent.spool import Waiting
from core import clock
from core.mqtt import Broker
from core.types import Identity
from simulator.backlog import fill
from simulator.host import Host
from simulator.wired import check_number, wired, workers_for

Sealed = Callable[[Identity, Waiting, int], None]
"""Hears of a batch that was sealed, and of the time (ns) of the oldest reading in it."""


@dataclass(frozen=True, slots=True)
class Load:
    """So many agents, numbered from `first`: what each measures, and how often."""

    region: str
    agents: int = 10
    first: int = 0
    lines: int = 8
    interval_s: float = 10.0
    seal_after_s: float = 30.0
    seed: int = 1

    def numbers(self) -> range:
        """Return the numbers of the agents."""
        return range(self.first, self.first + self.agents)

    def who(self, number: int) -> Identity:
        """Return who an agent is."""
        return Identity(self.region, f"school-{number}", "host")

    def host(self, number: int) -> Host:
        """Return the machine of an agent, at the beginning of its life."""
        return Host(self.seed * 1_000_000 + number, self.lines)

    def spool(self, folder: Path, number: int) -> Path:
        """Return where an agent's spool is."""
        return folder / f"school-{number}" / "spool.db"


def fill_all(load: Load, folder: Path, start: int, stop: int, interval_s: float) -> int:
    """Give every agent a backlog from *start* to *stop* (ns); return how many batches."""
    return sum(
        fill(
            load.spool(folder, number),
            load.host(number),
            start,
            stop,
            interval_s=interval_s,
            seal_after_s=load.seal_after_s,
        )
        for number in load.numbers()
    )


class Player:
    """One agent; `run` until cancelled."""

    def __init__(
        self,
        load: Load,
        number: int,
        folder: Path,
        broker: Broker,
        *,
        sealed: Sealed,
        worker: ThreadPoolExecutor | None = None,
    ) -> None:
        self._load, self._sealed, self._host = load, sealed, load.host(number)
        self._phase = random.Random(number).uniform(0, load.seal_after_s)  # noqa: S311
        self._who = load.who(number)
        self._wired = wired(
            *(self._who, load.spool(folder, number), broker, worker),
            reconnect_within_s=load.interval_s,
        )
        self._spool, self._times = self._wired.spool, self._wired.time.clock

    async def run(self) -> None:
        """Measure, seal and send until cancelled, then say that it stops."""
        live, uplink = asyncio.create_task(self._live()), self._wired.plug()
        try:
            ended, _ = await asyncio.wait((live, uplink), return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()  # neither ends by itself: let it be seen
        finally:
            live.cancel()
            await asyncio.gather(live, return_exceptions=True)
            await self._wired.leave()

    async def _live(self) -> None:
        await asyncio.sleep(self._phase)
        oldest = 0
        sealed_at = clock.monotonic()
        while True:
            at = self._times.now()
            lines = self._host.measure(at)
            oldest = oldest or at
            await self._spool.take(lines, unchecked=self._times.unchecked())
            if clock.monotonic() - sealed_at >= self._load.seal_after_s - self._load.interval_s / 2:
                waiting, sealed_at = await self._spool.seal(), clock.monotonic()
                if waiting:
                    self._sealed(self._who, waiting, oldest)
                    self._wired.uplink.sealed()
                oldest = 0
            await asyncio.sleep(self._load.interval_s)


async def play(load: Load, folder: Path, broker: Broker, sealed: Sealed) -> None:
    """Play all agents of *load* until cancelled; raises ConfigError for too many."""
    check_number(load.agents)
    workers = workers_for(load.agents)
    players = [
        Player(load, number, folder, broker, sealed=sealed, worker=workers[number % len(workers)])
        for number in load.numbers()
    ]
    try:
        await asyncio.gather(*(player.run() for player in players))
    finally:
        for worker in workers:
            worker.shutdown()
