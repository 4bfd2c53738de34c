"""The agent: what runs in a school, wired from its configuration.

    schedule ─▶ probe ─▶ recorder ─▶ spool ─▶ uplink ══ MQTT ══▶ collector
    heartbeat ─────────────▲           ▲         │
    timekeeper ─── clock ──┘── events ─┴─ receipt ┘
         ▲── probe sntp
    watchers ────── told by the system ┘

Try it: schoolwatch agent run --config configs/agent.toml
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from agent.agentclock import AgentClock
from agent.anew import Anew
from agent.clockset import ClockSet
from agent.config import AgentConfig
from agent.onchange import OnChange
from agent.presence import Presence
from agent.probes import probes
from agent.recorder import Recorder
from agent.schedule import Job, Schedule
from agent.spool import DAY, Limits, Spool
from agent.spoolfile import room_for
from agent.spoolthread import SpoolThread
from agent.timekeeper import Timekeeper
from agent.trouble import Trouble
from agent.uplink import Settings, Uplink
from agent.watchers import watchers
from agent.watching import Watching
from core import VERSION, clock
from core.errors import SpoolError
from core.lock import hold
from core.mqtt.configured import broker_of
from core.registry import equipped
from core.stopping import at_signal
from core.types import Reading, Value

_log = logging.getLogger(__name__)

Checked = Callable[[int, int, int], Awaitable[None]]
"""Hears that the true time lay between two moments when `clock.boottime` said a third."""

HEARTBEAT_EVERY: Final = 60.0
CLOCK_LOOK_EVERY: Final = 1.0


@dataclass(slots=True)
class Agent:
    """The parts of one running agent; `run` ends when `stopping` is set."""

    spool: SpoolThread
    recorder: Recorder
    schedule: Schedule
    uplink: Uplink
    time: Timekeeper
    watching: Watching
    started: float
    stopping: asyncio.Event

    async def run(self) -> None:
        """Probe, spool and send until told to stop, then say so to the district."""
        loops = [
            asyncio.create_task(self.schedule.run(), name="schedule"),
            asyncio.create_task(self.recorder.run(), name="recorder"),
            asyncio.create_task(self._heartbeat(), name="heartbeat"),
            asyncio.create_task(self._watch_clock(), name="clock"),
            asyncio.create_task(self.watching.run(), name="watchers"),
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

    async def _heartbeat(self) -> None:
        while True:
            self.recorder.take([await self._own_reading()])
            await asyncio.sleep(HEARTBEAT_EVERY)

    async def _watch_clock(self) -> None:
        state, told = OnChange(_log), ClockSet()
        told.open()
        try:
            await self._keep_time(state, told)
        finally:
            told.close()

    async def _keep_time(self, state: OnChange, told: ClockSet) -> None:
        while True:
            try:
                if await self.time.look():
                    self.uplink.sealed()
                state.well("events about the clock")
            except SpoolError as error:
                state.broke("events about the clock", f"events about the clock wait: {error}")
            # Told at once where the system tells; this is also the time between two looks.
            await told.wait(CLOCK_LOOK_EVERY)

    async def _own_reading(self) -> Reading:
        counters = self.schedule.counters
        fields: dict[str, Value] = {
            "version": VERSION,
            "uptime_s": int(clock.monotonic() - self.started),
            "probe_errors": counters.probe_errors,
            "probe_overruns": counters.probe_overruns,
            "readings_refused": counters.readings_refused + self.recorder.refused,
            "batches_dropped": self.spool.spool.dropped_batches,
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


def build(config: AgentConfig) -> Agent:
    """Return the agent that *config* describes; opens the spool, touches no network."""
    who = config.identity
    path = config.spool.folder / "spool.db"
    limits = Limits(room_for(path, config.spool.max_mb * 1_000_000), config.spool.max_days * DAY)
    times = AgentClock()
    spool = SpoolThread(
        Spool(
            path,
            limits,
            times.now,
            agent=who.agent,
            unchecked=times.unchecked,
        )
    )
    timekeeper = Timekeeper(times, spool, who.agent)
    settings = Settings(
        who,
        broker_of(config.broker),
        config.collector.id,
        config.broker.reconnect_within_s,
        config.batch.compress,
    )
    uplink = Uplink(settings, spool, Presence(who, spool.spool.id, clock.now()), timekeeper)
    recorder = Recorder(
        spool, uplink.sealed, config.batch.seal_after_s, config.batch.seal_kb * 1_000, time=times
    )
    ours = {
        "now": times.now,
        "checked": checked_by(timekeeper, uplink.sealed),
        "trouble": Trouble(),
        "uplinks": config.uplinks,
    }
    jobs = [
        Job(
            probe.word,
            equipped(probes.build(probe.word, probe.options), **ours),
            probe.interval_s,
        )
        for probe in config.probes
    ]
    schedule = Schedule(jobs, recorder.take, phase_seed=str(who))
    watching = Watching(
        {
            one.word: equipped(watchers.build(one.word, one.options), **ours)
            for one in config.watchers
        },
        who.agent,
        spool,
        uplink.sealed,
        Anew(uplink.session.reconnect),
    )
    return Agent(
        *(spool, recorder, schedule, uplink, timekeeper, watching),
        *(clock.monotonic(), asyncio.Event()),
    )


async def run(config: AgentConfig) -> None:
    """Run the agent until SIGTERM or SIGINT.

    Raises StartError where another agent uses the spool, SpoolError where it cannot be opened.
    """
    with hold(config.spool.folder / "agent.lock", "agent", "[spool] folder"):
        agent = build(config)
        at_signal(agent.stopping)
        _log.info(
            "agent %s runs %s",
            agent.uplink.settings.who,
            ", ".join(probe.word for probe in config.probes) or "no probe",
        )
        await agent.run()
        _log.info("agent stopped")
