"""Which channels take no messages, as a sight for the alert rules; and all of them for metrics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from alerts.channels.health import DEAD, Health
from alerts.facts import Sight, Wrong
from core.clock import SECOND

EVERY: Final = 5 * SECOND
COVERS: Final = frozenset({DEAD})


@dataclass(slots=True)
class ChannelSight:
    """Looks at what the dispatcher knows; a channel is dead after *after* ns of failing."""

    collector: str
    healths: Callable[[], Mapping[str, Health]]
    after: int
    _looked: int = 0

    def due(self, at: int) -> Sight | None:
        """Return which channels are dead at *at*, where it is time to look."""
        if 0 <= at - self._looked < EVERY:
            return None
        healths = self.healths()
        if not healths:
            return None  # nobody knows yet, which must not end what is open
        self._looked = at
        place = f"collector/{self.collector}"
        dead = [
            Wrong(DEAD, place, health.failing_since, name, {"reason": health.error})
            for name, health in sorted(healths.items())
            if health.is_dead(at, self.after)
        ]
        return Sight(at, COVERS, dead)
