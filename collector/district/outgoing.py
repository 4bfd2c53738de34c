"""Lines on their way into a store; while it is away they wait here, and the oldest go first."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from collector.store.base import Store

MOST: Final = 60_000
"""Lines: five hours of a thousand schools. What a longer outage leaves out are points of charts.

The days are in the collector's database, and are written whenever they change.
"""
AT_ONCE: Final = 2_000


class Outgoing:
    """Lines for the raw database, each point once, in their order."""

    def __init__(self, store: Store) -> None:
        self._store, self._lines = store, deque[bytes]()
        self.left_out = self.refused = 0

    def put(self, lines: Iterable[bytes]) -> None:
        """Have *lines* written with the next flush."""
        self._lines.extend(lines)
        while len(self._lines) > MOST:
            self._lines.popleft()
            self.left_out += 1

    def flush(self) -> None:
        """Write what waits; blocks, raises StoreError, and what was not written waits on."""
        while self._lines:
            some = [self._lines[number] for number in range(min(AT_ONCE, len(self._lines)))]
            self.refused += len(self._store.write(b"".join(some)))
            for _ in some:
                self._lines.popleft()

    @property
    def waiting(self) -> int:
        """How many lines wait."""
        return len(self._lines)


class Latest:
    """Lines that replace each other: of each point only the newest is worth writing."""

    def __init__(self, store: Store) -> None:
        self._store, self._lines = store, dict[object, bytes]()
        self.refused = 0

    def put(self, lines: Mapping[object, bytes]) -> None:
        """Have *lines* written with the next flush, each in place of what waits by its name."""
        self._lines.update(lines)

    def flush(self) -> None:
        """Write what waits; blocks, raises StoreError, and all of it waits on."""
        if self._lines:
            self.refused += len(self._store.write(b"".join(self._lines.values())))
            self._lines.clear()
