"""The few lines that targets are made of, taken out of what agents send on its way past.

They are taken once the ledger has them, so none of them can be lost that its agent has deleted.
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
                self._lines.extend(_wanted(item.checked.body))
        over = len(self._lines) - MOST
        if over > 0:
            self.left_out += over
            del self._lines[:over]

    def take(self) -> list[bytes]:
        """Return what was heard since this was last asked."""
        taken, self._lines = self._lines, []
        return taken


def _wanted(body: bytes) -> Iterator[bytes]:
    for name in WANTED:
        start = 0 if body.startswith(name + b",") else body.find(b"\n" + name + b",") + 1
        while start or body.startswith(name + b","):
            end = body.find(b"\n", start)
            yield body[start : end if end >= 0 else None]
            found = body.find(b"\n" + name + b",", end if end >= 0 else len(body))
            if found < 0:
                break
            start = found + 1
