"""The few lines that targets are made of, taken out of what agents send on its way past.

They are taken once the ledger has them and wait in memory for the next turn: a collector that is
killed loses those of its last minute, of which the readings themselves are in the store.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from collector.sorting import Item

WANTED: Final = (b"http_response", b"bandwidth", b"agent")
MOST: Final = 500_000
"""Lines that wait for the next turn, which comes each minute; a backlog at full speed is less."""


class Tap:
    """Lives in the event loop; looks for the few without taking the many apart."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self.left_out = 0

    def heard(self, items: Sequence[Item]) -> None:
        """Hear of messages whose lines are durable and accounted."""
        for item in items:
            if item.checked and item.checked.good:
                self._lines.extend(wanted_in(item.checked.body))
        over = len(self._lines) - MOST
        if over > 0:
            self.left_out += over
            del self._lines[:over]

    def take(self) -> list[bytes]:
        """Return what was heard since this was last asked."""
        taken, self._lines = self._lines, []
        return taken


def wanted_in(body: bytes) -> Iterator[bytes]:
    """Give the lines of *body* that are wanted, without their newlines."""
    for name in WANTED:
        start = 0 if body.startswith(name + b",") else _next(body, name, 0)
        while start >= 0:
            end = body.find(b"\n", start)
            if end < 0:
                yield body[start:]
                break
            yield body[start:end]
            start = _next(body, name, end)


def _next(body: bytes, name: bytes, after: int) -> int:
    """Return where the next line of *name* begins from the end of a line on, -1 for nowhere."""
    found = body.find(b"\n" + name + b",", after)
    return found + 1 if found >= 0 else -1
