"""A piece of infrastructure that was not there before.

Infrastructure is what the configuration or DHCP names (gateways, name servers, the school's
devices), what serves DHCP or advertises itself as an IPv6 router, and what sends spanning tree
frames (switches, many access points). Told are a new switch, and another machine that has taken
over an address of infrastructure for good (a replaced one). A new DHCP server or IPv6 router is
`rogue_dhcp`'s and `rogue_ra`'s to tell; machines of people are only counted
(`agent.sensor.census`, to which this one says what is infrastructure).
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.claims import claims_of
from agent.sensor.detectors.base import detectors
from agent.sensor.facts import Address, Advert, Arp, Dhcp, Fact, Frame, Mac, Neighbour
from agent.sensor.incidents import Incidents, Party, Sign
from agent.sensor.infrastructure import Infrastructure, Place
from agent.sensor.network import Network, is_virtual
from agent.sensor.roles import DEVICE, DHCP_SERVER, GATEWAY, INSIDE
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded

SPANNING_TREE: Final = b"\x01\x80\xc2\x00\x00\x00"
FROM_SERVER: Final = (2, 5)
NAMED_MAX: Final = 64
WAITING_MAX: Final = 256


@detectors.add("new_device")
@dataclass(frozen=True, slots=True)
class NewDevice:
    """Thresholds.

    `learn_s`: what is seen in the first day is what there is; a capture is mostly shorter, and
    then nothing is new in it. `settle_s`: so long no other machine may claim the address, so that
    neither a failover on trial nor an attack is taken for a new device.
    """

    learn_s: Annotated[float, Meta(ge=0, le=2_592_000)] = 86_400.0
    settle_s: Annotated[float, Meta(ge=0, le=86_400)] = 600.0
    quiet_s: Annotated[float, Meta(ge=1, le=86_400)] = 60.0

    def watch(self, shared: Shared, incidents: Incidents) -> "NewDeviceMachine":
        """Return a machine without a past."""
        return NewDeviceMachine(self, shared.network, incidents)


@dataclass(slots=True)
class _Taken:
    """An address of infrastructure: who has it, and who may be about to have it."""

    mac: Mac = b""
    at: float = 0.0
    next: Mac = b""
    since: float = 0.0
    number: int = 0


class NewDeviceMachine:
    """The state: infrastructure, and who has which address of it."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Frame, Arp, Neighbour, Advert, Dhcp)

    def __init__(self, options: NewDevice, network: Network, incidents: Incidents) -> None:
        self._options, self._network, self._incidents = options, network, incidents
        self.infrastructure = Infrastructure()
        self._first = 0.0
        self._named = Bounded[Address, str](NAMED_MAX, lambda: GATEWAY)
        self._taken = Bounded[Address, _Taken](WAITING_MAX, _Taken)

    def take(self, fact: Fact) -> None:
        """Hear of a fact."""
        self._first = self._first or fact.at
        if isinstance(fact, Frame):
            if fact.dst == SPANNING_TREE and fact.src:
                self._switch(fact)
            return
        if isinstance(fact, Dhcp):
            self._dhcp(fact)
        elif isinstance(fact, Advert) and fact.lifetime:
            self.infrastructure.add(Place(fact.source, fact.link or fact.src, GATEWAY))
        if isinstance(fact, (Arp, Neighbour)):
            for claim in claims_of(fact):
                role = self._role(claim.address)
                if role and claim.how in ("ask", "answer", "announce") and claim.mac == claim.by:
                    self._claimed(claim.address, claim.mac, claim.at, claim.number)

    def tick(self, now: float) -> None:
        """Take for replaced what nobody else has claimed for long enough."""
        for address, row in self._taken.items():
            if row.next and now - row.since >= self._options.settle_s:
                new, row.mac, row.next = row.next, row.next, b""
                place = Place(address, new, self._role(address) or INSIDE)
                if self.infrastructure.add(place) and not self._learns(row.since):
                    self._tell(place, row.since, row.number)

    def _learns(self, at: float) -> bool:
        return at - self._first < self._options.learn_s

    def _role(self, address: Address) -> str:
        if self._named.get(address):
            return GATEWAY
        role = self._network.role_of(address)
        return role if role in ("gateway", "resolver", "dhcp_server", "device") else ""

    def _dhcp(self, said: Dhcp) -> None:
        if said.message not in FROM_SERVER:
            return
        for router in said.routers:
            self._named.of(router)
        if said.relay == bytes(4) and said.src:
            self.infrastructure.add(Place(said.source, said.src, DHCP_SERVER))

    def _switch(self, frame: Frame) -> None:
        place = Place(b"", frame.src, DEVICE)
        if self.infrastructure.add(place) and not self._learns(frame.at):
            self._tell(place, frame.at, frame.number)

    def _claimed(self, address: Address, mac: Mac, at: float, number: int) -> None:
        row = self._taken.of(address)
        if not row.mac:
            row.mac = mac
            self.infrastructure.add(Place(address, mac, self._role(address)))
        elif mac == row.mac:
            row.next = b""
        elif row.next != mac and not is_virtual(mac, self._network.allowed.macs):
            row.next, row.since, row.number = mac, at, number

    def _tell(self, place: Place, at: float, number: int) -> None:
        self._incidents.sign(
            Sign(
                *("new_device", (place.address, place.mac), at, number),
                source=Party(place.address, place.mac, role=place.role),
                confidence=0.7,
                evidence={"infrastructure": len(self.infrastructure.macs())},
                quiet_s=self._options.quiet_s,
            )
        )
