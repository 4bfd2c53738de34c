"""What agents say of the logs of their school's devices: how far back they go, whether they flow.

Of each device the last word counts for as long as its agent would have said it three times more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, get_args

from collector.intake import Bad
from collector.outside import SchoolKey
from collector.readings import young_lines
from collector.sorting import Item
from core.clock import SECOND
from core.errors import LineError
from core.lineprotocol import parse

HOLDS: Final = 900 * SECOND
STARTS: Final = (b"firewall_log,", b"log_kept,")
MOST_DEVICES: Final = 64
"""Of a school."""

Kept = Literal["short", "young", "kept"]
WORST_FIRST: Final[tuple[Kept, ...]] = get_args(Kept)


class SchoolLogs(NamedTuple):
    """The logs of the devices of one school, by the one that is worst.

    `kept` is empty where nobody says how far they go back, `wrong` the rule of what is wrong.
    """

    key: SchoolKey
    kept: Kept | Literal[""] = ""
    wrong: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong that a person has to see to."""
        return not self.wrong and self.kept != "short"


class _Last(NamedTuple):
    """What was last said of a device, and when it was heard (ns)."""

    at: int
    state: str = ""
    damaged: int = 0


class LogsHeard:
    """Kept in memory: agents say it anew each five minutes."""

    def __init__(self) -> None:
        self._kept: dict[SchoolKey, dict[tuple[str, str], _Last]] = {}
        self._flows: dict[SchoolKey, int] = {}

    def heard(self, items: Iterable[Item]) -> None:
        """Hear the readings of *items*."""
        for item in items:
            if isinstance(item.taken, Bad) or item.checked is None:
                continue
            if not any(start in item.checked.body for start in STARTS):
                continue
            who = item.taken.who
            for line in young_lines(item):
                if line.startswith(STARTS):
                    self.line((who.region, who.school), who.agent, line, item.arrival.at)

    def line(self, key: SchoolKey, agent: str, line: bytes, at: int) -> None:
        """Hear one *line* of an agent."""
        try:
            point = parse(line)
        except LineError:
            return
        if point.measurement == "firewall_log":
            self._flows[key] = at
            return
        devices = self._kept.setdefault(key, {})
        place = agent, point.tags.get("device", "")
        before = devices.pop(place, _Last(at))
        state, damaged = point.fields.get("state"), point.fields.get("damaged")
        devices[place] = _Last(
            at,
            state if isinstance(state, str) else before.state,
            damaged if isinstance(damaged, int) else before.damaged,
        )
        while len(devices) > MOST_DEVICES:
            del devices[next(iter(devices))]

    def kept(self, at: int) -> Mapping[SchoolKey, Kept]:
        """Return how far back the logs of each school go: as far as the one that is worst."""
        found: dict[SchoolKey, Kept] = {}
        for key in self._kept:
            states = {one.state for one in self._fresh(key, at)}
            worst = next((state for state in WORST_FIRST if state in states), None)
            if worst is not None:
                found[key] = worst
        return found

    def damaged(self, at: int) -> frozenset[SchoolKey]:
        """Return the schools in which a sealed day is not as it was."""
        return frozenset(
            key for key in self._kept if any(one.damaged for one in self._fresh(key, at))
        )

    def flows(self, at: int) -> frozenset[SchoolKey]:
        """Return the schools of which a device's log is read."""
        return frozenset(key for key, heard in self._flows.items() if at - heard <= HOLDS)

    def of_schools(self, at: int, faults: Mapping[SchoolKey, str]) -> Sequence[SchoolLogs]:
        """Return every school of which something is known, the bad first; *faults* are alerts."""
        kept, damaged = self.kept(at), self.damaged(at)
        wrong = {**faults, **dict.fromkeys(damaged, "log_day_damaged")}
        found = [
            SchoolLogs(key, kept.get(key, ""), wrong.get(key, ""))
            for key in sorted({*kept, *self.flows(at), *wrong})
        ]
        return sorted(found, key=lambda one: one.is_good)

    def _fresh(self, key: SchoolKey, at: int) -> Iterator[_Last]:
        return (one for one in self._kept[key].values() if at - one.at <= HOLDS)
