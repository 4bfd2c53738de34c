"""The machines that a network rests on, by address: never those of people (domain.md §11)."""

from typing import Final, NamedTuple

from agent.sensor.facts import Address, Mac
from agent.sensor.tables import Bounded

PLACES_MAX: Final = 256


class Place(NamedTuple):
    """A piece of infrastructure; its address is b"" where only its hardware is known."""

    address: Address
    mac: Mac
    role: str


class Infrastructure:
    """What was seen of it."""

    def __init__(self) -> None:
        self._places = Bounded[tuple[Address, Mac], Place](PLACES_MAX, lambda: Place(b"", b"", ""))

    def add(self, place: Place) -> bool:
        """Note *place*; return whether it is new."""
        key = (place.address, place.mac)
        new = self._places.get(key) is None
        self._places.put(key, place)
        return new

    def places(self) -> list[Place]:
        """Return what is known of it."""
        return [place for _, place in self._places.items()]

    def macs(self) -> frozenset[Mac]:
        """Return its hardware addresses, for the census."""
        return frozenset(place.mac for place in self.places())
