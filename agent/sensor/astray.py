"""Whom the sensor believes about gateways and name servers while somebody leads its machine astray.

The machine takes its own from DHCP and router advertisements, as every victim does. Believed at
once, the attacker would be the gateway by which the true servers are judged; and the process, begun
anew with it, would have forgotten the attack.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from msgspec.structs import replace

from agent.sensor.lines import Options
from core.types import Event, EventKey

ASTRAY: Final = frozenset(("rogue_dhcp", "rogue_ra"))
ACCUSED_MAX: Final = 256


@dataclass(slots=True)
class Astray:
    """Who was told of as such an attacker, since the agent began."""

    _accused: set[str] = field(default_factory=set)

    def told(self, event: Event) -> None:
        """Hear of an event of the sensor."""
        address = str((event.details.get("source") or {}).get("address", ""))
        if event.kind in ASTRAY and address and len(self._accused) < ACCUSED_MAX:
            self._accused.add(address)

    def believed(
        self, before: Options | None, now: Options, going_on: Iterable[EventKey]
    ) -> Options:
        """Return *now*, with gateways and name servers of *before* as far as an attack made them.

        While a rogue server or router is told of, or the machine follows one that was, that is all
        of them. One router advertisement makes a link-local gateway, and the process hears those
        itself.
        """
        if before is None:
            return self._without(now)
        follows = self._without(now) != now
        if follows or any(key.kind in ASTRAY for key in going_on):
            return replace(now, gateways=before.gateways, resolvers=before.resolvers)
        kept = [one for one in before.gateways if _advertised(one)]
        new = [one for one in now.gateways if not _advertised(one)]
        return replace(now, gateways=tuple(sorted({*kept, *new})))

    def _without(self, now: Options) -> Options:
        gateways, resolvers = (
            tuple(one for one in those if one not in self._accused)
            for those in (now.gateways, now.resolvers)
        )
        return replace(now, gateways=gateways, resolvers=resolvers)


def _advertised(gateway: str) -> bool:
    address = ip_address(gateway)
    return address.version == 6 and address.is_link_local
