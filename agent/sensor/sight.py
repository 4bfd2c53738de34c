"""What an interface can see of its network: all of it, only its own traffic, or nobody knows.

A switch sends a port what is for it, and what is for everybody. Unicast frames for others come on
a mirror port or a hub; a few come to any port while a switch does not know where a machine is.
So the share of foreign frames in the last hour tells one from the other, where enough came.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

Sees = Literal["all", "own", "unknown"]

WINDOW_S: Final = 3600.0
BUCKET_S: Final = 60.0
ENOUGH: Final = 200
"""Unicast frames looked at, before anything is said: an idle network proves nothing."""
ALL_FROM: Final = 10.0
"""% of foreign frames from which it sees all. Floods of a switch that forgot a machine stay far
below; the machine that listens gets little itself, also beside a backup of its own."""
OWN_BELOW: Final = 3.0
"""% under which it sees its own traffic only; between both it is said as before."""

UNSEEN: Final = (
    *("port_scan", "syn_flood", "worm_sweep", "password_guessing", "cleartext_login"),
    *("dns_tunnel", "malware_names", "mining_names", "mining_pool"),
)
"""Kinds of core.kinds that show in traffic between others, which only a mirror port brings."""


@dataclass(slots=True)
class Sight:
    """Counts sampled unicast frames of one interface by whom they were for."""

    promiscuous: bool = False
    """Without it the hardware keeps back what is for others, so that nothing else can be said."""
    sees: Sees = "unknown"
    _buckets: deque[list[float]] = field(default_factory=deque)
    """Of each minute: when it began, how many frames were looked at, and how many foreign ones and
    of all there were by that."""

    def add(self, now: float, own: int, foreign: int, frames: int) -> None:
        """Take in that of *frames* unicast frames *own* and *foreign* ones were looked at."""
        if not self._buckets or now >= self._buckets[-1][0] + BUCKET_S:
            self._buckets.append([now, 0, 0, 0])
        while self._buckets[0][0] <= now - WINDOW_S:
            self._buckets.popleft()
        looked = own + foreign
        if looked:
            bucket = self._buckets[-1]
            bucket[1] += looked
            bucket[2] += frames * foreign / looked
            bucket[3] += frames
        self.sees = self._judged()

    def foreign_share(self) -> float | None:
        """Return the share of foreign unicast frames in the last hour (%), None where unknown."""
        looked, foreign, frames = (sum(one[place] for one in self._buckets) for place in (1, 2, 3))
        return round(100 * foreign / frames, 2) if looked >= ENOUGH and frames else None

    def blind(self) -> tuple[str, ...]:
        """Return the kinds of events that may happen unseen here."""
        return () if self.sees == "all" else UNSEEN

    def forget(self) -> None:
        """Begin anew: it is another interface, or another cable."""
        self._buckets.clear()
        self.sees = "unknown"

    def _judged(self) -> Sees:
        share = self.foreign_share()
        if share is None:
            return "unknown"
        if share >= ALL_FROM:
            return "all"
        return "own" if share < OWN_BELOW else self.sees
