"""What is wrong with one advertisement: by itself, as one of a flood, or in another's name."""

from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final

from agent.sensor.facts import Address, Advert, Mac
from agent.sensor.network import Network
from agent.sensor.routers6 import SIX_TO_FOUR, Key, Router, Use, is_public
from agent.sensor.tables import Recent

HOPS: Final = 255
BURST: Final = 3
"""So many new routers within a second are a flood too; two may answer one machine that boots."""

Why = tuple[str, float, str]
"""What differs, how sure that is, and by what."""


def by_itself(fact: Advert, router: Router, use: Use, network: Network) -> Why | None:
    """Return what is wrong with an advertisement that no other one has to contradict."""
    listed = {one for one in network.allowed.routers if len(one) == 16}
    if listed:
        return None if router.address in listed else ("list", 0.95, "list")
    if fact.hops != HOPS:
        return "hops", 0.6, "hops"
    given = {one[0][:8] for one in fact.prefixes}
    if any(one.startswith(SIX_TO_FOUR) for one in given):
        return "prefix", 0.75, "6to4 prefix"
    ours = [one for one in network.subnets if one.version == 6 and is_public(one[0].packed)]
    public = [IPv6Address(one) for one, _, _ in fact.prefixes if is_public(one)]
    foreign = not any(one in subnet for one in public for subnet in ours)
    if ours and public and foreign and not fact.vlan and not router.lived:
        return "prefix", 0.8, "subnets"
    living = use.prefixes(router.first, 2)
    if router.adverts == 1 and living and given and living.isdisjoint(given):
        return "prefix", 0.7, "machines with another prefix"
    return None


class Flood:
    """The routers of one VLAN that are new."""

    def __init__(self, seconds: float) -> None:
        self._fresh: Recent[Key] = Recent(seconds, 1024)
        self._macs: Recent[Mac] = Recent(seconds, 1024)
        self._burst: Recent[Key] = Recent(1.0, 64)

    def add(self, router: Router, at: float, routers: int) -> int:
        """Note a new router; return how many are new, 0 while fewer than *routers* and no burst."""
        self._fresh.add(router.key, at)
        self._macs.add(router.mac, at)
        self._burst.add(router.key, at)
        count = self._fresh.count(at)
        return count if count >= routers or self._burst.count(at) >= BURST else 0

    def keys(self) -> Iterable[Key]:
        """Return the new routers."""
        return self._fresh.keys()

    @property
    def mac(self) -> Mac:
        """Return the MAC that all of them have, b"" where they have several."""
        macs = self._macs.keys()
        return macs[0] if len(macs) == 1 else b""


def made_of(address: Address, mac: Mac) -> bool:
    """Return whether the second half of *address* is made of *mac* (RFC 4291, appendix A)."""
    return address[8:] == bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:] if mac else False


def poser_first(one: Router, other: Router) -> tuple[Router, Router]:
    """Return who poses and who is posed as, of two with one address.

    A router's address is often made of its MAC; else whoever came later poses.
    """
    made = [made_of(router.address, router.mac) for router in (one, other)]
    if made[0] != made[1]:
        return (other, one) if made[0] else (one, other)
    return (one, other) if one.first > other.first else (other, one)
