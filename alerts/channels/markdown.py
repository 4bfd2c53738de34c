"""A message as the little Markdown that WeCom and DingTalk know: pure.

What agents and people have written is made inert: neither knows an escape, and `<@all>` out of a
device's name would ring every telephone of the group.
"""

from collections.abc import Callable, Iterator
from typing import Final

from alerts.channels.pieces import Size, pieces
from alerts.channels.said import REPEATED, Item, Said

_INERT: Final = str.maketrans("<>[]*`#", "＜＞［］＊｀＃")
ROOM_FOR_NUMBER: Final = len(" (1/6)")

Write = Callable[[str], str]


def inert(text: str) -> str:
    """Return *text* without anything that Markdown would read."""
    return text.translate(_INERT)


def as_is(text: str) -> str:
    """Return *text*."""
    return text


def lines_of(said: Said, *, marked: bool) -> list[str]:
    """Return the lines below the headline; with *marked* as Markdown."""
    return [line for item in said.items for line in _item(item, said, marked=marked)]


def paged(said: Said, limit: int, size: Size, *, marked: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield headline and lines of each piece of at most *limit* bytes.

    Where a message is cut does not depend on whether it is marked as a repeat.
    """
    write = inert if marked else as_is
    top = write(said.headline)
    frame = [top, *(note for note in said.notes if note not in REPEATED), *REPEATED, said.foot]
    room = limit - sum(size(line) + 1 for line in frame) - ROOM_FOR_NUMBER
    groups = pieces(lines_of(said, marked=marked), room, size)
    for number, group in enumerate(groups, 1):
        count = f" ({number}/{len(groups)})" if len(groups) > 1 else ""
        yield top + count, [*(write(note) for note in said.notes), *group, said.foot]


def link(text: str, url: str) -> str:
    """Return a link; a bracket in *url* would end it."""
    return f"[{text}]({url.replace('(', '%28').replace(')', '%29')})"


def _item(item: Item, said: Said, *, marked: bool) -> Iterator[str]:
    write = inert if marked else as_is
    if item.title != said.short:
        yield f"**{write(item.title)}**" if marked else item.title
    yield from map(write, item.lines)
    if item.link:
        yield link(said.confirm, item.link) if marked else f"{said.confirm} {item.link}"
