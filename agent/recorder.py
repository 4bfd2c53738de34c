"""Takes readings from the probes to the spool: encoded, in order of time, at most once a second.

probe ─▶ recorder.take ─▶ filter ─▶ (at most a second) ─▶ spool.take ─▶ open batch ─▶ spool.seal
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from agent.agentclock import AgentClock
from agent.edge import reading_without_persons
from agent.filter import MAX_SERIES, ChangeFilter
from core import clock
from core.errors import LineError, SpoolError
from core.lineprotocol import encode_head, encode_point
from core.types import Reading

_log = logging.getLogger(__name__)

COMMIT_EVERY: Final = 1.0
GATHER: Final = 0.25
"""Waited at most for what is under way, unless it is urgent: probes are asked in one go."""
SEALED_EARLIER: Final = 0.02
"""By this share of its time, a batch is sealed with a commit rather than in a moment of its own."""
LOOK_EVERY: Final = 10.0
"""Where a batch is open, so that no clock that stood still keeps it open."""
MAX_HELD_LINES: Final = 20_000
"""While the disk refuses, so many lines are held in memory; then the oldest are dropped."""


class AsyncSpool(Protocol):
    """The part of the spool that the recorder needs, made awaitable."""

    async def take(self, lines: Sequence[bytes], *, unchecked: bool) -> int:
        """Commit lines to the open batch; return its size in bytes."""

    async def seal(self) -> object:
        """Seal the open batch; None where nothing was open."""


class Held(NamedTuple):
    """A line that the spool does not have yet, of which series and time."""

    line: bytes
    series: bytes
    at: int


@dataclass(slots=True)
class Recorder:
    """Holds what was read since the last commit; `sealed` is told when there is more to send."""

    spool: AsyncSpool
    sealed: Callable[[], None]
    seal_after: float = 30.0
    seal_bytes: int = 32_000
    monotonic: clock.Monotonic = clock.monotonic
    time: AgentClock = field(default_factory=AgentClock)
    changes: ChangeFilter = field(default_factory=ChangeFilter)
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits for what is under way, at most so many seconds."""
    refused: int = 0
    """Readings that could not be encoded, and lines that the full memory had no room for."""
    persons_removed: int = 0
    """Readings that had the number of a person in a text."""
    _lines: list[Held] = field(default_factory=list)
    _something: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is something to commit, or another limit to look at."""
    _unchecked: bool = False
    """Whether the clock was unchecked when one of the held lines was taken."""
    _last_at: dict[bytes, int] = field(default_factory=dict)
    _restarts: int = 0
    _open_since: float | None = None
    _urgent: bool = False
    _overflowing: bool = False
    _spool_broken: bool = False

    def take(self, readings: Sequence[Reading]) -> None:
        """Accept *readings*; they are committed within a second."""
        if self._restarts != self.time.restarts:
            # Time went back: the rule of later times starts anew for every series.
            self._restarts = self.time.restarts
            self._last_at.clear()
            self.changes.forget()
        before = len(self._lines)
        for reading in readings:
            try:
                self._take(self._fit(reading))
            except LineError as error:
                self.refused += 1
                _log.error("reading of %s left out: %s", reading.measurement, error)
        if len(self._lines) > before:
            self._unchecked = self._unchecked or self.time.unchecked()
            self._something.set()
        self._let_go()

    async def run(self) -> None:
        """Commit and seal until cancelled."""
        self._open_since = self.monotonic()  # an open batch of an earlier process may be there
        await self._seal()
        earliest = self.monotonic()
        while True:
            if not (self._lines or self._urgent):
                await self._until_due()
                if not self._urgent:
                    await self.rest(GATHER)
            pressing = bool(self._lines or self._urgent)
            if pressing:
                # At most once a second, however many urgent changes there are.
                await asyncio.sleep(earliest - self.monotonic())
            await self._commit(urgent=False)
            if pressing:
                earliest = self.monotonic() + COMMIT_EVERY

    def limit(self, seal_after: float, seal_bytes: int) -> None:
        """Seal from now on after so many seconds and at so many bytes."""
        self.seal_after, self.seal_bytes = seal_after, seal_bytes
        self._something.set()

    async def _until_due(self) -> None:
        """Wait until there may be something to commit or to seal, and let the machine sleep."""
        self._something.clear()
        seconds = None
        if self._open_since is not None:
            left = self._open_since + self.seal_after - self.monotonic()
            seconds = min(max(0.0, left), LOOK_EVERY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()

    async def finish(self) -> None:
        """Commit and seal what is there, for a clean stop."""
        await self._commit(urgent=True)

    def _let_go(self) -> None:
        overflow = len(self._lines) - MAX_HELD_LINES
        if overflow <= 0:
            return
        if not self._overflowing:
            _log.error("more than %d lines are held in memory: the oldest go", MAX_HELD_LINES)
        self._overflowing = True
        self.refused += overflow
        for held in self._lines[:overflow]:
            self.changes.lost(held.series, held.at)
        del self._lines[:overflow]

    async def _commit(self, *, urgent: bool) -> None:
        size = 0
        # Before the disk works: what is taken meanwhile is for the next commit.
        urgent, self._urgent = urgent or self._urgent, False
        if self._lines:
            held, self._lines = self._lines, []
            unchecked, self._unchecked = self._unchecked, False
            try:
                size = await self.spool.take([one.line for one in held], unchecked=unchecked)
            except SpoolError as error:
                self._lines = [*held, *self._lines]
                self._unchecked = self._unchecked or unchecked
                self._urgent = self._urgent or urgent
                self._say_broken(error)
                return
            self._overflowing = False
            if self._open_since is None:
                self._open_since = self.monotonic()
        if self._open_since is not None and (urgent or size >= self.seal_bytes or self._is_old()):
            await self._seal()

    async def _seal(self) -> None:
        try:
            # What the disk refused for long is more than one batch holds.
            while await self.spool.seal() is not None:
                self.sealed()
        except SpoolError as error:
            self._urgent = True  # what was due to be sealed still is
            self._say_broken(error)
            return
        self._open_since = None
        if self._spool_broken:
            self._spool_broken = False
            _log.warning("the spool takes readings again")

    def _is_old(self) -> bool:
        since = self._open_since
        enough = self.seal_after * (1 - SEALED_EARLIER)
        return since is not None and self.monotonic() - since >= enough

    def _say_broken(self, error: SpoolError) -> None:
        if not self._spool_broken:
            _log.error("readings are held in memory: %s", error)
        self._spool_broken = True

    def _fit(self, reading: Reading) -> Reading:
        fit = reading_without_persons(reading)
        if fit is not reading:
            self.persons_removed += 1
            if self.persons_removed == 1:
                _log.warning(
                    "%s: a text held an identity or phone number, which was taken out; more are "
                    "only counted",
                    reading.measurement,
                )
        return fit

    def _take(self, reading: Reading) -> None:
        """Hold the news of *reading* as a line, later than its series' last (rule 8)."""
        series = encode_head(reading.measurement, reading.tags)
        # What was measured before a correction back is else ahead of all that follows.
        at = min(reading.at, self.time.now())
        at = max(at, self._last_at.get(series, 0) + 1)
        news = self.changes.news(series, reading, at)
        if not news.fields:
            return
        line = encode_point(series, news.fields, at)
        self._keep(series, at)
        self.changes.sent(series, news.fields, at)
        self._lines.append(Held(line, series, at))
        self._urgent = self._urgent or news.urgent

    def _keep(self, series: bytes, at: int) -> None:
        self._last_at.pop(series, None)
        self._last_at[series] = at
        if len(self._last_at) > MAX_SERIES:
            del self._last_at[next(iter(self._last_at))]
