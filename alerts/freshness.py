"""What has been said lately: nothing begins to alert by what was known once.

Lives in this process only. After a restart a condition that waits has to be seen once more before
it alerts; one that has alerted goes on, since not to know is no recovery.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from alerts.rules import Absent, EventOf, Flaps, OfReading, Rate, Recalled, Rule
from alerts.step import Case, Signal
from core.alerts import AlertKey
from core.catalog import CATALOG
from core.clock import SECOND
from core.measurements.base import HEARTBEAT_S

SILENT_AFTER: Final = 180 * SECOND
MISSED: Final = 3
"""So many heartbeats of a field, or rounds of a slower probe, without a value from an agent that is
heard: then what it measured is gone. A value that stays the same comes only with the heartbeat."""
LOOK_EVERY: Final = 60 * SECOND


class Freshness:
    """Told of what comes in; asked before a condition becomes an alert."""

    def __init__(self, rules: Mapping[str, Rule], started: int) -> None:
        self.rules, self._started, self._looked = rules, started, started
        self._heard: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._seen: dict[AlertKey, int] = {}

    def heard(self, place: str, at: int) -> None:
        """Hear that fresh readings of an agent came."""
        if not self.is_heard(place, at):
            self._since[place] = at
        self._heard[place] = at

    def is_heard(self, place: str, at: int) -> bool:
        """Return whether fresh readings of an agent came lately."""
        return at - self._heard.get(place, 0) <= SILENT_AFTER

    def heard_since(self, place: str, at: int) -> int:
        """Return since when an agent has been heard without a break, 0 while it is not."""
        return self._since.get(place, 0) if self.is_heard(place, at) else 0

    def places(self) -> Iterable[str]:
        """Return every agent that was heard since the start."""
        return tuple(self._heard)

    def seen(self, key: AlertKey, at: int) -> None:
        """Hear that a condition that has a case was said not to be over."""
        if not isinstance(self.rules[key.rule].of, EventOf):
            self._seen[key] = at

    def set_back(self, at: int) -> None:
        """Hear that the clock was set back to *at*: nothing was heard later than that."""
        self._looked, self._started = min(self._looked, at), min(self._started, at)
        self._heard = {place: min(one, at) for place, one in self._heard.items()}
        self._since = {place: min(one, at) for place, one in self._since.items()}
        self._seen = {key: min(one, at) for key, one in self._seen.items()}

    def forget(self, key: AlertKey) -> None:
        """Hear that it is over."""
        self._seen.pop(key, None)

    def sure(self, case: Case, at: int) -> bool:
        """Return whether what began is still known to go on; of events the end is told."""
        key = case.alert.key
        of = self.rules[key.rule].of
        if isinstance(of, EventOf):
            return True
        grouped = isinstance(of, Recalled) and of.share is not None
        if isinstance(of, OfReading) and not grouped and not self.is_heard(key.place, at):
            return False
        return key in self._seen

    def stale(self, cases: Iterable[Case], at: int) -> Iterator[Signal]:
        """End what an agent that is heard has long given no value of: a disk taken out."""
        if at - self._looked < LOOK_EVERY:
            return
        self._looked = at
        for case in cases:
            key = case.alert.key
            of = self.rules[key.rule].of
            if not isinstance(of, OfReading) or _stays(of):
                continue
            unsaid = at - self._seen.get(key, self._started)
            if self.is_heard(key.place, at) and unsaid > _gone_after(of):
                yield Signal(key, "off", at, at)


def _stays(of: OfReading) -> bool:
    """Return whether that nothing is said is no sign of its end."""
    return isinstance(of, Recalled) and (isinstance(of.how, Absent) or of.share is not None)


def _gone_after(of: OfReading) -> int:
    known = CATALOG.get(of.measurement)
    missed = MISSED * max(HEARTBEAT_S, known.interval_s if known else 0)
    window = of.how.over_s if isinstance(of, Recalled) and isinstance(of.how, Flaps | Rate) else 0
    return int(max(missed, window) * SECOND)
