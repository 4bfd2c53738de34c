"""What the probe `ping` last found of its targets, for the probe `path` to go by.

A signal between the two, in place of a second stream of echo requests: a path is looked at in the
round after its target fell silent, by the very numbers that are reported, and `path` needs neither
rights nor names to look up. Neither probe knows the other: `agent/app.py` gives both the same one.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from core.echo import Address

ROUNDS: Final = 6
"""What loss is taken over: a minute, by the usual interval."""

MOST_TARGETS: Final = 200

Tags = Mapping[str, str]
Key = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Watched:
    """One series of `ping`: its last known address, and (sent, received) of its last rounds."""

    tags: Tags
    address: Address | None = None
    rounds: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=ROUNDS))

    def lost(self, percent: float) -> bool:
        """Tell whether at least *percent* were lost of late, or all in the last round."""
        sent, received = (sum(column) for column in zip(*self.rounds))
        return not self.rounds[-1][1] or 100 * (sent - received) >= percent * sent


@dataclass(slots=True)
class Trouble:
    """The targets of `ping` by their tags."""

    _watched: dict[Key, Watched] = field(default_factory=dict)

    def note(self, tags: Tags, address: Address | None, sent: int, received: int) -> None:
        """Take in a round; without an *address* the last one is kept, since that was asked."""
        key = _key(tags)
        if key not in self._watched and len(self._watched) >= MOST_TARGETS:
            return
        watched = self._watched.setdefault(key, Watched(tags))
        watched.address = address or watched.address
        watched.rounds.append((sent, received))

    def keep(self, series: Iterable[Tags]) -> None:
        """Forget all but *series*: what `ping` asks no more, after its configuration changed."""
        kept = {_key(tags) for tags in series}
        for key in self._watched.keys() - kept:
            del self._watched[key]

    def __iter__(self) -> Iterator[Watched]:
        """Go over what `ping` asked, in the order in which it was first asked."""
        return iter(list(self._watched.values()))


def _key(tags: Tags) -> Key:
    return tuple(sorted(tags.items()))
