"""How many machines there are: counts, and never which (domain.md §11)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from agent.sensor.facts import Mac

HOUR_S: Final = 3600.0
HOURS: Final = 24
ROOM: Final = 4096
"""Hardware addresses held for an hour: a school has fewer, and a flood of made-up ones no end."""
LEAST: Final = 5
"""A smaller group could be a child (domain.md §11): it is not told."""

GROUP, LOCAL = 0x01, 0x02
"""Bits of the first byte, IEEE 802: of no single machine, and not given by a manufacturer, which
is how phones and tablets change theirs from network to network."""
MACHINE_MADE: Final = (b"\x52\x54\x00", b"\x02\x42")
"""How the addresses of virtual machines begin that bear that bit too: QEMU and Docker."""


@dataclass(slots=True)
class Census:
    """Hardware addresses that sent something in the last 24 hours, by the hour."""

    _hours: dict[int, set[Mac]] = field(default_factory=dict)
    _now: int = 0
    _seen: set[Mac] = field(default_factory=set)
    """Those of this hour."""
    flooded: bool = False
    """Whether an hour had more than there is room for: then the counts mean nothing."""

    def see(self, mac: Mac) -> None:
        """Note that *mac* sent a frame."""
        if mac not in self._seen and mac and not mac[0] & GROUP:
            if len(self._seen) < ROOM:
                self._seen.add(mac)
            else:
                self.flooded = True

    def tick(self, now: float) -> None:
        """Hear that it is *now* (s)."""
        hour = int(now // HOUR_S)
        if hour != self._now:
            self._now, self._seen, self.flooded = hour, set(), False
            self._hours[hour] = self._seen
            for old in [one for one in self._hours if not hour - HOURS < one <= hour]:
                del self._hours[old]

    def counts(self, infrastructure: Collection[Mac] = ()) -> dict[str, int]:
        """Return `machines`, `random_macs` and `infrastructure`, without groups too small to tell.

        Of what is infrastructure (gateways, servers, listed devices) every count may be told.
        """
        if self.flooded:
            return {}
        everyone: set[Mac] = set().union(*self._hours.values())
        random = sum(map(is_random, everyone))
        found = {"machines": len(everyone), "random_macs": random}
        told = {name: count for name, count in found.items() if count >= LEAST or not count}
        return {**told, "infrastructure": sum(mac in everyone for mac in infrastructure)}


def is_random(mac: Mac) -> bool:
    """Return whether a machine made *mac* up, as far as it shows."""
    return bool(mac[0] & LOCAL) and not mac.startswith(MACHINE_MADE)
