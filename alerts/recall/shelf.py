"""Where what is remembered of series stands: by rule, bounded as a whole and for each place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from alerts.recall.samples import Series
from core.alerts import AlertKey

MOST_SERIES: Final = 50_000
MOST_OF_ONE_PLACE: Final = 500
"""Series that are remembered, of all rules; what is beyond is counted, and nothing said of it."""

T = TypeVar("T", bound=Series)


@dataclass(slots=True)
class Shelf:
    """`refused` counts what there was no room for."""

    refused: int = 0
    _of: dict[str, dict[AlertKey, Series]] = field(default_factory=dict)
    _of_place: dict[str, int] = field(default_factory=dict)
    _size: int = 0

    def find(self, key: AlertKey) -> Series | None:
        """Return what is remembered of *key*."""
        return self._of.get(key.rule, {}).get(key)

    def of(self, rule: str) -> Iterator[tuple[AlertKey, Series]]:
        """Give all of one rule; what is dropped meanwhile is given too."""
        return iter(tuple(self._of.get(rule, {}).items()))

    def get(self, key: AlertKey, make: Callable[[], T]) -> Series | None:
        """Return the same, made where there is none; None where there is no room for it."""
        found = self.find(key)
        if found is not None:
            return found
        if self._of_place.get(key.place, 0) >= MOST_OF_ONE_PLACE or self._size >= MOST_SERIES:
            self.refused += 1
            return None
        made = make()
        self._put(key, made)
        return made

    def drop(self, key: AlertKey) -> None:
        """Forget *key*."""
        if self._of.get(key.rule, {}).pop(key, None) is None:
            return
        self._size -= 1
        self._of_place[key.place] -= 1
        if not self._of_place[key.place]:
            del self._of_place[key.place]

    def unheard(self, before: int) -> list[tuple[AlertKey, Series]]:
        """Return what said nothing since *before* (ns)."""
        return [one for there in self._of.values() for one in there.items() if one[1].at < before]

    def take_over(self, before: "Shelf", rule: str) -> None:
        """Go on with what *before* remembered for *rule*."""
        for key, series in before.of(rule):
            self._put(key, series)

    def move(self, by: int) -> None:
        """Hear that the clock was set by so much (ns): what was ten minutes ago still is."""
        for there in self._of.values():
            for series in there.values():
                series.move(by)

    def _put(self, key: AlertKey, series: Series) -> None:
        self._of.setdefault(key.rule, {})[key] = series
        self._of_place[key.place] = self._of_place.get(key.place, 0) + 1
        self._size += 1
