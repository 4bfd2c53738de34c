"""Who claims which address, how, and who of several that claim one is to be believed.

Being first proves nothing: a capture may begin in the middle of an attack. What tells a man in the
middle from an owner is how he behaves: he answers again and again where nobody asked, speaks for
the addresses of others beside his own, or for a hardware address that is not his.

Bounded: whoever floods a network with claims makes the oldest go, never more room.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final

from agent.sensor.claims import Claim, claims_of
from agent.sensor.facts import Address, Advert, Arp, Dhcp, Fact, Mac, Neighbour
from agent.sensor.tables import Bounded

CLAIMANTS_MAX: Final = 8
"""Of one address; the one that has not claimed it for longest goes first."""
ADDRESSES_MAX: Final = 4096
OWNED_MAX: Final = 16
"""Addresses remembered for one machine."""

SOLICITED_S: Final = 3.0
"""An answer so long after a question was asked for, once; hosts ask again after 1 s."""
COPY_S: Final = 0.2
"""Mirror ports show a frame twice."""
REBALANCED_S: Final = 3.0
"""A bond (balance-alb) tells each client its own MAC within 2 s of its question to everybody."""
PUSH_WINDOW_S: Final = 35.0
"""Unasked answers are counted within it: ettercap repeats its own each 10 s, others each 1-2 s."""
FEW: Final = 2
"""One unasked answer may be a late one."""
STREAK: Final = 6
PAUSE_S: Final = 15.0
DUEL: Final = 3
DUEL_S: Final = 120.0
"""So many turns within it: a failover and the way back are two."""
BURST_S: Final = 0.9
"""keepalived announces five times at once, and then again."""
MEMORY_S: Final = 300.0
"""A rival that had been silent for so long when another came had gone: it was replaced."""
SPELL_S: Final = 60.0
TURNS_MAX: Final = 4
ANNOUNCED_MAX: Final = 5

Times = tuple[float, ...]
"""In s since 1970; small, since an attacker chooses how many rows there are."""

SAME_QUESTION_S: Final = 2.0


@dataclass(slots=True)
class Claimant:
    """What one hardware address did about one address."""

    first: float
    last: float = 0.0
    spell: float = 0.0
    """Since when it claims it without a pause of a minute."""
    by: Mac = b""
    number: int = 0
    count: int = 0
    """Claims of this spell."""
    own: int = 0
    """Claims that it sent itself."""
    pushed: int = 0
    """Unasked answers to the same machine within the window, at the last one."""
    pushed_at: float = -1e9
    pushes: int = 0
    """Unasked answers and announcements of this spell, to anybody."""
    loud: int = 0
    """Those of them that went to everybody."""
    loud_at: float = -1e9
    pace_s: float = 1e9
    """From one of its last unasked answers to the next."""
    proper: int = 0
    """Answers of this spell that somebody had asked for, and questions."""
    streak_s: float = 0.0
    """How long they have come without a pause; 0 where they are fewer than `STREAK`."""
    pressed_at: float = -1e9
    """When it had asked one machine alone for the `STREAK`th time within the window."""
    announced: Times = ()
    """The last `ANNOUNCED_MAX` times; a burst is one."""
    asked: Times = ()
    """The last `TURNS_MAX` times that it asked everybody for something."""
    trusted: bool = False
    """A DHCP server gave it the address, or it serves DHCP from it."""


@dataclass(slots=True)
class Contest:
    """All that claim one address."""

    claimants: dict[Mac, Claimant] = field(default_factory=dict)
    last: Mac = b""
    turns: Times = ()
    """When another spoke than the one before."""
    heard: dict[Mac, Mac] = field(default_factory=dict)
    """Who told each listener last; b"" for everybody."""
    disputes: Times = ()
    """When a listener heard another than before: a bond tells each client always the same."""
    doubled_at: float = -1e9
    """When two answered the same question of the same machine."""
    doubles: int = 0

    def duel(self, at: float) -> bool:
        """Return whether at least two claim it in turn, up to *at*."""
        back = len(self.turns) >= DUEL and at - self.turns[-DUEL] <= DUEL_S
        return back or at - self.doubled_at <= DUEL_S

    def asks_often(self, at: float) -> bool:
        """Return whether one of them asks everybody again and again; bonds do so rarely."""
        return any(
            len(one.asked) == TURNS_MAX and at - one.asked[0] <= SPELL_S
            for one in self.claimants.values()
        )

    def shouted(self, mac: Mac, at: float) -> bool:
        """Return whether *mac* claims it to everybody only, and a rival does so too, up to *at*."""
        one = self.claimants[mac]
        if one.loud < one.pushes:
            return False
        return any(at - rival.loud_at <= DUEL_S for rival in self.rivals(mac))

    def rivals(self, mac: Mac) -> list[Claimant]:
        """Return the others that were still about when *mac* first claimed it."""
        since = self.claimants[mac].first - MEMORY_S
        return [one for key, one in self.claimants.items() if key != mac and one.last >= since]

    def culprit(self, mac: Mac) -> Mac:
        """Return who stands behind the claims for *mac*: the sender, unless that is forged too."""
        one = self.claimants[mac]
        return one.by if not one.own and one.by not in self.claimants else mac


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
        if _sets_right(claim, contest):
            return None
        one = _claimant(contest, claim)
        if claim.at - one.last > SPELL_S:
            one.spell, one.count, one.proper = claim.at, 0, 0
            one.pushes, one.loud = 0, 0
        one.last, one.number, one.by = claim.at, claim.number, claim.by
        one.count += 1
        if claim.by == claim.mac:
            one.own += 1
            _keep(self._owned.of((claim.vlan, claim.mac)), claim.address, claim.at, OWNED_MAX)
        _turns(claim, contest)
        if claim.how == "advert":
            return None
        self._how(claim, contest, one)
        return contest

    def expect(self, vlan: int, address: Address, mac: Mac, at: float) -> None:
        """Take it for known that *mac* has *address*, as if it had spoken *at*."""
        self.of.of((vlan, address)).claimants[mac] = Claimant(
            *(at, at, at, mac), count=1, own=1, proper=1
        )

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
                one.announced = _late(one.announced, claim.at, ANNOUNCED_MAX)
        elif claim.how == "ask":
            one.proper += 1
            if not claim.to:
                one.asked = _late(one.asked, claim.at)
            elif self._push(claim).in_window(claim.at) == STREAK:
                one.pressed_at = claim.at
        elif self._solicited(claim, contest):
            one.proper += 1
        elif not _rebalanced(claim, contest):
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
        row.times = _late(row.times, claim.at, STREAK)
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


def _claimant(contest: Contest, claim: Claim) -> Claimant:
    """Return the claimant, as the one that spoke last."""
    one = contest.claimants.pop(claim.mac, None) or Claimant(claim.at)
    contest.claimants[claim.mac] = one
    if len(contest.claimants) > CLAIMANTS_MAX:
        del contest.claimants[next(iter(contest.claimants))]
    return one


def _turns(claim: Claim, contest: Contest) -> None:
    if contest.last not in (b"", claim.mac):
        contest.turns = _late(contest.turns, claim.at)
    contest.last = claim.mac
    if contest.heard.pop(claim.to, claim.mac) != claim.mac:
        contest.disputes = _late(contest.disputes, claim.at)
    contest.heard[claim.to] = claim.mac
    if len(contest.heard) > CLAIMANTS_MAX:
        del contest.heard[next(iter(contest.heard))]


def _sets_right(claim: Claim, contest: Contest) -> bool:
    """Return whether somebody says another's true MAC: a spoofer at his end, or an access point.

    arpspoof, ettercap and bettercap give victims the true address back before they stop. That
    must not be held against the owner whose MAC they say.
    """
    if claim.by == claim.mac:
        return False
    said = contest.claimants.get(claim.mac)
    sender = contest.claimants.get(claim.by)
    return bool(said and said.own) or bool(sender and sender.pushed)


def _rebalanced(claim: Claim, contest: Contest) -> bool:
    """Return whether it may be a bond, all of whose ports answer when one of them has asked.

    A gateway asks all the time, so that its questions excuse nobody.
    """
    return any(
        bool(one.asked)
        and claim.at - one.asked[-1] <= REBALANCED_S
        and not (len(one.asked) == TURNS_MAX and claim.at - one.asked[0] <= SPELL_S)
        for one in contest.claimants.values()
    )


def _late(times: Times, at: float, most: int = TURNS_MAX) -> Times:
    return (*times[1 - most :], at)


def _keep(rows: dict[Address, float], address: Address, at: float, room: int) -> None:
    """Set *address* as the latest of at most *room*."""
    rows.pop(address, None)
    rows[address] = at
    if len(rows) > room:
        del rows[next(iter(rows))]
