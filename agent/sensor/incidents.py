"""One attack is one event: it begins, is updated and ends, however many frames show it.

A detector gives a sign each time that it sees more of an attack; signs of one kind and key are one
incident, which ends when none came for its quiet time. Bounded: of a kind at most `OPEN_MAX` are
open, and what comes beyond them is one more incident that counts them and names nobody.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from agent.sensor.facts import Address, Mac

Stage = Literal["begin", "update", "end"]
Evidence = Mapping[str, int | float | str]
"""Figures with their unit in the name (`ports`, `per_s`); never what somebody said or asked for."""

OPEN_MAX: Final = 64
NUMBERS_MAX: Final = 20
"""Frames that an incident can name: the first ones, and the last."""
UPDATE_S: Final = 60.0
UPDATE_MAX_S: Final = 600.0
SURER: Final = 0.2
"""So much more confidence is told at once."""

MANY: Final = "many"


@dataclass(frozen=True, slots=True)
class Party:
    """Who did it, or whom it hit; b"" and 0 for what is not known.

    `role` is a word of `agent.sensor.roles`: what district pages show instead of the address.
    """

    address: Address = b""
    mac: Mac = b""
    port: int = 0
    role: str = ""


NOBODY: Final = Party()


@dataclass(frozen=True, slots=True)
class Sign:
    """That an attack is going on, as seen at one moment.

    `key` tells one attack from another of its kind; `count` is how many things this sign adds
    (frames, tries, addresses); `confidence` 0 to 1; `quiet_s` without a sign end the incident.
    """

    kind: str
    key: Hashable
    at: float
    number: int
    source: Party = NOBODY
    target: Party = NOBODY
    count: int = 1
    confidence: float = 0.9
    evidence: Evidence = field(default_factory=dict)
    began: float = 0.0
    """When it began, where that is before the first sign; else 0."""
    quiet_s: float = 60.0
    vlan: int = 0
    before: tuple[int, ...] = ()
    """Frames before `number` that this sign is about too."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An attack so far: `last` is the time of its last sign, which is its end once it is over."""

    kind: str
    key: Hashable
    start: float
    last: float
    source: Party
    target: Party
    count: int
    confidence: float
    evidence: Evidence
    numbers: tuple[int, ...]
    """Of frames that show it, the first ones and the last."""
    vlan: int
    quiet_s: float
    became: str = ""
    """The kind that it goes on as, where it turned out to be another than it looked like."""


Tell = Callable[[Incident, Stage], None]


@dataclass(slots=True)
class _Open:
    incident: Incident
    told_at: float
    told_confidence: float
    wait_s: float = UPDATE_S


class Incidents:
    """Makes incidents of signs and tells *tell* of each when it begins, changes and ends."""

    def __init__(self, tell: Tell, open_max: int = OPEN_MAX) -> None:
        self._tell, self._max = tell, open_max
        self._open: dict[tuple[str, Hashable], _Open] = {}
        self._counts: dict[str, int] = {}

    def sign(self, sign: Sign) -> None:
        """Take in that an attack is going on."""
        found = self._open.get((sign.kind, sign.key))
        if found is None and self._counts.get(sign.kind, 0) >= self._max:
            sign = _one_of_many(sign)
            found = self._open.get((sign.kind, MANY))
        if found is None:
            self._begin(sign)
        else:
            self._go_on(found, sign)

    def is_open(self, kind: str, key: Hashable) -> bool:
        """Return whether this attack has begun and not ended."""
        return (kind, key) in self._open

    def become(self, kind: str, other: str, key: Hashable) -> None:
        """Let what is open as *kind* go on as *other* with all that is known: it is one attack."""
        one = self._open.get((kind, key))
        if one is None or self.is_open(other, key) or self._counts.get(other, 0) >= self._max:
            return
        before = one.incident
        # Whoever is told that this one is over hears that the attack is not.
        said = {**before.evidence, "goes_on": 1}
        one.incident = replace(before, became=other, evidence=said)
        self._end(one)
        one.incident = replace(before, kind=other)
        self._add(one)

    def open_ones(self) -> list[Incident]:
        """Return what is going on, as it stands."""
        return [one.incident for one in self._open.values()]

    def tick(self, now: float) -> None:
        """End what had no sign for its quiet time, at *now* by the clock of the facts."""
        for one in list(self._open.values()):
            if now - one.incident.last >= one.incident.quiet_s:
                self._end(one)

    def finish(self) -> None:
        """End everything: there will be no further frame."""
        for one in list(self._open.values()):
            self._end(one)

    def _begin(self, sign: Sign) -> None:
        incident = Incident(
            *(sign.kind, sign.key, sign.began or sign.at, sign.at, sign.source, sign.target),
            *(sign.count, sign.confidence, dict(sign.evidence), _with((), sign)),
            *(sign.vlan, sign.quiet_s),
        )
        self._add(_Open(incident, sign.at, sign.confidence))

    def _add(self, one: _Open) -> None:
        incident = one.incident
        self._open[incident.kind, incident.key] = one
        self._counts[incident.kind] = self._counts.get(incident.kind, 0) + 1
        self._tell(incident, "begin")

    def _go_on(self, one: _Open, sign: Sign) -> None:
        before = one.incident
        one.incident = replace(
            before,
            last=max(before.last, sign.at),
            source=_better(before.source, sign.source),
            target=_better(before.target, sign.target),
            count=before.count + sign.count,
            confidence=sign.confidence,
            evidence={**before.evidence, **sign.evidence},
            numbers=_with(before.numbers, sign),
        )
        named = _named(one.incident.source) != _named(before.source) and bool(before.source.role)
        surer = sign.confidence >= one.told_confidence + SURER
        if named or surer or sign.at - one.told_at >= one.wait_s:
            one.wait_s = min(one.wait_s * 2, UPDATE_MAX_S)
            one.told_at, one.told_confidence = sign.at, sign.confidence
            self._tell(one.incident, "update")

    def _end(self, one: _Open) -> None:
        incident = one.incident
        del self._open[incident.kind, incident.key]
        self._counts[incident.kind] -= 1
        self._tell(incident, "end")


def _one_of_many(sign: Sign) -> Sign:
    """Return *sign* without a name: its kind has more attacks open than can be told apart."""
    return replace(sign, key=MANY, source=NOBODY, evidence={"beyond": OPEN_MAX})


def _better(before: Party, now: Party) -> Party:
    """Return the party as it is known now; what a later sign does not know is kept.

    But for what is another machine's: no address is told with the MAC of another one.
    """
    if before.address and now.address not in (b"", before.address):
        return replace(now, role=now.role or before.role)
    return Party(
        now.address or before.address,
        now.mac or before.mac,
        now.port or before.port,
        now.role or before.role,
    )


def _named(party: Party) -> tuple[Address, Mac]:
    return party.address, party.mac


def _with(numbers: tuple[int, ...], sign: Sign) -> tuple[int, ...]:
    for number in (*sign.before, sign.number):
        if number not in numbers:
            # A connection that began before another may end after it.
            numbers = tuple(sorted((*numbers[: NUMBERS_MAX - 1], number)))
    return numbers
