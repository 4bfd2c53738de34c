"""What the figures of one interface say: readings, and events about the sensor itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.sensor.lines import Figures
from core.types import Event, Reading, Value

EVERY_S: Final = 60.0
LOSES_WINDOW_S: Final = 60.0
LOSES_AT: Final = 10
"""Frames lost in a minute, from which it is said; a burst at start is none."""
LOSES_PERCENT: Final = 0.1
WELL_AFTER_S: Final = 300.0
"""Without a loss, until it is said to be over."""
LEAST_NAMES: Final = 5
"""Fewer could be one child's (domain.md §11)."""


@dataclass(slots=True)
class Gauge:
    """Remembers of one interface what was told last."""

    interface: str
    _read_at: float = -EVERY_S
    _state: tuple[str, str] = ("", "")
    _why: str | None = None
    """Why it does not listen, "" while it does; None until that is known."""
    _before: tuple[float, int, int] = (0.0, 0, 0)
    """When a minute began, and the frames read and lost by then."""
    _lost_at: float | None = None
    """When frames were lost last, or the first figures came: an earlier agent may have told of a
    loss; infinity where the end of that was told."""
    _verdicts: dict[str, int] = field(default_factory=dict)

    def stopped(self, why: str, at: int) -> Event:
        """Return the event that the interface is not watched; ignored where it is said already."""
        self._why = why
        return Event("sensor_stopped", self.interface, self.interface, True, at, None, {"why": why})

    def events(self, figures: Figures, at: int, now: float) -> Sequence[Event]:
        """Return what begins or ends with *figures*."""
        found = []
        if figures.why != self._why:
            found.append(Event("sensor_stopped", self.interface, self.interface, False, at))
            self._why = figures.why
            if figures.why:
                found.append(self.stopped(figures.why, at))
        return [*found, *self._losses(figures, at, now)]

    def readings(
        self, figures: Figures, at: int, now: float, bad_lines: int = 0
    ) -> Sequence[Reading]:
        """Return what is due: all each minute, and at once when it sees more or less."""
        state = (figures.sees, figures.why)
        if now - self._read_at < EVERY_S and state == self._state:
            return ()
        self._read_at, self._state = now, state
        if figures.why:
            return ()
        tags = {"interface": self.interface}
        fields: dict[str, Value] = {
            "frames": figures.frames,
            "dropped": figures.dropped,
            "facts": figures.facts,
            "malformed": figures.malformed,
            "forgotten": figures.forgotten,
            "defects": figures.defects,
            "bad_lines": bad_lines,
            "cpu_percent": figures.cpu_percent,
            "mem_mb": figures.mem_mb,
            "sees": figures.sees,
            "blind": " ".join(figures.blind),
            "promiscuous": figures.promiscuous,
        }
        if figures.foreign_share is not None:
            fields["foreign_share"] = figures.foreign_share
        found = [Reading("sensor", fields, at, tags)]
        census: dict[str, Value] = {
            name: figures.census[name]
            for name in ("machines", "random_macs", "infrastructure")
            if name in figures.census
        }
        if census:
            found.append(Reading("census", census, at, tags))
        return [*found, *self._counted(figures, at)]

    def _counted(self, figures: Figures, at: int) -> list[Reading]:
        return [
            Reading("dns_verdict", {"names": count}, at, {"category": category})
            for category, count in figures.verdicts.items()
            if category in ("malware", "mining", "harmful") and (not count or count >= LEAST_NAMES)
        ]

    def _losses(self, figures: Figures, at: int, now: float) -> list[Event]:
        if self._lost_at is None:
            self._lost_at = now
        began, frames, lost = self._before
        if figures.frames < frames or figures.dropped < lost:  # another process
            self._before = (now, figures.frames, figures.dropped)
            return []
        if now - began < LOSES_WINDOW_S and figures.dropped - lost < LOSES_AT:
            return []
        self._before = (now, figures.frames, figures.dropped)
        new, of = figures.dropped - lost, figures.frames - frames + figures.dropped - lost
        if new >= LOSES_AT and 100 * new >= LOSES_PERCENT * of:
            self._lost_at = now
            share = round(100 * new / of, 1)
            details = {"dropped": new, "percent": share}
            return [Event("sensor_loses", self.interface, self.interface, True, at, None, details)]
        if now - self._lost_at >= WELL_AFTER_S:
            self._lost_at = math.inf
            return [Event("sensor_loses", self.interface, self.interface, False, at)]
        return []
