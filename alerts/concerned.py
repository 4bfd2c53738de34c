"""Which rules a thing concerns that is said at a place: looked up, however many rules there are.

A rule may be for some places only. Which those are is worked out once for each place that speaks,
and remembered.
"""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from alerts.rules import Rule

T = TypeVar("T")

MOST_PLACES: Final = 50_000
"""Pairs of a word and a place that are remembered; beyond, all are worked out anew."""


@dataclass(slots=True)
class Concerned(Generic[T]):
    """Rules by the word that they look for, a measurement or a kind of event."""

    _all: dict[str, list[tuple[Rule, T]]] = field(default_factory=dict)
    _there: dict[tuple[str, str], list[tuple[Rule, T]]] = field(default_factory=dict)

    def add(self, word: str, rule: Rule, of: T) -> None:
        """Let *rule* be found by *word*; all are added before the first question."""
        self._all.setdefault(word, []).append((rule, of))

    def at(self, word: str, place: str) -> list[tuple[Rule, T]]:
        """Return the rules that look for *word* at *place*."""
        if word not in self._all:
            return []
        found = self._there.get((word, place))
        if found is None:
            if len(self._there) >= MOST_PLACES:
                self._there.clear()
            found = [one for one in self._all[word] if one[0].places.hold(place)]
            self._there[word, place] = found
        return found
