"""The agent: what runs in a school, wired from its configuration.

    schedule ─▶ probe ─▶ recorder, filter ─▶ spool ─▶ uplink ══ MQTT ══▶ collector
    heartbeat ─────────────▲                   ▲         │
    timekeeper ─── clock ──┘────── events ─────┴─ receipt ┘
         ▲── probe sntp
    watchers ────── told by the system ┘
    logs ────────── of firewalls: events, and totals ─▶ recorder
    keeper ──────── devices, by their drivers ─▶ recorder
    sensing ─────── packets, in a process of its own ─▶ recorder, events

Try it: schoolwatch agent run --config configs/agent.toml
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.accepted import Accepted
from agent.agentclock import AgentClock
from agent.anew import Anew
from agent.clockset import ClockSet
from agent.config import AgentConfig, read_agent
from agent.filter import ChangeFilter
from agent.keeping import Keeping
from agent.logkeeping import LogKeeping
from agent.onchange import OnChange
from agent.outages import Outages
from agent.parts import (
    Parts,
    changes,
    exchanged,
    limits_of,
    parts_of,
    said,
    settings_of,
    spool_file,
)
from agent.presence import Presence
from agent.recorder import Recorder
from agent.schedule import Schedule
from agent.sensing import Sensing
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.timekeeper import Timekeeper
from agent.trouble import Trouble
from agent.underway import UnderWay
from agent.uplink import Uplink
from agent.watching import Watching
from agent.witness import Witness
from agent.witnesskept import FOLDER
from core import VERSION, clock
from core.errors import MonitorError, SpoolError
from core.lock import hold
from core.stopping import at_hangup, at_signal
from core.types import Reading, Value

_log = logging.getLogger(__name__)

Checked = Callable[[int, int, int], Awaitable[None]]
"""Hears that the true time lay between two moments when `clock.boottime` said a third."""

HEARTBEAT_EVERY: Final = 60.0
CLOCK_LOOK_EVERY: Final = 1.0
CLOCK_TOLD_EVERY: Final = 10.0
"""Where the system tells of a step; events that a full disk has refused are tried again then."""
LOCK: Final = "agent.lock"
"""In the folder of the spool, while an agent uses it."""


@dataclass(slots=True)
class Agent:
    """The parts of one running agent; `run` ends when `stopping` is set."""

    spool: SpoolThread
    recorder: Recorder
    schedule: Schedule
    uplink: Uplink
    time: Timekeeper
    watching: Watching
    logs: LogKeeping
    keeping: Keeping
    sensing: Sensing
    parts: Parts
    ours: Mapping[str, object]
    """Collaborators that probes and watchers get from the agent, also after a reload."""
    accepted: Accepted
    started: float
    stopping: asyncio.Event
    again: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the configuration is to be read again."""

    async def run(self) -> None:
        """Probe, spool and send until told to stop, then say so to the district."""
        loops = [
            asyncio.create_task(self.schedule.run(), name="schedule"),
            asyncio.create_task(self.recorder.run(), name="recorder"),
            asyncio.create_task(self._heartbeat(), name="heartbeat"),
            asyncio.create_task(self._watch_clock(), name="clock"),
            asyncio.create_task(self.watching.run(), name="watchers"),
            asyncio.create_task(self.logs.run(), name="logs"),
            asyncio.create_task(self.keeping.run(), name="devices"),
            asyncio.create_task(self.sensing.run(), name="sensor"),
        ]
        uplink = asyncio.create_task(self.uplink.run(), name="uplink")
        stop = asyncio.create_task(self.stopping.wait(), name="stop")
        ended, _ = await asyncio.wait([*loops, uplink, stop], return_when=asyncio.FIRST_COMPLETED)
        await _cancel(*loops, stop)
        await self.recorder.finish()
        await self.uplink.stop()
        await _cancel(uplink)
        await self.spool.close()
        for task in ended - {stop}:
            task.result()  # a loop that ended by itself is a fault: let it be seen

    async def reload_when_told(self, path: Path) -> None:
        """Change over to what the file at *path* says, each time that `again` is set."""
        while True:
            await self.again.wait()
            self.again.clear()
            try:
                await self.change(read_agent(path))
                self.accepted.take()
            except (MonitorError, OSError) as error:
                for line in str(error).splitlines():
                    _log.error("not reloaded: %s", line)
                _log.error("the agent goes on with the configuration that it has")
            except Exception:  # noqa: BLE001 — a defect here ends no agent that works
                _log.exception("not reloaded; the agent goes on with the configuration that it has")

    async def change(self, config: AgentConfig) -> None:
        """Go on with *config*, in this process and its epoch: no reading and no counter is lost.

        Raises ConfigError or SpoolError before anything has changed.
        """
        before = self.parts
        parts = exchanged(before, parts_of(config, self.ours))
        differ = changes(before, parts)
        if before.config.spool != config.spool:
            limits = limits_of(config)
            await self.spool.call(lambda spool: spool.limit(limits))
        self.parts = parts
        self.recorder.limit(config.batch.seal_after_s, config.batch.seal_kb * 1_000)
        self.recorder.changes.change(config.filter.changes())
        self.schedule.change(parts.jobs)
        self.watching.change(parts.watchers)
        self.logs.change(config.logs)
        self.keeping.change(parts.devices, config.devices)
        self.sensing.change(config)
        self.uplink.change(parts.settings)
        _log.info("reloaded: %s; runs %s", ", ".join(differ) or "nothing changed", said(config))

    async def _heartbeat(self) -> None:
        while True:
            with self.schedule.under_way:
                self.recorder.take([await self._own_reading()])
            await asyncio.sleep(self.schedule.until(HEARTBEAT_EVERY))

    async def _watch_clock(self) -> None:
        state, told = OnChange(_log), ClockSet()
        every = CLOCK_TOLD_EVERY if told.open() else CLOCK_LOOK_EVERY
        try:
            await self._keep_time(state, told, every)
        finally:
            told.close()

    async def _keep_time(self, state: OnChange, told: ClockSet, every: float) -> None:
        while True:
            try:
                if await self.time.look():
                    self.uplink.sealed()
                state.well("events about the clock")
            except SpoolError as error:
                state.broke("events about the clock", f"events about the clock wait: {error}")
            # Told at once where the system tells; this is also the time between two looks.
            await told.wait(self.schedule.until(every))

    async def _own_reading(self) -> Reading:
        counters = self.schedule.counters
        fields: dict[str, Value] = {
            "version": VERSION,
            "uptime_s": int(clock.monotonic() - self.started),
            "probe_errors": counters.probe_errors,
            "probe_overruns": counters.probe_overruns,
            "readings_refused": counters.readings_refused + self.recorder.refused,
            "persons_removed": self.recorder.persons_removed,
            "batches_dropped": self.spool.spool.dropped_batches,
            **self.keeping.heard(),
        }
        # The agent lives while its disk does not: what the spool holds is then only not known, and
        # whoever writes into the spool says why.
        with contextlib.suppress(SpoolError):
            fields["spool_batches"], fields["spool_bytes"] = await self.spool.call(Spool.size)
        offset_ms = self.time.clock.offset_ms()
        if offset_ms is not None:
            fields["clock_offset_ms"] = offset_ms
        return Reading("agent", fields, self.time.clock.now())


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def checked_by(timekeeper: Timekeeper, sealed: Callable[[], None]) -> Checked:
    """Return what hears of the true time from time servers."""

    async def checked(earliest: int, latest: int, boot: int) -> None:
        # What the disk refuses to hear is held, and told with the next look at the clock.
        with contextlib.suppress(SpoolError):
            if await timekeeper.check_by_servers(earliest, latest, boot):
                sealed()

    return checked


def build(config: AgentConfig, path: Path | None = None) -> Agent:
    """Return the agent that *config* describes; opens the spool, touches no network.

    *path* is the file that *config* was read from, where it was.
    """
    who, accepted = config.identity, Accepted(path)
    accepted.take()
    times = AgentClock()
    spool = SpoolThread(
        Spool(
            spool_file(config),
            limits_of(config),
            times.now,
            agent=who.agent,
            unchecked=times.unchecked,
        )
    )
    timekeeper = Timekeeper(times, spool, who.agent)
    presence = Presence(who, spool.spool.id, clock.now())
    filtering = ChangeFilter(config.filter.changes())
    witness = Witness(config.spool.folder / FOLDER, config.collector.audit_key, times.now)
    uplink = Uplink(
        *(settings_of(config), spool, presence, timekeeper),
        forget=filtering.forget,
        witness=witness,
    )
    under_way = UnderWay()
    recorder = Recorder(
        spool,
        uplink.sealed,
        config.batch.seal_after_s,
        config.batch.seal_kb * 1_000,
        time=times,
        changes=filtering,
        rest=under_way.rest,
    )
    ours = {
        "now": times.now,
        "checked": checked_by(timekeeper, uplink.sealed),
        "trouble": Trouble(),
        "outages": Outages(),
        "accepted": accepted,
        "spool_folder": config.spool.folder,
    }
    parts = parts_of(config, ours)
    schedule = Schedule(parts.jobs, recorder.take, str(who), under_way=under_way)
    anew = Anew(uplink.session.reconnect)
    watching = Watching(parts.watchers, who.agent, spool, uplink.sealed, anew, times.now)
    logs = LogKeeping(config.logs, who.agent, watching.hold, recorder.take, times.now)
    keeping = Keeping(
        *(parts.devices, config.devices.concurrency, recorder.take, schedule.counters, times.now),
        config.devices.places(),
        logs.take,
        logs.missed,
        config.devices.pjlink_notifications,
    )
    sensing = Sensing(config, watching.hold, recorder.take, spool, times.now)
    return Agent(
        *(spool, recorder, schedule, uplink, timekeeper, watching, logs, keeping, sensing),
        *(parts, ours, accepted, clock.monotonic(), asyncio.Event()),
    )


async def run(path: Path) -> None:
    """Run the agent of the file at *path* until SIGTERM or SIGINT; SIGHUP reads the file anew.

    Raises ConfigError for the file, StartError where another agent uses the spool, SpoolError
    where it cannot be opened.
    """
    config = read_agent(path)
    with hold(config.spool.folder / LOCK, "agent", "[spool] folder"):
        agent = build(config, path)
        at_signal(agent.stopping)
        at_hangup(agent.again)
        _log.info("agent %s runs %s", agent.uplink.settings.who, said(config))
        reload = asyncio.create_task(agent.reload_when_told(path), name="reload")
        await agent.run()
        await _cancel(reload)
        _log.info("agent stopped")
