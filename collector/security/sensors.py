"""What is known of the sensors: what each said last, and what that comes to for a school.

A sensor that is silent, blind or not there sees no attack either, so its state stands beside
everything that is said of attacks: only where one sees all is it good news that nothing is open.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, get_args

from alerts.screen import FRESH
from collector.intake import Bad
from collector.outside import SchoolKey
from collector.readings import young_lines
from collector.sorting import Item
from core import lineprotocol
from core.clock import SECOND
from core.errors import LineError
from core.sensorwords import SensorState
from core.types import Identity, Value

SENSOR: Final = "sensor"
CENSUS: Final = "census"
VERDICT: Final = "dns_verdict"
_STARTS: Final = tuple(f"{name},".encode() for name in (SENSOR, CENSUS, VERDICT))

HOLDS: Final = 600 * SECOND
"""Twice the longest time that a sensor which runs may say nothing new."""
FORGET: Final = 7 * 86_400 * SECOND
"""A sensor that said nothing for so long was taken away."""
MOST_OF_ONE_AGENT: Final = 16
FEWEST: Final = 5
"""A smaller group may be one pupil: it is not shown (domain.md §11)."""
LONGEST_WORD: Final = 200

STATES: Final[tuple[SensorState, ...]] = get_args(SensorState)


class SensorKey(NamedTuple):
    """Names a sensor: an interface of an agent's machine."""

    region: str
    school: str
    agent: str
    interface: str

    @property
    def of_school(self) -> SchoolKey:
        """Where it listens."""
        return self.region, self.school

    @property
    def who(self) -> Identity:
        """Whose it is."""
        return Identity(self.region, self.school, self.agent)


@dataclass(frozen=True, slots=True)
class Sensor:
    """What a sensor said last, and when (ns); fields come by exception, so each stays.

    `told` is when each field was measured (ns): what was sent twice may come after what is newer.
    """

    key: SensorKey
    heard: int
    fields: Mapping[str, Value] = field(default_factory=dict)
    census: Mapping[str, Value] = field(default_factory=dict)
    told: Mapping[str, int] = field(default_factory=dict)

    @property
    def blind(self) -> str:
        """Words of what it cannot see; empty where it sees all."""
        words = str(self.fields.get("blind", ""))[:LONGEST_WORD]
        return words or ("" if self.fields.get("sees") == "all" else "unknown")

    @property
    def lost_percent(self) -> float | None:
        """The share of packets that came too fast for it, since it started."""
        frames, dropped = (self.fields.get(name) for name in ("frames", "dropped"))
        if not isinstance(frames, int | float) or not isinstance(dropped, int | float):
            return None
        return round(100 * dropped / (frames + dropped), 2) if frames + dropped > 0 else 0.0

    def counted(self, name: str) -> int | None:
        """Return a count of the census; None where nobody told, or where it is too small."""
        value = self.census.get(name)
        return int(value) if isinstance(value, int | float) and value >= FEWEST else None


@dataclass(frozen=True, slots=True)
class Judged:
    """A sensor with its state at a moment."""

    sensor: Sensor
    state: SensorState


@dataclass(slots=True)
class Sensors:
    """Every sensor as it was told of last; `left_out` counts those of agents that have too many."""

    known: dict[SensorKey, Sensor] = field(default_factory=dict)
    verdicts: dict[SchoolKey, dict[str, int]] = field(default_factory=dict)
    """Of each school how many names of each category were asked for, as told last."""
    news: set[SensorKey] = field(default_factory=set)
    left_out: int = 0
    _of_agent: Counter[Identity] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._of_agent.update(key.who for key in self.known)

    def heard(self, items: Sequence[Item]) -> None:
        """Hear of messages whose lines are durable and accounted."""
        for item in items:
            if isinstance(item.taken, Bad) or item.checked is None:
                continue
            if not any(start in item.checked.body for start in _STARTS):
                continue
            for line in young_lines(item):
                if line.startswith(_STARTS):
                    self._take(item.taken.who, line, item.arrival.at)

    def _take(self, who: Identity, line: bytes, arrived: int) -> None:
        try:
            point = lineprotocol.parse(line)
        except LineError:  # refused already, and in the dead letters
            return
        if not point.at or abs(arrived - point.at) >= FRESH:
            return
        if point.measurement == VERDICT:
            self._verdict(who, point.tags.get("category", ""), point.fields.get("names"))
            return
        key = SensorKey(who.region, who.school, who.agent, point.tags.get("interface", ""))
        known = self.known.get(key) or Sensor(key, 0)
        if key not in self.known:
            if point.measurement != SENSOR:
                return
            if self._of_agent[who] >= MOST_OF_ONE_AGENT:
                self.left_out += 1
                return
            self._of_agent[who] += 1
        at = min(point.at, arrived)
        new = {name: v for name, v in point.fields.items() if at >= known.told.get(name, 0)}
        known = replace(known, told={**known.told, **dict.fromkeys(new, at)})
        if point.measurement == SENSOR:
            fields = {**known.fields, **new}
            self.known[key] = replace(known, heard=max(at, known.heard), fields=fields)
        else:
            self.known[key] = replace(known, census={**known.census, **new})
        self.news.add(key)

    def _verdict(self, who: Identity, category: str, names: Value | None) -> None:
        of_school = self.verdicts.setdefault((who.region, who.school), {})
        if isinstance(names, int | float) and (category in of_school or len(of_school) < FEWEST):
            of_school[category[:LONGEST_WORD]] = int(names)

    def forget(self, at: int) -> list[SensorKey]:
        """Forget those that were taken away; return them."""
        gone = [key for key, one in self.known.items() if at - one.heard > FORGET]
        for key in gone:
            del self.known[key]
            self._of_agent -= Counter([key.who])
            self.news.discard(key)
        return gone

    def by_school(
        self, up: frozenset[Identity], stopped: frozenset[SensorKey], at: int
    ) -> Mapping[SchoolKey, Sequence[Judged]]:
        """Return the sensors of each school, worst first.

        *up* are the agents that are heard; *stopped*, the sensors of which an agent says so.
        """
        found: dict[SchoolKey, list[Judged]] = {}
        for one in self._all(stopped):
            state = judge(one, is_up=one.key.who in up, stopped=one.key in stopped, at=at)
            found.setdefault(one.key.of_school, []).append(Judged(one, state))
        for there in found.values():
            there.sort(key=lambda one: (STATES.index(one.state), one.sensor.key))
        return found

    def _all(self, stopped: Iterable[SensorKey]) -> Iterator[Sensor]:
        yield from self.known.values()
        for key in stopped:
            if key not in self.known:
                yield Sensor(key, 0)


def judge(one: Sensor, *, is_up: bool, stopped: bool, at: int) -> SensorState:
    """Return how a sensor is: of an agent that nobody hears nobody knows."""
    if not is_up:
        return "unknown"
    if stopped or at - one.heard > HOLDS:
        return "stopped"
    return "blind" if one.blind else "sees"


def of_school(there: Sequence[Judged]) -> SensorState:
    """Return what the sensors of one school come to: one that sees all makes up for a blind one."""
    states = {one.state for one in there}
    for state in ("stopped", "unknown", "sees", "blind"):
        if state in states:
            return state
    return "none"
