"""What was told of what is so: each change once, and of what flaps at most one each 10 s."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from core.clock import SECOND
from core.types import Value

V = TypeVar("V")

CALM_CHANGES: Final = 6
CALM_WITHIN: Final = 60 * SECOND
"""What changes more often than that flaps: then its state is told at most each 10 s."""
CALM_EVERY: Final = 10 * SECOND


@dataclass(slots=True)
class Calm:
    """Counts the changes of one thing, and says when it may be told of."""

    changes: list[int] = field(default_factory=list)
    told_at: int = 0

    def changed(self, at: int) -> None:
        """Hear that it changed."""
        self.changes = [*self._recent(at), at]

    def may_tell(self, at: int) -> bool:
        """Return whether it may be told of at *at*."""
        return len(self._recent(at)) <= CALM_CHANGES or at - self.told_at >= CALM_EVERY

    def details(self) -> dict[str, Value]:
        """Return what an event says of a thing that flaps, nothing of a calm one."""
        flaps = len(self.changes) > CALM_CHANGES
        return {"changes_per_minute": len(self.changes)} if flaps else {}

    def is_over(self, at: int) -> bool:
        """Return whether nothing changed so lately that it counts."""
        return not self._recent(at)

    def _recent(self, at: int) -> list[int]:
        return [one for one in self.changes if at - one < CALM_WITHIN]


@dataclass(frozen=True, slots=True)
class Change(Generic[V]):
    """One thing that is to be told: `before` is what was told last, None the first time."""

    key: str
    before: V | None
    now: V
    details: Mapping[str, Value]


@dataclass(slots=True)
class _Item(Generic[V]):
    now: V
    told: V | None = None
    calm: Calm = field(default_factory=Calm)


@dataclass(slots=True)
class Told(Generic[V]):
    """Values by key. One that is not seen any more keeps what it was."""

    _items: dict[str, _Item[V]] = field(default_factory=dict)

    def known(self) -> list[str]:
        """Return every key ever seen."""
        return list(self._items)

    def see(self, so: Mapping[str, V], at: int) -> Iterator[Change[V]]:
        """Take what is *so* at *at*; return what is to be told by now, and count it as told."""
        for key, value in so.items():
            item = self._items.get(key)
            if item is None:
                self._items[key] = _Item(value)
            elif item.now != value:
                item.now = value
                item.calm.changed(at)
        for key, item in self._items.items():
            if item.now != item.told and item.calm.may_tell(at):
                yield Change(key, item.told, item.now, item.calm.details())
                item.told, item.calm.told_at = item.now, at

    def forget(self, keys: Iterable[str], at: int) -> None:
        """Forget those of *keys* of which all was told, unless they flap: they never come back."""
        for key in keys:
            item = self._items.get(key)
            if item is not None and item.now == item.told and item.calm.is_over(at):
                del self._items[key]

    def waiting(self) -> bool:
        """Return whether something is to be told later, because it flaps."""
        return any(item.now != item.told for item in self._items.values())
