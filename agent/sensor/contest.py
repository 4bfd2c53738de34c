"""Who claims one address, how, and what that says of each of them.

Being first proves nothing: a capture may begin in the middle of an attack. What tells a man in the
middle from an owner is how he behaves: he answers again and again where nobody asked, speaks for
the addresses of others beside his own, or for a hardware address that is not his.
"""

from dataclasses import dataclass, field
from typing import Final

from agent.sensor.claims import Claim
from agent.sensor.facts import Mac

CLAIMANTS_MAX: Final = 8
"""Of one address; the one that has not claimed it for longest goes first."""
REBALANCED_S: Final = 3.0
"""A bond (balance-alb) tells each client its own MAC within 2 s of its question to everybody."""
DUEL: Final = 3
DUEL_S: Final = 120.0
"""So many turns within it: a failover and the way back are two."""
MEMORY_S: Final = 300.0
"""A rival that had been silent for so long when another came had gone: it was replaced."""
SPELL_S: Final = 60.0
STREAK: Final = 6
TURNS_MAX: Final = 4
ANNOUNCED_MAX: Final = 5

Times = tuple[float, ...]
"""In s since 1970; small, since an attacker chooses how many rows there are."""


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


def claimant_of(contest: Contest, claim: Claim) -> Claimant:
    """Return the claimant, as the one that spoke last."""
    one = contest.claimants.pop(claim.mac, None) or Claimant(claim.at)
    contest.claimants[claim.mac] = one
    if len(contest.claimants) > CLAIMANTS_MAX:
        del contest.claimants[next(iter(contest.claimants))]
    return one


def note_turn(claim: Claim, contest: Contest) -> None:
    """Note that another speaks than the one before, to everybody or to one listener."""
    if contest.last not in (b"", claim.mac):
        contest.turns = late(contest.turns, claim.at)
    contest.last = claim.mac
    if contest.heard.pop(claim.to, claim.mac) != claim.mac:
        contest.disputes = late(contest.disputes, claim.at)
    contest.heard[claim.to] = claim.mac
    if len(contest.heard) > CLAIMANTS_MAX:
        del contest.heard[next(iter(contest.heard))]


def sets_right(claim: Claim, contest: Contest) -> bool:
    """Return whether somebody says another's true MAC: a spoofer at his end, or an access point.

    arpspoof, ettercap and bettercap give victims the true address back before they stop. That
    must not be held against the owner whose MAC they say.
    """
    if claim.by == claim.mac:
        return False
    said = contest.claimants.get(claim.mac)
    sender = contest.claimants.get(claim.by)
    return bool(said and said.own) or bool(sender and sender.pushed)


def rebalanced(claim: Claim, contest: Contest) -> bool:
    """Return whether it may be a bond, all of whose ports answer when one of them has asked.

    A gateway asks all the time, so that its questions excuse nobody.
    """
    return any(
        bool(one.asked)
        and claim.at - one.asked[-1] <= REBALANCED_S
        and not (len(one.asked) == TURNS_MAX and claim.at - one.asked[0] <= SPELL_S)
        for one in contest.claimants.values()
    )


def late(times: Times, at: float, most: int = TURNS_MAX) -> Times:
    """Return *times* with *at* as the last of at most *most*."""
    return (*times[1 - most :], at)
