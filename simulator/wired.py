"""The agent's own way to the collector, as every agent that is played has it.

recorder ─▶ spool ─▶ uplink ══ MQTT ══▶ collector
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.agentclock import AgentClock
from agent.presence import Presence
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.timekeeper import Timekeeper
from agent.uplink import Settings, Uplink
from core import clock
from core.errors import ConfigError
from core.mqtt import Broker
from core.types import Identity
from simulator.backlog import ROOM

MOST: Final = 150
"""Agents in one process: paho waits with select(), which knows no descriptor above 1023."""
WORKERS: Final = 8


def check_number(agents: int) -> None:
    """Raise ConfigError for more agents than a process can play."""
    if agents > MOST:
        raise ConfigError(f"{agents} agents; one process plays at most {MOST}")


def workers_for(agents: int) -> list[ThreadPoolExecutor]:
    """Return the threads that so many spools share."""
    return [ThreadPoolExecutor(1) for _ in range(min(WORKERS, max(1, agents)))]


@dataclass(slots=True)
class Wired:
    """A spool and its uplink; `plug` and `cut` are for the line between them and the broker."""

    spool: SpoolThread
    time: Timekeeper
    uplink: Uplink
    _running: asyncio.Task[None] | None = field(default=None)

    def plug(self) -> asyncio.Task[None]:
        """Connect, or see to it that the connection goes on; raises what the uplink ended with."""
        if self._running is None:
            self._running = asyncio.create_task(self.uplink.run())
        elif self._running.done():
            self._running.result()  # it does not end by itself: let it be seen
        return self._running

    async def cut(self) -> None:
        """Break the connection without a word, as a cut line does."""
        running, self._running = self._running, None
        if running:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def leave(self) -> int:
        """Say `stopped` and close the spool: going home is not a fault.

        Returns how many batches are left in it.
        """
        if self._running:
            await self.uplink.stop()
        return await self.die()

    async def die(self) -> int:
        """Be gone, as without power; return how many batches are left in the spool."""
        await self.cut()
        left, _ = await self.spool.call(Spool.size)
        await self.spool.close()
        return left


def wired(
    who: Identity,
    path: Path,
    broker: Broker,
    worker: ThreadPoolExecutor | None,
    *,
    times: AgentClock | None = None,
    reconnect_within_s: float = 60.0,
    forget: Callable[[], None] = lambda: None,
) -> Wired:
    """Return the way of *who*, with its spool at *path*; touches no network."""
    times = times or AgentClock()
    spool = Spool(path, ROOM, times.now, agent=who.agent, unchecked=times.unchecked)
    thread = SpoolThread(spool, worker)
    timekeeper = Timekeeper(times, thread, who.agent)
    settings = Settings(who, broker, reconnect_within_s=reconnect_within_s)
    presence = Presence(who, spool.id, clock.now())
    return Wired(thread, timekeeper, Uplink(settings, thread, presence, timekeeper, forget=forget))
