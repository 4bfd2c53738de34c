"""What the sensor told of and what has not ended, over all its processes.

A process without a past tells again of what it sees; what it does not see again is over, once it
had time enough to see it.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from agent.conditions import Gone, Tellable, Update
from core import clock
from core.securitykinds import SENSED
from core.types import Event, EventKey

SPOOFS: Final = frozenset(("arp_spoof", "gateway_spoof"))


@dataclass(slots=True)
class GoingOn:
    """Tells of it by *tell*; `grace_s` after a process listens the rest is over."""

    tell: Callable[[Sequence[Tellable]], None]
    now: clock.Clock
    grace_s: float
    spoofs_grace_s: float
    """Of `SPOOFS`, counted from the same moment."""
    _open: set[EventKey] = field(default_factory=set)
    """What was told and has not ended, by this process or an earlier one."""
    _seen: set[EventKey] = field(default_factory=set)
    """Those of them that this process knows of."""

    def begin(self) -> None:
        """Hear that another process begins."""
        self._seen = set()

    def take(self, event: Event) -> None:
        """Hear what a process says."""
        known = event.key in self._open
        if event.active:
            self._open.add(event.key)
            self._seen.add(event.key)
            self.tell([Update(event) if known else event])
        else:
            self._open.discard(event.key)
            self._seen.discard(event.key)
            self.tell([event])

    async def after_grace(self, listens: asyncio.Event) -> None:
        """End what the process does not tell of, once it *listens* and had its time."""
        await listens.wait()
        await asyncio.sleep(self.grace_s)
        self._end_unseen(SENSED, {key for key in self._open if key.kind in SPOOFS})
        await asyncio.sleep(self.spoofs_grace_s - self.grace_s)
        self._end_unseen(SPOOFS, set())

    def _end_unseen(self, kinds: Iterable[str], waited_for: set[EventKey]) -> None:
        """End what of *kinds* this process has not told of; what an earlier agent told, too."""
        self._open = self._seen | waited_for
        self.tell([self._gone(kind) for kind in kinds])

    def _gone(self, kind: str) -> Gone:
        there = frozenset(key.subject for key in self._open if key.kind == kind)
        return Gone(kind, None, there.__contains__, self.now(), "not_seen_again")
