"""What follows from a step or a correction of the clock: the spool's ages, and the events.

`clock_step` begins when the machine's clock was set, `clock_back` when the time of readings went
back by more than a second, so that every series starts anew. Both end with the next check that
agrees.

The clock is checked by time servers (SNTP), and by the receipts of the collector. While time
servers are heard, a receipt may confirm what they said and not correct it: else a collector whose
clock is off would pull against them, once a minute.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from agent.agentclock import CHECK_HOLDS, FAR, AgentClock
from agent.spoolthread import SpoolThread
from core.clock import SECOND, plausible
from core.errors import SpoolError
from core.messages import ClockReport
from core.types import Event, Value

_log = logging.getLogger(__name__)

STEP: Final = "clock_step"
BACK: Final = "clock_back"
SUBJECT: Final = "clock"
MILLISECOND: Final = 1_000_000
MOST_HELD: Final = 100
"""Events held while the disk refuses them."""


@dataclass(slots=True)
class Timekeeper:
    """Watches `clock`; what it says of it goes to `spool`, with `agent` as the target."""

    clock: AgentClock
    spool: SpoolThread
    agent: str = "agent"
    _servers_at: int | None = None
    """When time servers last checked the clock (boottime)."""
    _shift: int = 0
    _events: list[Event] = field(default_factory=list)
    _flushing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _open: bool = True
    """Whether a condition may be open: after a start the spool may hold one."""

    async def look(self) -> bool:
        """See whether the clock was set; True where that is news to send. May raise SpoolError."""
        step = self.clock.look()
        if step:
            follow = not self.clock.known
            _log.warning("the machine's clock was set by %+.1f s", step / SECOND)
            details: dict[str, Value] = {"step_ms": step // MILLISECOND, "readings_follow": follow}
            self._begin(STEP, details)
            if follow:
                self._moved(step)
        return await self._flush()

    async def check(self, made_ms: int, sent: int, arrived: int) -> int:
        """Check the clock by an answer made at *made_ms* between *sent* and *arrived* (boottime).

        Returns the correction in ns. May raise SpoolError; what it would have told is held.
        """
        made = made_ms * MILLISECOND
        if not plausible(made):
            return 0  # it has lost its own clock, or is in doubt of it (0)
        boot = self.clock.boot()
        earliest, latest = made + boot - arrived, made + MILLISECOND + boot - sent
        confirms = earliest <= self.clock.now() <= latest
        if self._servers_are_heard(boot) and not confirms:
            return 0
        by = self._settle(earliest, latest)
        await self._flush()
        return by

    async def check_by_servers(self, earliest: int, latest: int, boot: int) -> bool:
        """Check the clock by what time servers said: the true time at *boot* lay between the two.

        True where that is news to send. May raise SpoolError; what it would have told is held.
        """
        if not (plausible(earliest) and plausible(latest)):
            return False
        now = self._servers_at = self.clock.boot()
        self._settle(earliest + now - boot, latest + now - boot)
        return await self._flush()

    def _servers_are_heard(self, boot: int) -> bool:
        return self._servers_at is not None and boot - self._servers_at <= CHECK_HOLDS

    def _settle(self, earliest: int, latest: int) -> int:
        """Take that it is now between the two; return the correction in ns."""
        by = self.clock.check(earliest, latest)
        self._moved(by)
        if self._open and not self.clock.unchecked():
            self._open = False
            self._events += [self._event(kind, False, {}) for kind in (STEP, BACK)]
        return by

    def report(self) -> ClockReport:
        """Return what a birth says of the clock."""
        return ClockReport(self.clock.offset_ms() or 0.0, not self.clock.unchecked())

    def _moved(self, by: int) -> None:
        if abs(by) <= FAR:
            return
        self._shift += by
        _log.warning("the time of readings was corrected by %+.1f s", by / SECOND)
        if by < 0:
            self._begin(BACK, {"corrected_ms": by // MILLISECOND})

    def _begin(self, kind: str, details: dict[str, Value]) -> None:
        self._open = True
        self._hold([*self._events, self._event(kind, True, details)])

    def _hold(self, events: list[Event]) -> None:
        for event in events[:-MOST_HELD]:
            _log.error("event %s at %d left out: the disk takes none", event.kind, event.at)
        self._events = events[-MOST_HELD:]

    def _event(self, kind: str, active: bool, details: dict[str, Value]) -> Event:
        at = self.clock.now()
        return Event(
            kind, self.agent, SUBJECT, active=active, severity="P3", at=at, details=details
        )

    async def _flush(self) -> bool:
        """Carry out what is held, once; it stays held where the disk refuses."""
        async with self._flushing:
            if shift := self._shift:
                await self.spool.call(lambda spool: spool.shift_times(shift))
                self._shift -= shift
            if not self._events:
                return False
            events, self._events = self._events, []
            try:
                return bool(await self.spool.call(lambda spool: spool.tell(events)))
            except SpoolError:
                self._hold([*events, *self._events])
                raise
