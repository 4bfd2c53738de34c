"""The detectors at work: facts go in, incidents come out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent.sensor.detectors.base import Machine, detectors
from agent.sensor.facts import FACTS, Fact
from agent.sensor.incidents import Incidents, Tell
from agent.sensor.network import Network
from agent.sensor.owners import Owner
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded, tables_in

TICK_S: Final = 1.0
SETTLED_S: Final = 62
"""How long detectors may wait at the end of a capture for what would change their mind."""


def _raised(error: Exception) -> None:
    raise error


@dataclass(slots=True)
class Watching:
    """Gives each fact to the machines that take its kind, and ticks by the clock of the facts.

    *learners*, which the machines ask, hear of it before them. `broke` hears of the defect of one,
    which keeps nothing from the others; what it raises goes on to the caller.
    """

    machines: Iterable[Machine]
    incidents: Incidents
    learners: Sequence[Machine] = ()
    facts: int = 0
    broke: Callable[[Exception], None] = _raised
    _takers: dict[type[Fact], tuple[Callable[[Any], None], ...]] = field(init=False)
    _all: tuple[Machine, ...] = field(init=False)
    _tables: Sequence[Bounded[Any, Any]] = field(init=False)
    _next: float = 0.0

    def __post_init__(self) -> None:
        self.machines = tuple(self.machines)
        self._all = (*self.learners, *self.machines)
        self._tables = tables_in(*self._all)
        self._takers = {
            kind: tuple(one.take for one in self._all if kind in one.takes) for kind in FACTS
        }

    @property
    def forgotten(self) -> int:
        """How many machines, addresses and services went from the tables for want of room."""
        return sum(table.lost for table in self._tables)

    def take(self, fact: Fact) -> None:
        """Hear of *fact*."""
        self.facts += 1
        if fact.at >= self._next:
            self.tick(fact.at)
        for take in self._takers[type(fact)]:
            try:
                take(fact)
            except Exception as error:  # noqa: BLE001 — one detector's defect ends no other
                self.broke(error)

    def tick(self, now: float) -> None:
        """Hear that it is *now*, also where no frame came."""
        self._next = now + TICK_S
        for machine in self._all:
            try:
                machine.tick(now)
            except Exception as error:  # noqa: BLE001 — as above
                self.broke(error)
        self.incidents.tick(now)

    def finish(self) -> None:
        """Hear that no further frame comes: what waits is told, and what goes on ends."""
        begun = self._next
        for later in range(0, SETTLED_S, 2):
            self.tick(begun + later)
        self.incidents.finish()


def watching(
    network: Network,
    tell: Tell,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    handed: Sequence[Owner] = (),
    at: float = 0.0,
) -> Watching:
    """Return every detector at work, or those of *options* by their word; raises ConfigError.

    *handed* is what another one knew of gateways until *at*.
    """
    incidents = Incidents(tell)
    chosen = {key: {} for key in detectors.words()} if options is None else options
    made = [detectors.build(word, table) for word, table in chosen.items()]
    shared = Shared(network, handed, at)
    machines = [one.watch(shared, incidents) for one in made]
    return Watching(machines, incidents, shared.learners)
