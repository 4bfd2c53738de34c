"""How many machines there are: infrastructure by its address, all others by their number only.

Phones and laptops make up another hardware address for each network or day, which bears the
locally-administered bit (IEEE 802-2014 §8.4): they are counted apart, since one machine may be
several. Virtual machines bear that bit too, with a beginning that is known.
"""

from typing import Final, NamedTuple

from agent.sensor.facts import Address, Mac
from agent.sensor.network import is_virtual
from agent.sensor.tables import Bounded, Recent

DAY_S: Final = 86_400.0
MACHINES_MAX: Final = 16_384
INFRASTRUCTURE_MAX: Final = 256
SEEN_AGAIN_S: Final = 60.0
LOCAL: Final = 2
MACHINE_MADE: Final = (b"\x52\x54\x00", b"\x02\x42")
"""QEMU and Docker."""


class Figures(NamedTuple):
    """A day's census."""

    machines: int
    """Hardware addresses seen within 24 h, random ones too."""
    random_macs: int
    infrastructure: int
    full: bool
    """Whether there were more than can be counted."""


class Place(NamedTuple):
    """A piece of infrastructure: an address b"" where only its hardware is known."""

    address: Address
    mac: Mac
    role: str


class Census:
    """Counts; what it keeps of others than infrastructure never leaves it but as a number."""

    def __init__(self, room: int = MACHINES_MAX) -> None:
        self._room = room
        self._machines = Recent[Mac](DAY_S, room)
        self._random = Recent[Mac](DAY_S, room)
        self._lately = Bounded[Mac, float](1024, float)
        self._places = Bounded[tuple[Address, Mac], Place](
            INFRASTRUCTURE_MAX, lambda: Place(b"", b"", "")
        )

    def see(self, mac: Mac, at: float) -> None:
        """Note that *mac* sent a frame."""
        if not mac or mac[0] & 1 or mac == bytes(6):
            return
        if at - self._lately.of(mac) < SEEN_AGAIN_S:
            return
        self._lately.put(mac, at)
        self._machines.add(mac, at)
        if is_random(mac):
            self._random.add(mac, at)

    def place(self, place: Place) -> bool:
        """Note a piece of infrastructure; return whether it is new."""
        key = (place.address, place.mac)
        new = self._places.get(key) is None
        self._places.put(key, place)
        return new

    def infrastructure(self) -> list[Place]:
        """Return what is known of it."""
        return [place for _, place in self._places.items()]

    def figures(self, now: float) -> Figures:
        """Return the census of the 24 h up to *now*, by the clock of the facts."""
        machines = self._machines.count(now)
        macs = {place.mac for place in self.infrastructure()}
        return Figures(machines, self._random.count(now), len(macs), machines >= self._room)


def is_random(mac: Mac) -> bool:
    """Return whether a machine made *mac* up, as far as it shows."""
    return bool(mac[0] & LOCAL) and not mac.startswith(MACHINE_MADE) and not is_virtual(mac)
