"""What the agent remembers for the sensor's next process: whose the gateways' addresses are.

In memory only. A process that was taken over could lie here as it could in its events: so it is
believed of gateways that the agent knows itself, and of nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from agent.sensor.lines import Figures, Owner

LASTS_S: Final = 600.0
"""Later it may have been replaced without anybody who saw it."""


@dataclass(slots=True)
class Handover:
    """By interface what its process said last, and when."""

    _said: dict[str, tuple[float, tuple[Owner, ...]]] = field(default_factory=dict)

    def heard(self, figures: Figures, gateways: Collection[str], now: float) -> None:
        """Hear what a process knows; *now* by a clock that nobody sets."""
        known = tuple(one for one in figures.owners if one.address in gateways)
        if known:
            self._said[figures.interface] = (now, known)

    def to(self, gateways: Collection[str], now: float) -> dict[str, tuple[Owner, ...]]:
        """Return what a process that starts *now* is told."""
        return {
            name: tuple(one for one in known if one.address in gateways)
            for name, (at, known) in self._said.items()
            if now - at <= LASTS_S
        }
