"""Whose lines the store refused lately: written alone, so that they cost nobody else a write.

A body with one line of the wrong type is written several times until that line is found. An agent
that has sent one will send more of them, so for ten minutes its lines do not share a body.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from core import clock
from core.types import Identity

ALONE_FOR_S: Final = 600.0


class Offenders:
    """Used in the event loop; remembers each for ten minutes after the last refused line."""

    def __init__(self, monotonic: clock.Monotonic = clock.monotonic) -> None:
        self._monotonic = monotonic
        self._until: dict[Identity, float] = {}

    def note(self, who: Identity) -> None:
        """Hear that a line of *who* was refused."""
        self._until[who] = self._monotonic() + ALONE_FOR_S

    def parted(self, lines: Mapping[Identity, Sequence[bytes]], parts: int = 1) -> list[bytes]:
        """Return the lines of everybody, in pieces, as the bodies in which to write them.

        What goes together makes about as many as *parts*; nobody's lines stand in two of them, so
        that bodies may be written in any order.
        """
        now = self._monotonic()
        self._until = {who: until for who, until in self._until.items() if until > now}
        together = [lines[who] for who in lines if who not in self._until]
        most = -(-sum(map(_size, together)) // parts)
        bodies: list[list[bytes]] = [[]]
        size = 0
        for pieces in together:
            if size >= most:
                bodies.append([])
                size = 0
            bodies[-1] += pieces
            size += _size(pieces)
        alone = [lines[who] for who in lines if who in self._until]
        return [body for body in map(b"".join, (*bodies, *alone)) if body]


def _size(pieces: Sequence[bytes]) -> int:
    return sum(map(len, pieces))
