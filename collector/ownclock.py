"""The time that the collector lives by: its machine's clock, but a step only when it has lasted.

    no step      the machine's clock
    a step       time goes on as before, and receipts tell nobody the time: it may be set back again
    it lasted    the machine's clock is believed, and the times that were kept are moved with it

For agents check their clocks by the collector's, and what comes later than "now" is refused: a
clock that is wrong for five minutes would mislead a district and refuse its good readings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from core import clock
from core.clock import SECOND

STEP: Final = SECOND
"""A change of the machine's clock by less is drift, and followed at once."""
BELIEVED_AFTER: Final = 600 * SECOND
LENIENT_FOR: Final = 86_400 * SECOND
"""So long an agent that was not reached keeps to the time that it was told before."""


class Change(NamedTuple):
    """The machine's clock was `set` by so many ns, or is again what it was, or is `believed`."""

    what: Literal["set", "undone", "believed"]
    by: int


@dataclass(slots=True)
class OwnClock:
    """Wall time in ns; `look` is to be called each second, the others from any thread."""

    wall: clock.Clock = clock.now
    boot: clock.Clock = clock.boottime
    believed_after: int = field(default_factory=lambda: BELIEVED_AFTER)
    _gap: int = field(init=False)
    """What is believed: wall time minus boot time."""
    _step: int = 0
    """By how much the machine's clock is off that, while it is in doubt."""
    _stepped_at: int = 0
    _before: int = 0
    """What was believed before the clock was moved, at `_moved_at`; the furthest ahead."""
    _moved_at: int = 0

    def __post_init__(self) -> None:
        self._gap = clock.gap(self.wall, self.boot)

    def now(self) -> int:
        """Return the time."""
        return self._gap + self.boot()

    def told(self) -> int:
        """Return the time for others to check theirs by; 0 while this one is in doubt."""
        return 0 if self._step else self.now()

    def leeway(self) -> int:
        """Return by how much a time may be ahead that another view of the clock has as right."""
        lenient = self._moved_at and self.boot() - self._moved_at < LENIENT_FOR
        return max(0, self._step, self._before - self._gap if lenient else 0)

    def look(self) -> Sequence[Change]:
        """Compare with the machine's clock; return what is new."""
        boot, off = self.boot(), clock.gap(self.wall, self.boot) - self._gap
        if abs(off) < STEP:
            self._gap += off
            undone, self._step = self._step, 0
            return [Change("undone", undone)] if undone else []
        if abs(off - self._step) >= STEP:
            changed, self._step, self._stepped_at = off - self._step, off, boot
            return [Change("set", changed)]
        if boot - self._stepped_at < self.believed_after and clock.plausible(self.now()):
            return []
        self._before = max(self._gap, self._before if self._moved_at else self._gap)
        self._gap, self._step, self._moved_at = self._gap + off, 0, boot
        return [Change("believed", off)]
