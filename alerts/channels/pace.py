"""How fast a robot may be spoken to: no more than so many messages in any window of time.

A sliding window, not a bucket that fills up: vendors count whole minutes, and a bucket lets twice
the number through within one. Time (ns) comes in.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from core.clock import SECOND


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `seconds`."""

    count: int
    seconds: float

    @property
    def window(self) -> int:
        """`seconds` in ns."""
        return int(self.seconds * SECOND)


class Pace:
    """Remembers when something was sent, as long as a limit asks."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        self._limits = tuple(limits)
        self._sent: deque[int] = deque()

    def wait(self, now: int, count: int = 1) -> int:
        """Return for how long (ns) to wait before *count* more may be sent, 0 for now.

        More than a limit has may go in portions only, so of them as many are asked for as it has.
        """
        self._forget(now)
        waits = [0]
        for limit in self._limits:
            wanted = min(count, limit.count)
            recent = [at for at in self._sent if at > now - limit.window]
            over = len(recent) + wanted - limit.count
            if over > 0:
                waits.append(recent[over - 1] + limit.window - now)
        return max(waits)

    def take(self, now: int) -> None:
        """Note that one is sent."""
        self._sent.append(now)

    def _forget(self, now: int) -> None:
        longest = max((limit.window for limit in self._limits), default=0)
        while self._sent and self._sent[0] <= now - longest:
            self._sent.popleft()
        if self._sent and self._sent[-1] > now:  # the clock was set back
            self._sent = deque(min(at, now) for at in self._sent)
