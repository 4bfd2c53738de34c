"""Who claims which address: all contests, whom each machine answered, and who had asked.

Bounded: whoever floods a network with claims makes the oldest go, never more room.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from agent.sensor.claims import Claim, claims_of
from agent.sensor.contest import (
    ANNOUNCED_MAX,
    CLAIMANTS_MAX,
    SPELL_S,
    STREAK,
    Claimant,
    Contest,
    Times,
    claimant_of,
    late,
    note_turn,
    rebalanced,
    sets_right,
)
from agent.sensor.facts import Address, Advert, Arp, Dhcp, Fact, Mac, Neighbour
from agent.sensor.tables import Bounded

ADDRESSES_MAX: Final = 4096
OWNED_MAX: Final = 16
"""Addresses remembered for one machine."""

SOLICITED_S: Final = 3.0
"""An answer so long after a question was asked for, once; hosts ask again after 1 s."""
SAME_QUESTION_S: Final = 2.0
COPY_S: Final = 0.2
"""Mirror ports show a frame twice."""
PUSH_WINDOW_S: Final = 35.0
"""Unasked answers are counted within it: ettercap repeats its own each 10 s, others each 1-2 s."""
FEW: Final = 2
"""One unasked answer may be a late one."""
PAUSE_S: Final = 15.0
BURST_S: Final = 0.9
"""keepalived announces five times at once, and then again."""


@dataclass(slots=True)
class Question:
    """When a machine asked for an address, and when each first answered it."""

    at: float = 0.0
    answered: dict[Mac, float] = field(default_factory=dict)


@dataclass(slots=True)
class Pushes:
    """What one machine told another unasked: since when, how often, and the last times."""

    since: float = 0.0
    count: int = 0
    times: Times = ()

    def in_window(self, at: float) -> int:
        """Return how many came within the window up to *at*."""
        return sum(at - one <= PUSH_WINDOW_S for one in self.times)


class Contests:
    """What was claimed so far. `tell` hears of each claim once it is noted."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Arp, Neighbour, Advert, Dhcp)

    def __init__(self) -> None:
        self.tell: list[Callable[[Claim, Contest | None], None]] = []
        """With what it is about, or None for a question and what proves nothing."""
        self.of = Bounded[tuple[int, Address], Contest](ADDRESSES_MAX, Contest)
        self._owned = Bounded[tuple[int, Mac], dict[Address, float]](ADDRESSES_MAX, dict)
        self._asked = Bounded[tuple[int, Address, Mac], Question](
            ADDRESSES_MAX, Question, turns=True
        )
        self._pushes = Bounded[tuple[int, Address, Mac, Mac], Pushes](
            ADDRESSES_MAX, Pushes, turns=True
        )

    def __len__(self) -> int:
        """Return how many rows all tables have together."""
        return len(self.of) + len(self._owned) + len(self._asked) + len(self._pushes)

    def take(self, fact: Arp | Neighbour | Advert | Dhcp) -> None:
        """Hear of a fact."""
        for claim in claims_of(fact):
            contest = self._note(claim)
            for tell in self.tell:
                tell(claim, contest)

    def tick(self, now: float) -> None:
        """Nothing waits here."""

    def _note(self, claim: Claim) -> Contest | None:
        if claim.how in ("probe", "wanted"):
            self._asked.put((claim.vlan, claim.address, claim.by), Question(claim.at))
            return None
        contest = self.of.of((claim.vlan, claim.address))
        if claim.how == "advert" and contest.claimants.keys() - {claim.mac}:
            return None  # who else sends it may be a forger, which says nothing of the others
        if claim.how == "lease":
            self._leased(claim, contest)
            return None
        if sets_right(claim, contest):
            return None
        one = claimant_of(contest, claim)
        if claim.at - one.last > SPELL_S:
            one.spell, one.count, one.proper = claim.at, 0, 0
            one.pushes, one.loud = 0, 0
        one.last, one.number, one.by = claim.at, claim.number, claim.by
        one.count += 1
        if claim.by == claim.mac:
            one.own += 1
            _keep(self._owned.of((claim.vlan, claim.mac)), claim.address, claim.at, OWNED_MAX)
        note_turn(claim, contest)
        if claim.how == "advert":
            return None
        self._how(claim, contest, one)
        return contest

    def expect(self, vlan: int, address: Address, mac: Mac, at: float) -> None:
        """Take it for known that *mac* has *address*, as if it had spoken *at*."""
        self.of.of((vlan, address)).claimants[mac] = Claimant(
            *(at, at, at, mac), count=1, own=1, proper=1
        )
        _keep(self._owned.of((vlan, mac)), address, at, OWNED_MAX)

    def owned(self, vlan: int, mac: Mac) -> dict[Address, float]:
        """Return the addresses that *mac* claims for itself, and when it last did."""
        return self._owned.get((vlan, mac)) or {}

    def alone(self, vlan: int, mac: Mac) -> Iterator[tuple[Address, float]]:
        """Yield the addresses that *mac* claims and nobody else, the latest claim last.

        What it tells others unasked is not counted: so does who lies.
        """
        for address, at in list(self.owned(vlan, mac).items()):
            contest = self.of.get((vlan, address))
            claimants = contest.claimants if contest else {}
            one = claimants.get(mac)
            if len(claimants) <= 1 and (one is None or one.pushed < FEW):
                yield address, at

    def pushes(self, vlan: int, mac: Mac) -> Iterator[tuple[Address, Claimant]]:
        """Yield the addresses for which *mac* answers unasked."""
        for address in list(self.owned(vlan, mac)):
            contest = self.of.get((vlan, address))
            one = contest.claimants.get(mac) if contest else None
            if one is not None and one.pushed >= FEW:
                yield address, one

    def duels(self, vlan: int, mac: Mac, at: float) -> list[Address]:
        """Return the addresses that *mac* claims in turn with others."""
        return [
            address
            for address in self.owned(vlan, mac)
            if (one := self.of.get((vlan, address)))
            and mac in one.claimants
            and one.rivals(mac)
            and one.duel(at)
        ]

    def _how(self, claim: Claim, contest: Contest, one: Claimant) -> None:
        if claim.how in ("announce", "loud"):
            one.loud += 1
            one.loud_at = claim.at
        if claim.how == "announce":
            one.pushes += 1
            if not one.announced or claim.at - one.announced[-1] > BURST_S:
                one.announced = late(one.announced, claim.at, ANNOUNCED_MAX)
        elif claim.how == "ask":
            one.proper += 1
            if not claim.to:
                one.asked = late(one.asked, claim.at)
            elif self._push(claim).in_window(claim.at) == STREAK:
                one.pressed_at = claim.at
        elif self._solicited(claim, contest):
            one.proper += 1
        elif not rebalanced(claim, contest):
            self._pushed(claim, one)

    def _solicited(self, claim: Claim, contest: Contest) -> bool:
        """Return whether somebody asked, and note two answers to one question."""
        asked = self._asked.get((claim.vlan, claim.address, claim.to)) if claim.to else None
        if asked is None or claim.at - asked.at > SOLICITED_S:
            return False
        first = asked.answered.get(claim.mac)
        if first is not None:
            return claim.at - first <= COPY_S
        if asked.answered and claim.at - asked.at <= SAME_QUESTION_S:
            contest.doubled_at = claim.at
            contest.doubles += 1
        if len(asked.answered) < CLAIMANTS_MAX:
            asked.answered[claim.mac] = claim.at
        return True

    def _pushed(self, claim: Claim, one: Claimant) -> None:
        row = self._push(claim)
        one.pushed = row.in_window(claim.at)
        one.pushed_at = claim.at
        one.pushes += 1
        if len(row.times) > 1:
            one.pace_s = (claim.at - row.times[0]) / (len(row.times) - 1)
        one.streak_s = claim.at - row.since if row.count >= STREAK else 0.0

    def _push(self, claim: Claim) -> "Pushes":
        row = self._pushes.of((claim.vlan, claim.address, claim.by, claim.to))
        if not row.times or claim.at - row.times[-1] > PAUSE_S:
            row.since, row.count = claim.at, 0
        row.count += 1
        row.times = late(row.times, claim.at, STREAK)
        return row

    def _leased(self, claim: Claim, contest: Contest) -> None:
        """A lease for another machine ends what was before: the address has moved."""
        kept = contest.claimants.get(claim.mac) or Claimant(claim.at, claim.at)
        kept.trusted = True
        kept.own += 1
        kept.by, kept.last = claim.mac, claim.at
        if contest.last != claim.mac:
            contest.turns = ()
            contest.disputes = ()
            contest.heard.clear()
            contest.claimants.clear()
        contest.claimants[claim.mac] = kept
        contest.last = claim.mac
        _keep(self._owned.of((claim.vlan, claim.mac)), claim.address, claim.at, OWNED_MAX)


def _keep(rows: dict[Address, float], address: Address, at: float, room: int) -> None:
    """Set *address* as the latest of at most *room*."""
    rows.pop(address, None)
    rows[address] = at
    if len(rows) > room:
        del rows[next(iter(rows))]
