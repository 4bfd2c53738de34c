"""What was not let in, by its name: what the allow-list does not know, and numbers of persons.

The catalogue and the table of details are the allow-list (domain.md R-61). Names come from
payloads, so only so many are remembered, each short and without a number of a person; the rest is
counted together. Once a day the audit log is told what came, and from whom.
Watch it: curl -s http://127.0.0.1:8480/metrics | grep schoolwatch_dropped
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from collector.journal import Note
from core import persondata
from core.clock import SECOND
from core.types import Identity

What = Literal["measurement", "tag", "field", "detail", "person"]
"""An unknown measurement; an unknown tag, field, or detail of an event; a number of a person."""

MAX_NAMES: Final = 300
"""Names that are counted each by itself, of all kinds together."""
MAX_SENDERS: Final = 50
"""Senders that are named in what the audit log is told, for each of its records."""
MAX_TOLD: Final = 100
"""Names in one record of the audit log."""
OTHERS: Final = "others"
TELL_EVERY: Final = 86_400 * SECOND
MAX_NAME: Final = 80
_PLAIN: Final = re.compile(r"[^A-Za-z0-9_.:/\-]")
_KINDS: Final = {"unknown": "fields_dropped", "person": "person_data_removed"}


class Drop(NamedTuple):
    """One thing that was taken off; `name` is `measurement.field` or `kind.detail`."""

    what: What
    name: str


class Dropped:
    """Counts by name since the start, and by day for the audit log. In the event loop only."""

    def __init__(self) -> None:
        self._counts: Counter[Drop] = Counter()
        self._untold: Counter[Drop] = Counter()
        self._telling: Counter[Drop] = Counter()
        self._senders: dict[str, dict[str, None]] = {word: {} for word in _KINDS}
        self._told_at = 0

    def add(self, drops: Mapping[Drop, int], who: Identity) -> None:
        """Count *drops*, which *who* sent."""
        for drop, count in drops.items():
            one = self._named(drop)
            self._counts[one] += count
            self._untold[one] += count
            senders = self._senders[_word(drop)]
            if len(senders) < MAX_SENDERS:
                senders[str(who)] = None

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return every count as a counter `dropped_WHATs` with the name as its reason."""
        return {(f"dropped_{drop.what}s", drop.name): n for drop, n in self._counts.items()}

    def due(self, at: int) -> list[Note]:
        """Return what the audit log is to be told at *at* (ns), nothing before a day passed.

        After a clock that was set back nothing is known of the day: it is told at once.
        """
        if not self._untold or (self._told_at and 0 <= at - self._told_at < TELL_EVERY):
            return []
        self._telling = self._untold.copy()
        notes = (self._note(word) for word in _KINDS)
        return [note for note in notes if note]

    def told(self, at: int) -> None:
        """Hear that what was due at *at* is kept."""
        self._told_at = at
        self._untold -= self._telling  # more may have come meanwhile
        for senders in self._senders.values():
            senders.clear()

    def _note(self, word: str) -> Note | None:
        found = [(drop, n) for drop, n in self._untold.most_common() if _word(drop) == word]
        if not found:
            return None
        details: dict[str, Any] = {
            "count": sum(n for _, n in found),
            "names": {f"{drop.what} {drop.name}": n for drop, n in found[:MAX_TOLD]},
            "agents": list(self._senders[word]),
        }
        return Note(_KINDS[word], "allow-list", "", details)

    def _named(self, drop: Drop) -> Drop:
        plain = _PLAIN.sub("?", persondata.removed(drop.name)[:MAX_NAME])
        one = Drop(drop.what, plain)
        return one if one in self._counts or len(self._counts) < MAX_NAMES else _rest(one)


def _rest(drop: Drop) -> Drop:
    return Drop(drop.what, OTHERS)


def _word(drop: Drop) -> str:
    return "person" if drop.what == "person" else "unknown"
