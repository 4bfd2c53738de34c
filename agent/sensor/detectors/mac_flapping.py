"""One hardware address that appears at two places in turn, as far as a single port can see it.

A switch sees a MAC move between its ports; one port of it does not. What it does see, where frames
come with VLAN tags (a trunk or a mirror of one), is a machine that lives in two VLANs in turn: a
cable or a bridge joins them, or two machines have one MAC. Routers, switches and servers on a trunk
have one MAC in many VLANs too, but another address in each: so only a machine that claims the same
IPv4 address, or asks for a DHCP lease, in both is told of. Moves between the ports of one VLAN and
between access points cannot be seen here: the switch says so (MACFLAP in its log).
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.sensor.claims import claims_of
from agent.sensor.detectors.base import detectors
from agent.sensor.facts import Address, Arp, Dhcp, Fact, Frame, Mac
from agent.sensor.incidents import Incidents, Sign
from agent.sensor.network import Network, is_virtual
from agent.sensor.shared import Shared
from agent.sensor.tables import Bounded, Recent

MACHINES_MAX: Final = 4096
LEASE: Final[Address] = b"dhcp"
FROM_CLIENT: Final = (1, 3, 8)
PLACES_MAX: Final = 4
MOVES_MAX: Final = 32


@detectors.add("mac_flapping")
@dataclass(frozen=True, slots=True)
class MacFlapping:
    """Thresholds.

    `moves` from one VLAN to the other within `window_s`: who takes his laptop from one room to
    another moves once, and back once.
    """

    moves: Annotated[int, Meta(ge=3, le=MOVES_MAX)] = 4
    window_s: Annotated[float, Meta(ge=5, le=3600)] = 60.0
    quiet_s: Annotated[float, Meta(ge=10, le=3600)] = 120.0

    def watch(self, shared: Shared, incidents: Incidents) -> "MacFlappingMachine":
        """Return a machine without a past."""
        return MacFlappingMachine(self, shared.network, incidents)


@dataclass(slots=True)
class _Places:
    """Where one MAC was: its VLAN, when it moved, and in which VLANs it claims what."""

    vlan: int = 0
    moves: tuple[float, ...] = ()
    claims: dict[Address, tuple[int, ...]] = field(default_factory=dict)


class MacFlappingMachine:
    """The state: the places of each MAC, and which machines move between which VLANs."""

    takes: ClassVar[tuple[type[Fact], ...]] = (Frame, Arp, Dhcp)

    def __init__(self, options: MacFlapping, network: Network, incidents: Incidents) -> None:
        self._options, self._network, self._incidents = options, network, incidents
        self.places = Bounded[Mac, _Places](MACHINES_MAX, _Places)
        self._moving = Bounded[tuple[int, int], Recent[Mac]](
            64, lambda: Recent(options.quiet_s, 256)
        )

    def take(self, fact: Fact) -> None:
        """Hear of a fact; frames without a tag say nothing of a place."""
        if not fact.vlan or not fact.src:
            return
        if isinstance(fact, Frame):
            self._seen(fact)
        elif isinstance(fact, Arp):
            for claim in claims_of(fact):
                if claim.mac == claim.by and claim.how in ("ask", "announce", "answer"):
                    self._claims(claim.by, claim.address, claim.vlan)
        elif isinstance(fact, Dhcp) and fact.message in FROM_CLIENT and fact.client == fact.src:
            self._claims(fact.src, LEASE, fact.vlan)

    def tick(self, now: float) -> None:
        """Nothing waits for time to pass."""

    def _claims(self, mac: Mac, address: Address, vlan: int) -> None:
        claims = self.places.of(mac).claims
        known = claims.get(address, ())
        if vlan not in known and (known or len(claims) < PLACES_MAX):
            claims[address] = (*known[1 - PLACES_MAX :], vlan)

    def _seen(self, frame: Frame) -> None:
        row = self.places.of(frame.src)
        before, row.vlan = row.vlan, frame.vlan
        if before in (0, frame.vlan):
            return
        row.moves = (*row.moves[1 - MOVES_MAX :], frame.at)
        moved = sum(frame.at - at <= self._options.window_s for at in row.moves)
        if moved < self._options.moves or not _one_machine(row, before, frame.vlan):
            return
        if is_virtual(frame.src, self._network.allowed.macs):
            return
        pair = (min(before, frame.vlan), max(before, frame.vlan))
        machines = self._moving.of(pair)
        machines.add(frame.src, frame.at)
        going_on = self._incidents.is_open("mac_flapping", pair)
        self._incidents.sign(
            Sign(
                *("mac_flapping", pair, frame.at, frame.number),
                count=1 if going_on else moved,
                confidence=0.8,
                evidence={
                    "moves": moved,
                    "machines": machines.count(frame.at),
                    "vlan": pair[0],
                    "other_vlan": pair[1],
                },
                began=row.moves[-moved],
                quiet_s=self._options.quiet_s,
                vlan=pair[0],
            )
        )


def _one_machine(row: _Places, one: int, other: int) -> bool:
    """Return whether it is the same in both VLANs, and not a router with an address in each."""
    addresses = [key for key in row.claims if key != LEASE]
    return len(addresses) <= 1 and any({one, other} <= set(at) for at in row.claims.values())
