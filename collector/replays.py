"""Captured messages that are sent again: keys of closed epochs, counted for each agent.

Pure but for its memory, which is bounded: of each agent as many keys as an event takes, and of so
many agents. A restart counts anew. An agent sends such keys too, a few where receipts were lost,
and many where its spool was put back from a copy; the event says whether it holds the epoch.
"""

from array import array
from dataclasses import dataclass, field
from typing import Final

from collector.journal import Note
from core.clock import SECOND
from core.types import BatchKey, Identity

WITHIN: Final = 3_600 * SECOND
MANY: Final = 100
"""More keys than that within WITHIN are an event; it is over when half of that is left."""
MAX_AGENTS: Final = 5_000
"""About 2 kB each; who was silent for longest goes."""


@dataclass(slots=True)
class _Seen:
    """The last keys of one agent, as hashes, each with the time (ns) at which it came last."""

    keys: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))
    many: bool = False

    def add(self, key: int, at: int) -> bool:
        """Take a key in; return whether they have become too many with it."""
        kept = [
            (old, when)
            for old, when in zip(self.keys, self.times)
            if old != key and at - WITHIN < when <= at
        ][-MANY:]
        kept.append((key, at))
        self.keys, self.times = (array("q", part) for part in zip(*kept))
        before, self.many = self.many, len(kept) > (MANY // 2 if self.many else MANY)
        return self.many and not before


class Replays:
    """Told of every key of a closed epoch that comes again; for the event loop."""

    def __init__(self) -> None:
        self._agents: dict[Identity, _Seen] = {}

    def heard(self, who: Identity, key: BatchKey, at: int, *, held: bool) -> Note | None:
        """Return the event where there are too many now; one, until it is over.

        *held* says that the agent's last birth names the epoch.
        """
        seen = self._agents.pop(who, None) or _Seen()
        self._agents[who] = seen
        if len(self._agents) > MAX_AGENTS:
            del self._agents[next(iter(self._agents))]
        if not seen.add(hash(key), at):
            return None
        details = {
            "keys": len(seen.keys),
            "within_s": WITHIN // SECOND,
            "last": {"epoch": key.epoch, "lane": key.lane, "seq": key.seq},
            "agent_names_epoch": held,
        }
        return Note("replay", str(who), "", details, f"{who} {at // WITHIN}")
