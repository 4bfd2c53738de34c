"""What `agent.sensor.reach` holds of each machine: its walks, and the figures of its attack."""

from dataclasses import dataclass, field
from typing import Final

from agent.sensor.contacts import ACCEPTED, REFUSED, RESET, SILENT, UNSEEN, Contact
from agent.sensor.facts import Address
from agent.sensor.incidents import NUMBERS_MAX, Evidence, Party, Sign
from agent.sensor.ports import SYSTEM_MAX, WORM_PORTS
from agent.sensor.tables import Bounded, Distinct

TALLIES: Final = 32
"""Targets, and ports, held for each machine: more than a judgement needs."""
ACCEPTED_WEIGHS: Final = 0.2
"""Of an accepted contact on a worm's port: each is a machine that it may have entered."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When it is too far; the reasons stand with the detectors `port_scan` and `worm_sweep`.

    Each of the two sets its own and takes the others as they stand here.
    """

    ports: int = 15
    targets: int = 25
    targets_outside: int = 200
    spread: int = 100
    ports_unseen: int = 40
    targets_unseen: int = 128
    worm_ports: frozenset[int] = frozenset(WORM_PORTS)
    worm_targets: int = 25
    worm_targets_unseen: int = 60
    gap_s: float = 900.0


@dataclass(slots=True)
class Tally:
    """One walk, and what it was made of."""

    walk: int = 0
    refused: int = 0
    silent: int = 0
    unseen: int = 0
    accepted: int = 0
    low: int = 0
    """System ports among the failed and unseen."""
    first: float = 0.0
    """When the first contact came to nothing."""
    since: float = 0.0
    """When the walk last left zero."""
    last: float = 0.0

    def step(self, contact: Contact, gap_s: float) -> None:
        """Take in a contact; a pause of *gap_s* begins anew."""
        at, outcome = contact.at, contact.outcome
        if at - self.last > gap_s:
            self.walk = self.refused = self.silent = self.unseen = self.accepted = self.low = 0
        self.last = max(self.last, at)
        if outcome == ACCEPTED:
            self.accepted += 1
            if self.walk:
                self.walk -= 1
            return
        if not self.missed:
            self.first = at
        if not self.walk and not self.unseen:
            self.since = at
        self.low += contact.port <= SYSTEM_MAX
        if outcome == UNSEEN:
            self.unseen += 1
            return
        self.walk += 1
        self.refused += outcome in (REFUSED, RESET)
        self.silent += outcome == SILENT

    @property
    def missed(self) -> int:
        """How many contacts came to nothing, seen for sure or not."""
        return self.refused + self.silent + self.unseen

    @property
    def weight(self) -> float:
        """What it weighs on a worm's port."""
        return self.refused + self.silent + ACCEPTED_WEIGHS * self.accepted


Service = tuple[int, bool, bool]
"""Port, whether of UDP, whether the targets are outside."""


@dataclass(slots=True)
class Row:
    """What one machine tried."""

    targets: Bounded[tuple[Address, bool], Tally] = field(
        default_factory=lambda: Bounded(TALLIES, Tally)
    )
    ports: Bounded[Service, Tally] = field(default_factory=lambda: Bounded(TALLIES, Tally))
    spread: Tally = field(default_factory=Tally)
    attack: "Attack | None" = None


@dataclass(slots=True)
class Attack:
    """One that goes on; `news` counts the contacts that are not told yet."""

    kind: str
    """"" while it may still be a worm or a scan."""
    source: Party
    target: Party
    began: float
    suspected: float
    last: float
    number: int
    vlan: int
    quiet_s: float
    news: int
    refused: int
    silent: int
    accepted: int
    targets: Distinct = field(default_factory=lambda: Distinct(16_384))
    ports: int = 0
    swept: int = 0
    """Targets on the port that all have in common: first contacts with one port are as many."""
    shown: list[int] = field(default_factory=list)
    """Frames of contacts that are not told yet, as many as an incident can name."""
    _ports: bytearray = field(default_factory=lambda: bytearray(8192))

    def add(self, contact: Contact) -> None:
        """Take in one more contact."""
        self.news += 1
        self.last = max(self.last, contact.at)
        self.number = contact.number
        if len(self.shown) < NUMBERS_MAX:
            self.shown.append(contact.number)
        self.refused += contact.outcome in (REFUSED, RESET)
        self.silent += contact.outcome == SILENT
        self.accepted += contact.outcome == ACCEPTED
        self.targets.add(contact.target)
        self.swept += bool(self.swept) and contact.port == self.target.port
        self.add_port(contact.port)

    def add_port(self, port: int) -> None:
        """Note that it tried *port*."""
        place, bit = divmod(port, 8)
        if not self._ports[place] & 1 << bit:
            self._ports[place] |= 1 << bit
            self.ports += 1

    @property
    def confidence(self) -> float:
        """Refusals are facts, silence has other reasons too, and silence that we may be deaf to."""
        if self.refused:
            return 0.9
        return 0.8 if self.silent else 0.6

    @property
    def evidence(self) -> Evidence:
        """The figures, by the names that all detectors use."""
        lone = self.swept and self.ports == 1
        return {
            "ports": self.ports,
            "targets": self.swept if lone else max(self.swept, self.targets.count()),
            "refused": self.refused,
            "accepted": self.accepted,
            "seconds": round(self.last - self.began, 1),
        }

    def sign(self) -> Sign:
        """Return the sign of what is new, which then is old."""
        count, self.news = self.news, 0
        before, self.shown = tuple(self.shown), []
        return Sign(
            self.kind,
            self.source.address,
            self.last,
            self.number,
            self.source,
            self.target,
            count,
            self.confidence,
            self.evidence,
            self.began,
            self.quiet_s,
            self.vlan,
            before,
        )
