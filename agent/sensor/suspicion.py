"""What speaks against each of those that claim one address, in points.

A machine is accused when it has `GUILTY` points and no other that claims the address has as many.
Two that only answer and announce have none: that is a conflict, not an attack.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from agent.sensor.claims import Claim
from agent.sensor.contest import ANNOUNCED_MAX, DUEL_S, Claimant, Contest
from agent.sensor.contests import FEW, PUSH_WINDOW_S, Contests
from agent.sensor.facts import Address, Mac
from agent.sensor.gateways import Gateways
from agent.sensor.network import Network, is_virtual

GUILTY: Final = 2
UNASKED, FORGED, DISPUTED, DOUBLE, ANNOUNCED, PRESSED, ALSO = 3, 2, 3, 2, 3, 2, 1
"""Points: answers where nobody asked; speaks for a MAC that is not its own; claims several
addresses in turn with their owners; claims the gateway's in turn with it and has another that is
its own; announces again and again what another owns; asks one
machine again and again in another's name; and has an own one, or answers for several,
beside answering where nobody asked."""
TRUSTED: Final = 3
"""Points that a machine is given by who serves DHCP from the address, or got it by DHCP."""
MANY: Final = 5
PACE: Final = 5
"""So many times faster than the other is no pace of a host's questions."""
CROWD: Final = 6
CROWD_S: Final = 60.0
SETTLED_S: Final = 600.0
"""What a machine has done so long before any other claimed the address is its habit."""
ALONE_S: Final = 9.0
"""How long unasked answers must go on where no owner is seen: longer than arpspoof's goodbye."""
LINK_LOCAL_6: Final = b"\xfe\x80"


@dataclass(slots=True)
class Case:
    """Against one machine, about one address."""

    points: int = 0
    why: dict[str, int] = field(default_factory=dict)
    began: float = 0.0
    unasked: int = 0
    proper: int = 0
    pace_s: float = 1e9
    first: float = 0.0

    def add(self, points: int, began: float, **why: int) -> None:
        """Note what speaks against it, and the figure that shows it."""
        self.points += points
        self.why.update(why)
        self.began = min(self.began or began, began)


class Verdict(NamedTuple):
    """Who is accused; not `sure` where more is to be seen of one who has just begun to speak."""

    who: Mac
    case: Case
    sure: bool


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Judges by what *contests* and *gateways* hold; `answers`: see the detector `arp_spoof`."""

    contests: Contests
    gateways: Gateways
    network: Network
    answers: int

    def accused(self, claim: Claim, contest: Contest) -> Verdict | None:
        """Return the one whom most speaks against, where that is enough to accuse him."""
        if len(contest.claimants) == 1:
            one = contest.claimants[claim.mac]
            if one.own and not one.streak_s:
                return None
        cases = self._cases(claim, contest)
        ranked = sorted(cases.items(), key=lambda one: one[1].points, reverse=True)
        if not ranked or ranked[0][1].points < GUILTY:
            return None
        who, case = ranked[0]
        rest = [other for _, other in ranked[1:]]
        if rest and rest[0].points == case.points:
            return _of_two(ranked[0], ranked[1])
        proper = any(other.proper and other.unasked <= FEW for other in rest)
        newcomer = any(other.first < case.first for other in rest)
        sure = not rest or case.points > UNASKED or proper or newcomer
        return Verdict(who, case, sure)

    def crowd(self, claim: Claim, contest: Contest) -> int:
        """Return how many made-up machines say that a gateway is theirs; 0 for a few.

        Each speaks once or twice, so that nothing speaks against any of them.
        """
        if len(contest.claimants) < CROWD:
            return 0
        found = sum(
            one.pushes > 0 and not one.proper and claim.at - one.first <= CROWD_S
            for one in contest.claimants.values()
        )
        gateway = self.gateways.is_gateway(claim.address, claim.vlan, tuple(contest.claimants))
        return found if found >= CROWD and gateway else 0

    def is_gateway(self, claim: Claim, contest: Contest, who: Mac) -> bool:
        """Return whether the address is a gateway's, judged by all that claim it but *who*."""
        owners = tuple(mac for mac in contest.claimants if contest.culprit(mac) != who)
        return self.gateways.is_gateway(claim.address, claim.vlan, owners)

    def own(self, vlan: int, who: Mac) -> list[Address]:
        """Return addresses that are its own as far as can be known, the surest last."""
        claimed = [one for one, _ in self.contests.alone(vlan, who)]
        return claimed or [
            one
            for one in self.gateways.sends_from(vlan, who)
            if self.contests.of.get((vlan, one)) is None
        ]

    def is_proxy(self, claim: Claim, who: Mac) -> bool:
        """Return whether it is a gateway, which may answer for others (proxy ARP, RFC 1027)."""
        return any(
            self.gateways.is_named(address)
            for address, _ in self.contests.alone(claim.vlan, who)
            if address != claim.address
        )

    def _cases(self, claim: Claim, contest: Contest) -> dict[Mac, Case]:
        cases: dict[Mac, Case] = {}
        forged: dict[Mac, int] = {}
        allowed = self.network.allowed.macs
        for mac, one in contest.claimants.items():
            who = contest.culprit(mac)
            if is_virtual(mac, allowed) or is_virtual(who, allowed):
                continue
            case = cases.setdefault(who, Case(first=one.first))
            case.unasked += one.pushes
            case.proper += one.proper
            case.pace_s = min(case.pace_s, one.pace_s)
            self._judge(claim, contest, mac, case)
            if not one.own and one.by != mac:
                forged[who] = forged.get(who, 0) + one.count
                if forged[who] > 1 and len(contest.claimants) > 1 and "forged" not in case.why:
                    case.add(FORGED, one.spell, forged=forged[who])
            case.points -= TRUSTED if one.trusted else 0
        return cases

    def _judge(self, claim: Claim, contest: Contest, mac: Mac, case: Case) -> None:
        one, who = contest.claimants[mac], contest.culprit(mac)
        gateway = self.is_gateway(claim, contest, who)
        others = self._others(claim, one, who)
        rivals = bool(contest.rivals(mac))
        came = min((rival.first for rival in contest.rivals(mac)), default=one.first)
        settled = came - one.first > SETTLED_S
        if not gateway and contest.shouted(mac, claim.at):
            return  # each tells everybody that it is here: a conflict, unless it does more
        if claim.at - one.pushed_at <= DUEL_S and not settled:
            enough = one.pushed >= self.answers
            if enough if rivals else self._alone(claim, one, who, gateway and bool(others)):
                case.add(UNASKED, one.spell, unasked=one.pushes)
                if others:
                    case.add(ALSO, one.spell, own_addresses=len(others))
                if len(list(self.contests.pushes(claim.vlan, who))) > 1:
                    case.add(ALSO, one.spell)
        if not rivals or not contest.duel(claim.at) or self.is_proxy(claim, who):
            return
        duels = len(self.contests.duels(claim.vlan, who, claim.at))
        if duels > 1:
            case.add(DISPUTED, one.spell, disputed=duels)
        if settled:
            return
        if claim.at - one.pressed_at <= DUEL_S:
            case.add(PRESSED, one.spell, pressed=one.count)
        if gateway and any(at >= one.first for at in others.values()):
            case.add(DOUBLE, one.spell, own_addresses=len(others))
        said = one.announced
        if len(said) == ANNOUNCED_MAX and claim.at - said[0] <= PUSH_WINDOW_S:
            case.add(ANNOUNCED, one.spell, announced=len(said))

    def _alone(self, claim: Claim, one: Claimant, who: Mac, double: bool) -> bool:
        """Return whether it lies although no owner was seen.

        Machines with a guard against spoofing tell others their own address each second: only who
        does so for several addresses, or for the gateway's beside his own, is a liar.
        """
        if one.streak_s < ALONE_S:
            return False
        streaks = (row.streak_s > 0 for _, row in self.contests.pushes(claim.vlan, who))
        return double or sum(streaks) > 1

    def _others(self, claim: Claim, one: Claimant, who: Mac) -> dict[Address, float]:
        """Return the addresses that are its own beside this one, and when it last said so.

        An IPv6 machine has several anyway; only of the link-local ones it has one.
        """
        address = claim.address
        found = {
            other: at
            for other, at in self.contests.alone(claim.vlan, who)
            if other != address and _alike(other, address)
        }
        if found or len(address) != 4:
            return found
        return {
            other: one.first
            for other in self.gateways.sends_from(claim.vlan, who)
            if other[:3] == address[:3] and self.contests.of.get((claim.vlan, other)) is None
        }


def _of_two(one: tuple[Mac, Case], other: tuple[Mac, Case]) -> Verdict | None:
    """Return which of two with as many points is to be accused.

    Both answer where nobody asked: some gateways do, or the sensor does not see the questions;
    but those come at the pace of hosts that ask again. Else it is the one that came later.
    """
    if not ("unasked" in one[1].why or "unasked" in other[1].why):
        return None  # both defend the address, or two routers stand in for each other
    (old, senior), (new, newcomer) = sorted((one, other), key=lambda pair: pair[1].first)
    if senior.pace_s * PACE < newcomer.pace_s:
        return Verdict(old, senior, senior.unasked >= MANY)
    if newcomer.unasked >= MANY:
        return Verdict(new, newcomer, True)
    return Verdict(old, senior, False) if senior.unasked >= 2 * newcomer.unasked else None


def _alike(one: Address, other: Address) -> bool:
    if len(one) != len(other):
        return False
    return len(one) == 4 or (one.startswith(LINK_LOCAL_6) and other.startswith(LINK_LOCAL_6))
