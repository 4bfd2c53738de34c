"""Tables that never grow beyond their room, since whoever floods a network chooses the keys."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from math import log
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """A table of at most *room* keys: the one that was not asked for longest goes first.

    `lost` counts those that went, so that the sensor can say that it saw more than it could hold;
    not in a table that *turns* over in any network, as one of single questions does.
    """

    __slots__ = ("_counts", "_make", "_room", "_rows", "get", "lost")

    get: Callable[[K], V | None]
    """Returns what stands under a key, which counts as not asked for. The dictionary's own: this
    is asked several times of each frame, and a method around it would cost twice as much."""

    def __init__(self, room: int, make: Callable[[], V], *, turns: bool = False) -> None:
        self._room, self._make, self._counts = room, make, not turns
        self._rows: OrderedDict[K, V] = OrderedDict()
        self.get = self._rows.get
        self.lost = 0

    def of(self, key: K) -> V:
        """Return what stands under *key*, made where there is nothing yet."""
        row = self._rows.get(key)
        if row is None:
            row = self._make()
            self.put(key, row)
        else:
            self._rows.move_to_end(key)
        return row

    def put(self, key: K, value: V) -> None:
        """Set what stands under *key*."""
        rows = self._rows
        if key in rows:
            rows[key] = value
            rows.move_to_end(key)
            return
        rows[key] = value
        if len(rows) > self._room:
            rows.popitem(last=False)
            self.lost += self._counts

    def drop(self, key: K) -> None:
        """Forget *key*, where it is there."""
        self._rows.pop(key, None)

    def items(self) -> Iterator[tuple[K, V]]:
        """Yield every key and row, the one that was not asked for longest first."""
        yield from list(self._rows.items())

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._rows)


class Recent(Generic[K]):
    """Which different keys came within the last *seconds*: at most *room* of them are counted.

    Time comes from the facts. Past its room it counts no further: thresholds lie far below.
    """

    def __init__(self, seconds: float, room: int = 1024) -> None:
        self._seconds, self._room = seconds, room
        self._seen: OrderedDict[K, float] = OrderedDict()

    def add(self, key: K, at: float) -> bool:
        """Note *key* at *at*; return whether it is one that did not come lately."""
        self._forget(at)
        seen = self._seen
        new = key not in seen
        seen[key] = at
        if not new:
            seen.move_to_end(key)
        elif len(seen) > self._room:
            seen.popitem(last=False)
        return new

    def count(self, at: float) -> int:
        """Return how many different keys came within the window that ends at *at*."""
        self._forget(at)
        return len(self._seen)

    def keys(self) -> list[K]:
        """Return them, the one that came least lately first."""
        return list(self._seen)

    def _forget(self, at: float) -> None:
        seen, since = self._seen, at - self._seconds
        while seen:
            key = next(iter(seen))
            if seen[key] > since:
                return
            del seen[key]


class Distinct:
    """About how many different keys came, in *bits* / 8 bytes, whatever comes.

    Linear counting (Whang, Vander-Zanden, Taylor, ACM TODS 15, 1990): exact while few, within some
    percent up to about four times *bits*, and at most some eleven times.
    """

    __slots__ = ("_bits", "_map", "_ones")

    def __init__(self, bits: int = 4096) -> None:
        self._bits, self._map, self._ones = bits, bytearray(bits // 8), 0

    def add(self, key: Hashable) -> None:
        """Note *key*."""
        place, bit = divmod(hash(key) % self._bits, 8)
        if not self._map[place] & 1 << bit:
            self._map[place] |= 1 << bit
            self._ones += 1

    def count(self) -> int:
        """Return about how many different keys came."""
        empty = max(self._bits - self._ones, 1)
        return round(self._bits * log(self._bits / empty))


def tables_in(*parts: object) -> list[Bounded[Any, Any]]:
    """Return the tables that *parts* of the sensor consist of, each once; none that rows hold."""
    found: dict[int, Bounded[Any, Any]] = {}
    seen: set[int] = set()
    waiting = list(parts)
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Bounded):
            found[id(one)] = one
        elif type(one).__module__.startswith("agent.sensor."):
            names = (*getattr(type(one), "__slots__", ()), *getattr(one, "__dict__", ()))
            waiting += [getattr(one, name) for name in names]
    return list(found.values())
