"""What the spool says of itself: that it drops, that a batch rotted, that a file was set aside.

Each is a condition that begins with the first loss. The first two end when nothing more was lost
for ten minutes and, for dropping, the spool is below 90 %: then one event a spell is sent, however
many batches go. The third lasts as long as the file that was set aside lies beside the spool,
because that is how long somebody has something to do.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from core import clock
from core.types import Event, EventKey, Value

DROPPING: Final = "spool_dropping"
CORRUPT: Final = "spool_corrupt"
SET_ASIDE: Final = "spool_set_aside"
SUBJECT: Final = "spool"

_log = logging.getLogger(__name__)

QUIET_S: Final = 600.0
ROOM_AGAIN: Final = 0.9
"""Dropping is over below this part of the limit."""

RESERVE_BYTES: Final = 64_000
"""Beyond the spool's limit, for the events about dropping alone."""

_KIND_OF: Final = {"full": DROPPING, "old": DROPPING, "corrupt": CORRUPT}
_SAID: Final = {
    "full": "is full, and drops the oldest batches",
    "old": "drops batches that are older than it keeps",
    "corrupt": "holds batches that cannot be read back, and drops them",
}
_SEVERITY: Final[dict[str, Literal["P2", "P3"]]] = {
    DROPPING: "P2",
    CORRUPT: "P3",
    SET_ASIDE: "P2",
}


@dataclass(slots=True)
class Trouble:
    """Makes the events; `agent` is their target. Whether one is open, the spool knows."""

    agent: str
    path: Path
    monotonic: clock.Monotonic = clock.monotonic
    _last: dict[str, float] = field(default_factory=dict)
    _lost: dict[str, int] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.monotonic()

    def key(self, kind: str) -> EventKey:
        """Return the key of the condition *kind* of this spool."""
        return EventKey(kind, self.agent, SUBJECT)

    def lost(self, why: str, batches: int, at: int) -> list[Event]:
        """Return the event that says so, none for what is lost on purpose (`refused`)."""
        kind = _KIND_OF.get(why)
        if kind is None or not batches:
            return []
        self._last[kind] = self.monotonic()
        self._lost[kind] = self._lost.get(kind, 0) + batches
        if kind not in self._said:
            self._said.add(kind)
            _log.error("spool %s %s", self.path, _SAID[why])
        return [self._event(kind, True, at, {"why": why})]

    def over(self, filled: float, at: int) -> list[Event]:
        """Return the end of what has passed; *filled* is the used part of the limit."""
        quiet = [kind for kind in (DROPPING, CORRUPT) if self._quiet(kind)]
        if DROPPING in quiet and filled >= ROOM_AGAIN:
            quiet.remove(DROPPING)
        for kind in self._said.intersection(quiet):
            self._said.discard(kind)
            _log.warning("spool %s: %d batches went, no more do", self.path, self._lost[kind])
        return [
            # Counted by this process only: the birth has the exact ranges.
            self._event(kind, False, at, {"batches": self._lost.pop(kind, 0)})
            for kind in quiet
        ]

    def set_aside(self, at: int) -> Event:
        """Return that files were set aside, or that none is left."""
        names = sorted(found.name for found in self._broken_files())
        details: dict[str, Value] = {"file": names[-1], "files": len(names)} if names else {}
        return self._event(SET_ASIDE, bool(names), at, details)

    def _broken_files(self) -> list[Path]:
        start = f"{self.path.name}.broken-"
        found = self.path.parent.glob("*.broken-*")
        return [path for path in found if path.name.removeprefix(start).isdigit()]

    def _quiet(self, kind: str) -> bool:
        return self.monotonic() - self._last.get(kind, self._started) >= QUIET_S

    def _event(self, kind: str, active: bool, at: int, details: dict[str, Value]) -> Event:
        return Event(
            *self.key(kind), active=active, severity=_SEVERITY[kind], at=at, details=details
        )
