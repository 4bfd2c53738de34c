"""Lines on their way into a store; while it is away they wait here, and the oldest go first."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from collector.store.base import Store
from core.errors import StoreError

MOST: Final = 60_000
"""Lines: five hours of a thousand schools. What a longer outage leaves out are points of charts.

The days are in the collector's database, and are written whenever they change.
"""
AT_ONCE: Final = 2_000


class Rows(Protocol):
    """Where lines outlast this process; every method may raise sqlite3.Error."""

    def waiting(self) -> list[bytes]:
        """Return those that an earlier process could not write."""

    def wait(self, lines: Iterable[bytes], most: int) -> None:
        """Keep *lines* behind those that wait, and of all the last *most*."""

    def written(self) -> None:
        """Forget those that waited."""


class Outgoing:
    """Lines for the raw database, each point once, in their order.

    Where that is away they are kept in *rows*. Raises sqlite3.Error when made.
    """

    def __init__(self, store: Store, rows: Rows) -> None:
        self._store, self._rows, self._lines = store, rows, deque(rows.waiting())
        self._kept = len(self._lines)
        """So many lines, or more that were left out or written since, stand in the rows."""
        self._fresh: list[bytes] = []
        """Those that do not yet."""
        self.left_out = self.refused = 0

    def put(self, lines: Iterable[bytes]) -> None:
        """Have *lines* written with the next flush."""
        fresh = list(lines)
        self._lines.extend(fresh)
        self._fresh += fresh
        while len(self._lines) > MOST:
            self._lines.popleft()
            self.left_out += 1

    def flush(self) -> None:
        """Write what waits; blocks, raises StoreError, and what was not written waits on."""
        try:
            self._write()
        except StoreError:
            self._rows.wait(self._fresh[-MOST:], MOST)
            self._kept += len(self._fresh)
            self._fresh.clear()
            raise
        self._fresh.clear()
        if self._kept:
            self._rows.written()
            self._kept = 0

    def _write(self) -> None:
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
