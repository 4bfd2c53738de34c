"""What is wrong with the collector itself, as a sight for the alert rules."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from alerts.facts import Sight, Wrong
from collector.door import Door
from collector.listed import listed
from core.clock import SECOND

EVERY: Final = 5 * SECOND
_OF_CHANNEL: Final = {"events": "audit_stopped", "readings": "store_refuses"}
COVERS: Final = frozenset({"broker_away", *_OF_CHANNEL.values()})


@dataclass(slots=True)
class SystemSight:
    """Looks at the door, and remembers since when each trouble is there."""

    collector: str
    door: Door
    schools: Callable[[], Iterable[str]] = tuple
    """Gives the names of all schools, of which nothing is known without a broker."""
    _looked: int = 0
    _since: dict[str, int] = field(default_factory=dict)

    def due(self, at: int) -> Sight | None:
        """Return what is wrong at *at*, where it is time to look."""
        if 0 <= at - self._looked < EVERY:
            return None
        self._looked = at
        return Sight(at, COVERS, tuple(self._wrong(at)))

    def _wrong(self, at: int) -> list[Wrong]:
        troubles = self.door.troubles()
        self._since = {name: self._since.get(name, at) for name in troubles}
        found = [
            Wrong(
                _OF_CHANNEL[name],
                f"collector/{self.collector}",
                self._since[name],
                details={"reason": reason},
            )
            for name, reason in troubles.items()
            if name in _OF_CHANNEL
        ]
        opening = self.door.opening()
        if opening.away == "broker":
            details = listed(self.schools())
            found.append(Wrong("broker_away", "", opening.away_since, details=details))
        return found
