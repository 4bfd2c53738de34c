"""The time that readings are stamped with (wire.md, "The agent", rule 8).

    before any check   the machine's clock, its steps included: it may be 1970 until NTP sets it
    after a check      the checked time, carried on by a clock that no step reaches

A check says between which two moments the true time lies. One that the clock agrees with changes
nothing, so that a machine with a good clock keeps it to the microsecond.
"""

from dataclasses import dataclass, field
from typing import Final

from core import clock
from core.clock import SECOND

STEP: Final = SECOND // 2
"""A change of the machine's clock by less than this between two looks is drift or slewing."""

FAR: Final = SECOND
"""A correction by more than this is believed when the next check agrees; back by more, and every
series starts anew."""

CHECK_HOLDS: Final = 86_400 * SECOND
"""So long a check is good: at 50 ppm a clock is then off by four seconds."""


@dataclass(slots=True)
class AgentClock:
    """Wall time in ns, corrected; `now` and `unchecked` may be called from any thread.

    `jumps` counts how often it was set, `restarts` how often back by more than a second.
    """

    wall: clock.Clock = clock.now
    boot: clock.Clock = clock.boottime
    restarts: int = 0
    jumps: int = 0
    _anchor: tuple[int, int] | None = None
    """True time, and what `boot` said then. Replaced as a whole, for the other threads."""
    _checked_at: int | None = None
    _gap: int = field(init=False)

    def __post_init__(self) -> None:
        self._gap = clock.gap(self.wall, self.boot)

    def now(self) -> int:
        """Return the time to stamp a reading with."""
        anchor = self._anchor
        return self.wall() if anchor is None else anchor[0] + self.boot() - anchor[1]

    @property
    def known(self) -> bool:
        """Whether it was ever checked; from then on no step reaches `now`."""
        return self._anchor is not None

    def unchecked(self) -> bool:
        """Tell whether what `now` says may be wrong: no good check, or a step since then."""
        checked = self._checked_at
        if checked is None or self.boot() - checked > CHECK_HOLDS:
            return True
        return abs(clock.gap(self.wall, self.boot) - self._gap) >= STEP

    def offset_ms(self) -> float | None:
        """Return how far the machine's clock is ahead; None where that is not known."""
        return round((self.wall() - self.now()) / 1_000_000, 3) if self.known else None

    def look(self) -> int:
        """Return by how much the machine's clock was set since the last look, in ns; else 0."""
        gap = clock.gap(self.wall, self.boot)
        step, self._gap = gap - self._gap, gap
        if abs(step) < STEP:
            return 0
        self._checked_at = None
        if not self.known:
            self._went(step)
        return step

    def check(self, earliest: int, latest: int) -> int:
        """Take that it is now between *earliest* and *latest*; return the correction in ns."""
        boot, now = self.boot(), self.now()
        by = 0 if earliest <= now <= latest else (earliest + latest) // 2 - now
        if by or self._anchor is None:
            self._anchor = (now + by, boot)
        # What was measured before a large correction is still on its way to the spool, and one
        # wrong answer must not pass for the truth: both are settled by the next check.
        self._checked_at = boot if abs(by) <= FAR else None
        self._went(by)
        return by

    def _went(self, by: int) -> None:
        self.jumps += by != 0
        if by < -FAR:
            self.restarts += 1
