"""Which receipts may check the clock: those that came back soon after the batch was first sent.

A receipt's `time` lies between the moment its batch was sent and the moment it arrived. That holds
for the first sending only: a batch that is sent again may be answered for its first copy. So what
counts was sealed on this connection, less than five seconds before it was sent, and answered in
less than five seconds; no batch is sent again as early as that.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from core.clock import SECOND
from core.types import BatchKey

SOON: Final = 5 * SECOND
REMEMBERED: Final = 60 * SECOND


@dataclass(slots=True)
class RoundTrips:
    """Remembers first sendings; all moments are in ns, `boot` and `arrived` of `clock.boottime`."""

    jumps: int = 0
    """How often the clock that gives `now` had been set when these trips began."""
    _since: int = 0
    _sent: dict[BatchKey, int] = field(default_factory=dict)

    def restart(self, since: int) -> None:
        """Forget everything: another connection, or another time."""
        self._since = since
        self._sent.clear()

    def follow(self, jumps: int, now: int) -> None:
        """Restart where the clock was set: what was sealed by another time is no measure.

        Else nothing would be one, after it was set back, until it comes to `_since` again.
        """
        if jumps != self.jumps:
            self.jumps = jumps
            self.restart(now)

    def sent(self, key: BatchKey, sealed_at: int, now: int, boot: int) -> None:
        """Note that *key* goes out at the moment *now*, before it is handed on."""
        for old in [old for old, at in self._sent.items() if boot - at > REMEMBERED]:
            del self._sent[old]
        if self._since <= sealed_at <= now < sealed_at + SOON:
            self._sent.setdefault(key, boot)

    def latest(self, keys: Iterable[BatchKey], arrived: int) -> int | None:
        """Return when the last of *keys* was sent, if their receipt came soon; else None."""
        sent = max((self._sent.pop(key, 0) for key in keys), default=0)
        return sent if sent and arrived - sent < SOON else None
