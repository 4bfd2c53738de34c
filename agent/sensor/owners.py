"""Whose a gateway's address is, beyond doubt: the process that comes next is told.

A process without a past sees of an attack that runs only the liar, where the gateway has nothing to
say meanwhile: then nobody owns what he claims, and lies prove little. With the owner's name three
of them are enough. Gateways that the agent itself knows, and no other machine: never a person's.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from agent.sensor.claims import Claim
from agent.sensor.contest import MEMORY_S, Contest
from agent.sensor.contests import FEW, Contests
from agent.sensor.facts import Address, Mac
from agent.sensor.network import Network

SURE_S: Final = 120.0
"""So long it has claimed the address, and nobody else for `MEMORY_S`."""
OWNERS_MAX: Final = 16


class Owner(NamedTuple):
    """That *address* belongs to *mac*: a gateway's, or of one of the two sides of a spoof."""

    vlan: int
    address: Address
    mac: Mac


class Owners:
    """Learns it from *contests*; what was *handed* over counts as heard *at* the start."""

    def __init__(
        self, contests: Contests, network: Network, handed: Iterable[Owner], at: float
    ) -> None:
        self._gateways = network.gateways
        self._sure: dict[tuple[int, Address], Mac] = {}
        for one in handed:
            if one.address in network.gateways:
                self._sure[(one.vlan, one.address)] = one.mac
            contests.expect(one.vlan, one.address, one.mac, at)
        contests.tell.append(self._heard)

    def known(self) -> tuple[Owner, ...]:
        """Return them."""
        return tuple(Owner(*key, mac) for key, mac in self._sure.items())

    def _heard(self, claim: Claim, contest: Contest | None) -> None:
        if contest is None or claim.address not in self._gateways or claim.by != claim.mac:
            return
        one = contest.claimants[claim.mac]
        if claim.at - one.first < SURE_S or not one.proper or one.pushed >= FEW:
            return
        others = (other for mac, other in contest.claimants.items() if mac != claim.mac)
        if any(claim.at - other.last < MEMORY_S for other in others):
            return
        key = (claim.vlan, claim.address)
        if key in self._sure or len(self._sure) < OWNERS_MAX:
            self._sure[key] = claim.mac
