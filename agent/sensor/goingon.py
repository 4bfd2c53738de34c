"""What the sensor told of and what has not ended, over all its processes.

A process without a past tells again of what it sees; what it does not see again is over, once it
had time enough to see it.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.conditions import Gone, Tellable, Update
from core import clock
from core.securitykinds import SENSED
from core.types import Event, EventKey

SPOOFS: Final = frozenset(("arp_spoof", "gateway_spoof"))
QUIET_S: Final[Mapping[str, float]] = {
    "gateway_spoof": 600.0,
    "arp_spoof": 600.0,
    "rogue_dhcp": 600.0,
    "rogue_ra": 900.0,
    "port_scan": 900.0,
    "worm_sweep": 900.0,
    "password_guessing": 300.0,
    "ip_conflict": 300.0,
    "dns_tunnel": 300.0,
    "mining_pool": 600.0,
    "mining_names": 1800.0,
    "malware_names": 1800.0,
    "cleartext_login": 86_400.0,
}
"""How long an attack may show nothing and is not over, where that is longer than `grace_s`: as long
as its detector waits. A process without a past knows a spoofer by forged answers alone only after
minutes, when an owner or another victim has spoken too."""


@dataclass(slots=True)
class GoingOn:
    """Tells of it by *tell*; `grace_s` after a process listens the rest is over."""

    tell: Callable[[Sequence[Tellable]], None]
    now: clock.Clock
    grace_s: float
    open: set[EventKey]
    """What was told and has not ended, by this process or an earlier one."""
    quiet_s: Mapping[str, float] = field(default_factory=lambda: QUIET_S)
    _seen: set[EventKey] = field(default_factory=set)
    """Those of them that this process knows of."""

    def begin(self) -> None:
        """Hear that another process begins."""
        self._seen = set()

    def take(self, event: Event) -> None:
        """Hear what a process says."""
        known = event.key in self.open
        if event.active:
            self.open.add(event.key)
            self._seen.add(event.key)
            self.tell([Update(event) if known else event])
        else:
            self.open.discard(event.key)
            self._seen.discard(event.key)
            self.tell([event])

    async def after_grace(self, listens: asyncio.Event) -> None:
        """End what the process does not tell of, once it *listens* and had its time."""
        await listens.wait()
        waits = {kind: max(self.grace_s, self.quiet_s.get(kind, 0.0)) for kind in SENSED}
        waited = 0.0
        for wait_s in sorted(set(waits.values())):
            await asyncio.sleep(wait_s - waited)
            waited = wait_s
            self._end_unseen([kind for kind, of in waits.items() if of == wait_s])

    def _end_unseen(self, kinds: Collection[str]) -> None:
        """End what of *kinds* this process has not told of; what an earlier agent told, too."""
        self.open = {key for key in self.open if key.kind not in kinds or key in self._seen}
        self.tell([self._gone(kind) for kind in kinds])

    def _gone(self, kind: str) -> Gone:
        there = frozenset(key.subject for key in self.open if key.kind == kind)
        return Gone(kind, None, there.__contains__, self.now(), "not_seen_again")
