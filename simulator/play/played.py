"""One agent that is played: its machine's readings through its own recorder, spool and uplink.

`turn` brings it to what the scenario says of the moment: measuring or gone, connected or cut off.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from agent.agentclock import AgentClock
from agent.filter import ChangeFilter
from agent.recorder import Recorder
from agent.spool import Spool
from agent.witness import Witness
from agent.witnesskept import FOLDER
from core import clock
from core.clock import SECOND
from core.errors import SpoolError
from core.mqtt import Broker
from core.types import Event, Identity, Reading
from simulator import attacks
from simulator.conditions import WELL, Conditions
from simulator.course import SchoolCourse
from simulator.district import HOST
from simulator.machine import Machine
from simulator.series import BACKUP, DISK, INTERFACE
from simulator.wired import Wired, wired

STEP_S: Final = 60
"""So often in played time the machine is measured: values stay for as long (simulator.chance)."""
DISK_FULL: Final = 90.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What all agents of a play have in common."""

    folder: Path
    broker: Broker
    seal_after_s: float = 5.0
    reconnect_within_s: float = 5.0


@dataclass(slots=True)
class _Alive:
    """A running agent; the machine's clock is `ahead` of the true one (ns)."""

    wired: Wired
    recorder: Recorder
    recording: asyncio.Task[None]


@dataclass(slots=True)
class Played:
    """The agent of `machine`, whose school does what `course` says."""

    machine: Machine
    course: SchoolCourse
    settings: Settings
    worker: ThreadPoolExecutor
    readings: int = 0
    """How many were taken."""
    connected: bool = False
    left: int = 0
    """Batches without a receipt in the spool of one that is gone."""
    _alive: _Alive | None = None
    _measured: int = 0
    """Until when (s, played) it has measured."""
    _told: Conditions = WELL
    _ahead: int = field(default=0)

    @property
    def who(self) -> Identity:
        """Who it is."""
        return self.machine.school.who(self.machine.agent)

    @property
    def alive(self) -> bool:
        """Whether its program runs."""
        return self._alive is not None

    async def turn(self, played_s: int) -> None:
        """Do what is due by *played_s* (s since 1970)."""
        for at in self._steps(played_s):
            there = self.course.at(at)
            if not there.measured_by(self.machine.agent):
                # Switched off in the evening it says good bye; without power it cannot.
                await self._end(clean=not there.runs and there.now.measures)
            else:
                await self._live(at, there.now)
            self._measured = at
        if self._alive:
            await self._alive.wired.time.look()

    async def stop(self) -> None:
        """Send what there is and say that it stops."""
        await self._end(clean=True)

    async def seal(self) -> None:
        """Let nothing that was taken wait for the batch to be full."""
        if self._alive:
            await self._alive.recorder.finish()

    async def waiting(self) -> int:
        """Return how many batches wait for a receipt."""
        if self._alive is None:
            return self.left
        return (await self._alive.wired.spool.call(Spool.size))[0]

    def _steps(self, played_s: int) -> Iterator[int]:
        """Yield the times at which something is to be measured or changes."""
        phase = self.machine.seed % STEP_S
        if not self._measured:
            yield played_s
            return
        first = self._measured - (self._measured - phase) % STEP_S + STEP_S
        edges = [one.start for one in self.course.between(self._measured, played_s + 1)]
        times = {*range(first, played_s + 1, STEP_S), *edges}
        yield from sorted(at for at in times if self._measured < at <= played_s)

    async def _live(self, at: int, now: Conditions) -> None:
        begins = self._alive is None
        alive = self._alive or self._begin()
        self._ahead = round(now.clock * SECOND / 1000)
        readings = list(self.machine.readings(at, now))
        alive.recorder.take([await self._own(one) for one in readings])
        self.readings += len(readings)
        if begins:
            await alive.recorder.finish()  # whoever starts a play sees it live at once
        await self._tell(at, now)
        self.connected = now.outward and now.broker
        if self.connected:
            alive.wired.plug()
        else:
            await alive.wired.cut()

    def _begin(self) -> _Alive:
        times = AgentClock(wall=lambda: clock.now() + self._ahead)
        who, filtering = self.who, ChangeFilter()
        path = self.settings.folder / who.region / who.school / who.agent / "spool.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        made = wired(
            *(who, path, self.settings.broker, self.worker),
            times=times,
            reconnect_within_s=self.settings.reconnect_within_s,
            forget=filtering.forget,
        )
        # In each school's folder as at an agent, so the audit log has its witnesses here too.
        made.uplink.witness = Witness(path.parent / FOLDER, now=times.now)
        recorder = Recorder(
            *(made.spool, made.uplink.sealed, self.settings.seal_after_s),
            time=times,
            changes=filtering,
        )
        self._alive = _Alive(made, recorder, asyncio.create_task(recorder.run()))
        return self._alive

    async def _end(self, *, clean: bool) -> None:
        alive, self._alive, self.connected = self._alive, None, False
        if alive is None:
            return
        alive.recording.cancel()
        await asyncio.gather(alive.recording, return_exceptions=True)
        if clean:
            await alive.recorder.finish()
            self.left = await alive.wired.leave()
        else:
            self.left = await alive.wired.die()
        # What was open stays open in its spool, and somebody has to say that it is over.
        self._told = replace(WELL, attacks=self._told.attacks)

    async def _own(self, reading: Reading) -> Reading:
        """Return *reading*; the agent's about itself with what its spool really holds."""
        if reading.measurement != "agent" or self._alive is None:
            return reading
        spool = self._alive.wired.spool
        batches, size = await spool.call(Spool.size)
        dropped = spool.spool.dropped_batches
        own = {"spool_batches": batches, "spool_bytes": size, "batches_dropped": dropped}
        return Reading(reading.measurement, {**reading.fields, **own}, reading.at, reading.tags)

    async def _tell(self, at: int, now: Conditions) -> None:
        if self._alive is None:
            return
        events = list(events_of(self.who.agent, self._told, now, at * SECOND))
        if self.machine.agent == HOST:
            events += attacks.news(self.machine.school, self._told.attacks, now.attacks, at)
        if events:
            try:
                await self._alive.wired.spool.call(lambda spool: spool.tell(events))
            except SpoolError:
                return  # told with the next change
            self._alive.wired.uplink.sealed()
        self._told = now


def events_of(agent: str, before: Conditions, now: Conditions, at: int) -> Iterator[Event]:
    """Yield what the watchers of *agent* tell when *before* becomes *now* at *at* (ns)."""
    if before.port != now.port:
        yield Event("link_down", agent, INTERFACE, active=not now.port, at=at)
        if now.backup:
            yield Event("uplink_failover", agent, BACKUP, active=not now.port, at=at)
    full, was = now.disk >= DISK_FULL, before.disk >= DISK_FULL
    if full != was:
        yield Event("disk_full", agent, DISK, active=full, at=at)
