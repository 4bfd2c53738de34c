"""What the sensor's next process is told: whose the addresses of gateways and of spoofers are.

In memory only, but for what stands in the events that are open. A process that was taken over could
lie here as it could in its events: so it is believed of gateways that the agent knows itself, and
of the two sides of a spoof that it has told of.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from agent.sensor.goingon import SPOOFS
from agent.sensor.lines import Figures, Owner
from core.types import Event, EventKey

LASTS_S: Final = 600.0
"""Later it may have been replaced without anybody who saw it."""
SPOOFS_MAX: Final = 256


@dataclass(slots=True)
class Handover:
    """By interface what its process said last of gateways and when; and the spoofs that go on."""

    _said: dict[str, tuple[float, tuple[Owner, ...]]] = field(default_factory=dict)
    _spoofs: dict[EventKey, dict[str, Owner]] = field(default_factory=dict)

    def heard(self, figures: Figures, gateways: Collection[str], now: float) -> None:
        """Hear what a process knows; *now* by a clock that nobody sets."""
        known = tuple(one for one in figures.owners if one.address in gateways)
        if known:
            self._said[figures.interface] = (now, known)

    def told(self, event: Event) -> None:
        """Hear of an event of this process, or of an earlier one that has not ended."""
        if event.kind not in SPOOFS:
            return
        if not event.active:
            self._spoofs.pop(event.key, None)
        elif event.key in self._spoofs or len(self._spoofs) < SPOOFS_MAX:
            sides = self._spoofs.setdefault(event.key, {})
            # Whom he poses as, and what is his own beside it: without both, his lies prove little.
            for side in ("target", "source"):
                if owner := _owner(event.details, side):
                    sides[side] = owner

    def to(
        self, gateways: Collection[str], now: float, going_on: Collection[EventKey]
    ) -> dict[str, tuple[Owner, ...]]:
        """Return what a process that starts *now* is told, while *going_on* are open."""
        self._spoofs = {key: sides for key, sides in self._spoofs.items() if key in going_on}
        known: dict[str, dict[tuple[int, str], Owner]] = {}
        for key, sides in self._spoofs.items():
            of = known.setdefault(key.target, {})
            of |= {(one.vlan, one.address): one for one in sides.values()}
        for name, (at, owners) in self._said.items():
            if now - at <= LASTS_S:
                of = known.setdefault(name, {})
                of |= {(one.vlan, one.address): one for one in owners if one.address in gateways}
        return {name: tuple(found.values()) for name, found in known.items()}


def _owner(details: Mapping[str, Any], side: str) -> Owner | None:
    """Return whose address is named there; None where it is not, or not in whole."""
    named = details.get(side) or {}
    try:
        ip_address(named.get("address", ""))
        words = {"address": named.get("address"), "mac": named.get("mac")}
        return msgspec.convert({**words, "vlan": details.get("vlan", 0)}, Owner)
    except (ValueError, msgspec.ValidationError):
        return None
