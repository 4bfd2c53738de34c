"""A long message in pieces that a program takes: counted in bytes, cut between lines. Pure."""

from collections.abc import Callable, Sequence
from typing import Final

MOST_PIECES: Final = 6
"""Of one message; what is left says that there is more."""
CUT: Final = "…… / more on the page of alerts"

WORTH: Final = 100
"""Bytes of room in which it is worth to begin a line that is too long for any piece."""

Size = Callable[[str], int]


def utf8(text: str) -> int:
    """Return how many bytes *text* has on the wire."""
    return len(text.encode(errors="surrogatepass"))


def pieces(lines: Sequence[str], limit: int, size: Size = utf8) -> list[list[str]]:
    """Return *lines* in groups of at most *limit* bytes each, their line breaks counted.

    A line is cut only where it alone is too long, and a character never.
    """
    limit = max(limit, WORTH)
    groups: list[list[str]] = [[]]
    room = limit
    for line in lines:
        rest = line
        while size(rest) > room:
            if size(rest) > limit and room >= WORTH:
                end = _fitting(rest, room, size)
                groups[-1].append(rest[:end])
                rest = rest[end:]
            groups.append([])
            room = limit
        groups[-1].append(rest)
        room -= size(rest) + 1
    if len(groups) > MOST_PIECES:
        groups = [*groups[: MOST_PIECES - 1], [CUT]]
    return groups


def _fitting(line: str, limit: int, size: Size) -> int:
    """Return how many characters of *line* fit, one at least."""
    low, high = 1, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(line[:middle]) <= limit else (low, middle - 1)
    return low
