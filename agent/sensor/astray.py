"""Whom the sensor believes about gateways and name servers while somebody leads its machine astray.

The machine takes its own from DHCP and router advertisements, as every victim does. Believed at
once, the attacker would be the gateway by which the true servers are judged; and the process, begun
anew with it, would have forgotten the attack.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

import msgspec

from agent.sensor.lines import Options
from core.types import EventKey

ASTRAY: Final = frozenset(("rogue_dhcp", "rogue_ra"))


def believed(before: Options, now: Options, going_on: Iterable[EventKey]) -> Options:
    """Return *now*, with gateways and name servers of *before* as far as an attack may make them.

    While a rogue server or router is told of, that is all of them. One router advertisement makes
    a link-local gateway, and the process hears of those itself.
    """
    if any(key.kind in ASTRAY for key in going_on):
        return msgspec.structs.replace(now, gateways=before.gateways, resolvers=before.resolvers)
    kept = [one for one in before.gateways if _advertised(one)]
    new = [one for one in now.gateways if not _advertised(one)]
    return msgspec.structs.replace(now, gateways=tuple(sorted({*kept, *new})))


def _advertised(gateway: str) -> bool:
    address = ip_address(gateway)
    return address.version == 6 and address.is_link_local
