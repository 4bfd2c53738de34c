"""What the sensor is told of its network: what is ours, and what may look like an attack."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from agent.sensor.facts import Address, Mac
from agent.sensor.own import Own
from agent.sensor.roles import DEVICE, DHCP_SERVER, GATEWAY, INSIDE, OUTSIDE, RESOLVER

Subnet = IPv4Network | IPv6Network

VIRTUAL: Final = (
    b"\x00\x00\x5e\x00\x01",  # VRRP for IPv4, RFC 9568 §7.3
    b"\x00\x00\x5e\x00\x02",  # VRRP for IPv6
    b"\x00\x00\x0c\x07\xac",  # HSRP version 1
    b"\x00\x00\x0c\x9f\xf0",  # HSRP version 2, IPv4
    b"\x00\x05\x73\xa0\x00",  # HSRP version 2, IPv6
    b"\x00\x07\xb4\x00",  # GLBP
)
"""How hardware addresses begin that move from one router to another by design."""

ASKED_MAX: Final = 8192


PRIVATE: Final = {
    4: frozenset((0, 10, 100, 127, 169, 172, 192, 198, 203, *range(240, 256))),
    16: frozenset((0x00, 0x01, 0x20, 0x3F, 0x5F, *range(0xFC, 0x100))),
}
"""First bytes of IPv4 and IPv6 addresses that may be private; others are not. A flood comes from a
million addresses, and looking each of them up among IANA's costs as much as the rest together."""

FAR_EXAMPLES: Final = (IPv4Network("198.51.100.0/24"), IPv4Network("203.0.113.0/24"))
"""Of the three networks for documentation (RFC 5737) those that made-up captures use for what is
far away. Python counts them as private, and a real network has none of them."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the district runs itself; nothing that these do is an attack of the kind named."""

    scanners: frozenset[Address] = frozenset()
    """May scan ports, sweep addresses and try logins."""
    dhcp_servers: frozenset[Address] = frozenset()
    """Where any is named, every other DHCP server is a rogue; empty: those seen first are ours."""
    dhcp_relays: frozenset[Address] = frozenset()
    routers: frozenset[Address] = frozenset()
    """May send router advertisements; empty: those seen first are ours."""
    macs: frozenset[Mac] = frozenset()
    """May have several addresses, take them over and appear at several places (bonds, clusters)."""


@dataclass(frozen=True, slots=True)
class Network:
    """The school's network as configured or found on this machine; all of it may be empty.

    A capture comes without any of it: then detectors learn what they can from the frames.
    """

    subnets: tuple[Subnet, ...] = ()
    gateways: frozenset[Address] = frozenset()
    resolvers: frozenset[Address] = frozenset()
    devices: frozenset[Address] = frozenset()
    """The school's own devices (switches, cameras, projectors) by their address."""
    allowed: Allowed = field(default_factory=Allowed)
    own: Own = field(default_factory=Own, repr=False, compare=False)
    """What this machine does itself; it changes while the sensor runs."""
    _asked: dict[Address, bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Answers of `is_ours`, for which every detector asks of every frame."""

    def is_ours(self, address: Address) -> bool:
        """Return whether *address* is inside; with no subnets known, whether it is private.

        A link-local address never leaves its line, so it is inside whatever the subnets are.
        """
        known = self._asked.get(address)
        if known is None:
            if len(self._asked) >= ASKED_MAX:
                self._asked.clear()
            known = self._asked[address] = self._is_ours(address)
        return known

    def _is_ours(self, address: Address) -> bool:
        if not self.subnets and address[0] not in PRIVATE.get(len(address), ()):
            return False
        found = ip_address(address)
        if not self.subnets:
            return found.is_private and not any(found in far for far in FAR_EXAMPLES)
        if found.is_link_local or found.is_unspecified:
            return True
        return any(found in subnet for subnet in self.subnets)

    def role_of(self, address: Address) -> str:
        """Return the word of `agent.sensor.roles` for *address*; "" where it is not known (b"")."""
        if not address:
            return ""
        for role, those in (
            (GATEWAY, self.gateways),
            (RESOLVER, self.resolvers),
            (DHCP_SERVER, self.allowed.dhcp_servers),
            (DEVICE, self.devices),
        ):
            if address in those:
                return role
        return INSIDE if self.is_ours(address) else OUTSIDE


def is_virtual(mac: Mac, also: Collection[Mac] = ()) -> bool:
    """Return whether *mac* belongs to several machines by design (VRRP, HSRP, GLBP, *also*)."""
    return mac.startswith(VIRTUAL) or mac in also
