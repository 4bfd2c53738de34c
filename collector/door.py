"""Whether messages come in at all: without that, silence says nothing about an agent.

The collector may be cut off from the broker, or be held up by its own database or disk; in both
cases nobody is down, they are unknown, and the cause is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collector.verdicts import SILENT_AFTER, Cause
from core import clock
from core.clock import SECOND

HELD_UP_AFTER: Final = 30 * SECOND
"""A database that refuses for less than this holds nobody's picture up."""

ASLEEP_AFTER: Final = 30 * SECOND
"""A process that did nothing for longer was stopped, or its machine was."""

READINGS: Final = "readings"
"""What proves life; the other channel is `state`."""

EVENTS: Final = "events"
"""In trouble while the audit log cannot be written: no event is kept, or can be, without it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Since when messages are taken in (ns), 0 while they are not; then why, and since when.

    `before` is the last time before, from and until, that was long enough to find anybody silent.
    """

    since: int
    away: Cause
    away_since: int
    broker_connected: bool
    before: tuple[int, int] = (0, 0)


class Door:
    """Told by the two connections and by what stores their messages; asked by picture, readyz.

    *heard_until* is when an earlier process last heard of anybody (ns), 0 if it never did.
    """

    def __init__(self, now: clock.Clock = clock.now, *, heard_until: int = 0) -> None:
        self._now = now
        self._before = (0, heard_until)
        self._up: set[str] = set()
        self._open_since, self._closed_since = 0, now()
        self._troubles: dict[str, str] = {}
        self._held_since = self._awake_at = 0

    def connected(self, channel: str) -> None:
        """Hear that the connection of *channel* is up."""
        if channel == READINGS and channel not in self._up:
            self._open_since = self._now()
        self._up.add(channel)

    def disconnected(self, channel: str) -> None:
        """Hear that it is not."""
        if channel == READINGS and channel in self._up:
            self._closed_since = self._now()
            self._close(self._held_since if self._is_held_up() else self._closed_since)
        self._up.discard(channel)

    def troubled(self, channel: str, reason: str) -> None:
        """Hear why messages of *channel* cannot be kept for now; empty once they can again."""
        if channel == READINGS and not reason and self._is_held_up():
            self._close(self._held_since)
            self._open_since = self._now()
        if channel == READINGS and reason and channel not in self._troubles:
            self._held_since = self._now()
        self._troubles.pop(channel, None)
        if reason:
            self._troubles[channel] = reason

    def awake(self) -> None:
        """Hear every few seconds that the process runs.

        After a pause what came meanwhile is still unread: the door opens anew.
        """
        now, before = self._now(), self._awake_at
        self._awake_at = now
        if before and now - before > ASLEEP_AFTER:
            self._close(before)
            self._open_since = now

    def shift(self, by: int) -> None:
        """Move all times by *by* ns, after the clock that they were read from."""
        self._open_since += by if self._open_since else 0
        self._closed_since += by
        self._held_since += by
        since, until = self._before
        self._before = (since + by if since else 0, until + by if until else 0)
        self._awake_at += by if self._awake_at else 0

    def troubles(self) -> Mapping[str, str]:
        """Return why messages of each channel cannot be kept for now."""
        return dict(self._troubles)

    @property
    def trouble(self) -> str:
        """Why something cannot be kept for now; empty where all can."""
        return next(iter(self._troubles.values()), "")

    def opening(self) -> Opening:
        """Return whether messages are taken in at this moment."""
        both = len(self._up) == 2
        if READINGS not in self._up:
            return Opening(0, "broker", self._closed_since, both, self._before)
        if self._is_held_up():
            return Opening(0, "collector", self._held_since, both, self._before)
        return Opening(self._open_since, "", 0, both, self._before)

    def _close(self, at: int) -> None:
        if self._open_since and at - self._open_since > SILENT_AFTER:
            self._before = (self._open_since, at)

    def _is_held_up(self) -> bool:
        return READINGS in self._troubles and self._now() - self._held_since > HELD_UP_AFTER
