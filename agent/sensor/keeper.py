"""Keeps the sensor's process running, and believes of what it says only what fits.

process ─▶ lines ─▶ events ─▶ spool
               └──▶ figures ─▶ readings sensor, census, dns_verdict
"""

import asyncio
import json
import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from typing import Final

import msgspec

from agent.conditions import Gone, Tellable
from agent.onchange import OnChange
from agent.schedule import Sink
from agent.sensor.astray import Astray
from agent.sensor.child import complain, end
from agent.sensor.goingon import QUIET_S, GoingOn
from agent.sensor.handover import Handover
from agent.sensor.lines import (
    LINE_BYTES,
    Figures,
    Options,
    Refused,
    Told,
    encoded,
    line_of,
)
from agent.sensor.readings import Gauge
from agent.sensor.whys import WHY
from core import clock
from core.mqtt.backoff import Backoff
from core.securitykinds import SENSED, SENSOR
from core.types import Event

COMMAND: Final = (sys.executable, "-m", "schoolwatch", "sensor", "run")

HANGS_AFTER_S: Final = 20.0
"""It says something every 5 s (`Options.figures_s`)."""
AGAIN_WITHIN_S: Final = 5.0
AGAIN_MAX_S: Final = 120.0
AGAIN_LEAST_S: Final = 0.5
HEALTHY_AFTER_S: Final = 60.0
GRACE_S: Final = 120.0
"""After a start: what went on before has shown itself again by then, or is over; see `QUIET_S`."""
NETWORK_EVERY_S: Final = 60.0
"""So often it is looked whether gateways and name servers are still those that it was told."""
MOST_LINES: Final = 2_000
PER_S: Final = 10.0
"""More lines than that in this time are left out: thousands of events help nobody."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Keeper:
    """One process at a time; `options` is asked before each start, without key and parent.

    `tell` takes events, `sink` readings. `key` (hexadecimal) makes the subjects of events: it is
    the same as long as one is open, so that an attack that goes on keeps its name when the process
    or the agent is started again. `going_on` is what an earlier agent left open.
    """

    options: Callable[[], Options]
    tell: Callable[[Sequence[Tellable]], None]
    sink: Sink
    key: str
    going_on: InitVar[Iterable[Event]] = ()
    now: clock.Clock = clock.now
    monotonic: clock.Monotonic = clock.monotonic
    command: Sequence[str] = COMMAND
    grace_s: float = GRACE_S
    quiet_s: Mapping[str, float] = field(default_factory=lambda: QUIET_S)
    hangs_after_s: float = HANGS_AFTER_S
    bad_lines: int = 0
    pid: int = 0
    """Of the process, 0 while there is none."""
    _going_on: GoingOn = field(init=False)
    _gauges: dict[str, Gauge] = field(default_factory=dict)
    _handover: Handover = field(default_factory=Handover)
    _astray: Astray = field(default_factory=Astray)
    _given: Options | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _listens: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the process has said how it is."""
    _backoff: Backoff = field(init=False)
    _state: OnChange = field(default_factory=lambda: OnChange(_log))
    _window: tuple[float, int] = (0.0, 0)

    def __post_init__(self, going_on: Iterable[Event]) -> None:
        left = list(going_on)
        self._going_on = GoingOn(
            *(self.tell, self.now, self.grace_s, {one.key for one in left}, self.quiet_s)
        )
        for one in left:
            self._handover.told(one)
            self._astray.told(one)
        self._backoff = Backoff(AGAIN_WITHIN_S, AGAIN_MAX_S, secrets.SystemRandom().uniform)

    def change(self) -> None:
        """Start the process anew, with what `options` says now."""
        self._changed.set()

    async def run(self) -> None:
        """Keep the process until cancelled."""
        while True:
            self._changed.clear()
            options = self._given = self._asked()
            self._gauges = {
                name: self._gauges.get(name) or Gauge(name) for name in options.interfaces
            }
            self._end_foreign(options.interfaces)
            began = self.monotonic()
            why = await self._once(options)
            if why == "changed":
                continue
            self._stopped(options.interfaces, why)
            if self.monotonic() - began >= HEALTHY_AFTER_S:
                self._backoff.connected()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(AGAIN_LEAST_S, self._backoff.wait_s())):
                    await self._changed.wait()

    def _asked(self) -> Options:
        return self._astray.believed(self._given, self.options(), self._going_on.open)

    async def _once(self, options: Options) -> str:
        """Run the process once; return in a word why it ended."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_BYTES,
                start_new_session=True,  # Ctrl-C is for the agent, which then ends it
            )
        except OSError as error:
            self._state.broke("start", f"the sensor's process cannot be started: {error.strerror}")
            return "no_start"
        self._state.well("start")
        self.pid = process.pid
        self._going_on.begin()
        self._listens.clear()
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        complaints = asyncio.create_task(complain(process.stderr), name="sensor's complaints")
        grace = asyncio.create_task(
            self._going_on.after_grace(self._listens), name="sensor's grace"
        )
        try:
            known = self._handover.to(*(options.gateways, self.monotonic(), self._going_on.open))
            whole = msgspec.structs.replace(options, key=self.key, parent=os.getpid(), owners=known)
            process.stdin.write(encoded(whole))
            await process.stdin.drain()
            return await self._read(process.stdout, options)
        except (BrokenPipeError, ConnectionResetError):
            return "died"
        finally:
            grace.cancel()
            await end(process)
            self.pid = 0
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await complaints
            complaints.cancel()

    async def _read(self, stream: asyncio.StreamReader, options: Options) -> str:
        look_at = self.monotonic() + NETWORK_EVERY_S
        while True:
            try:
                line = await self._line(stream)
            except ValueError:  # longer than a line may be: what of it was read is gone
                self._bad("a line is too long")
                continue
            except TimeoutError:
                return "hangs"
            if line is None:
                return "changed"
            if not line:
                return "died"
            refused = self._take(line, options)
            if refused:
                return refused
            if self.monotonic() >= look_at:
                look_at = self.monotonic() + NETWORK_EVERY_S
                if self._asked() != options:
                    return "changed"

    async def _line(self, stream: asyncio.StreamReader) -> bytes | None:
        """Return the next line, None where the options changed; raises TimeoutError, ValueError."""
        reading = asyncio.create_task(stream.readline(), name="sensor's line")
        changed = asyncio.create_task(self._changed.wait(), name="sensor's options")
        try:
            await asyncio.wait(
                (reading, changed),
                timeout=self.hangs_after_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if changed.done():
                return None
            if not reading.done():
                raise TimeoutError
            return reading.result()
        finally:
            reading.cancel()
            changed.cancel()
            await asyncio.gather(reading, changed, return_exceptions=True)

    def _take(self, data: bytes, options: Options) -> str:
        """Take in one line; return why the process will end, or ""."""
        began, count = self._window
        now = self.monotonic()
        self._window = (now, 1) if now - began >= PER_S else (began, count + 1)
        if self._window[1] > MOST_LINES:
            self._bad("too many lines")
            return ""
        try:
            line = line_of(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            self._bad(str(error))
            return ""
        if isinstance(line, Refused):
            self._state.broke("right", f"the security sensor does not run: {line.text}")
            return line.why
        if line.interface not in options.interfaces:
            self._bad("an interface that it was not given")
        elif isinstance(line, Figures):
            self._state.well("right")
            self._handover.heard(line, options.gateways, self.monotonic())
            self._figures(line)
        elif line.kind not in SENSED:
            self._bad("a kind of event that no sensor tells")
        else:
            event = self._event(line)
            self._handover.told(event)
            self._astray.told(event)
            self._going_on.take(event)
        return ""

    def _event(self, line: Told) -> Event:
        details = msgspec.to_builtins(line.details)
        active, at = line.stage != "end", self._true(line.at)
        return Event(line.kind, line.interface, line.subject, active, at, details=details)

    def _true(self, at: int) -> int:
        """Return *at*, said by the machine's clock, by the agent's, which may know better."""
        ahead = clock.now() - self.now()
        return min(at if abs(ahead) < clock.SECOND else at - ahead, self.now())

    def _figures(self, figures: Figures) -> None:
        self._listens.set()
        name, why = figures.interface, figures.why
        if why:
            text = WHY.get(why, (why,))[0]
            self._state.broke(name, f"the security sensor hears nothing at {name}: {text}")
        else:
            self._state.well(name)
        gauge, at = self._gauges[name], self.now()
        self.tell(gauge.events(figures, at, self.monotonic()))
        self.sink(gauge.readings(figures, at, self.monotonic(), self.bad_lines))

    def _stopped(self, interfaces: Sequence[str], why: str) -> None:
        _log.warning("the security sensor's process: %s", json.dumps(why))
        self.tell([self._gauges[name].stopped(why, self.now()) for name in interfaces])

    def _end_foreign(self, interfaces: Sequence[str]) -> None:
        """End what is said of interfaces that nobody listens to any more."""
        there, at = frozenset(interfaces), self.now()
        self.tell([Gone(kind, None, there.__contains__, at, "not_watched") for kind in SENSOR])

    def _bad(self, why: str) -> None:
        self.bad_lines += 1
        self._state.broke("line", f"a line of the sensor is left out: {why}")
