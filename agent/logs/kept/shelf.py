"""What the keeper knows of one device, and how far back its log goes."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from agent.logs.kept.book import Book
from agent.logs.kept.names import CHECKED
from core import disk
from core.clock import SECOND

DAY: Final = 86_400 * SECOND
SAYS_ROOM: Final = 7 * DAY
"""So long rows must have been kept before it is said for how long the room is enough."""


class Checked(msgspec.Struct, kw_only=True):
    """What is known of the files of a device beside their seals; in `checked.json`."""

    at: int = 0
    next: str = ""
    """The file that is checked next."""
    bad: dict[str, str] = {}
    told: int = 0
    """Up to this seal the district was told."""


@dataclass(slots=True)
class Shelf:
    """One device: its book, what waits for it, and what was told of it."""

    id: str
    book: Book
    held: list[tuple[int, bytes]] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)
    """Rows for which there was no room in memory."""
    checked: Checked = field(default_factory=Checked)
    is_ready: bool = False
    told: int = 0
    """Up to this seal the district was told since the start, or before by what the disk kept."""
    states: dict[str, bool] = field(default_factory=dict)
    dropped: int = 0
    days_checked: int = 0


def keeps(shelf: Shelf, days: int, at: int) -> Literal["kept", "young", "short"]:
    """Return whether the log goes back *days*, does not yet, or has lost what went further."""
    book, wanted = shelf.book, days * DAY
    oldest, began = book.oldest(shelf.checked.bad), book.began()
    if oldest and at - oldest >= wanted:
        return "kept"
    if began and (not oldest or at - began >= wanted or oldest - began >= DAY):
        return "short"
    return "young"


def room_days(shelves: Iterable[Shelf], most: int, at: int) -> float:
    """Return for how many days *most* bytes are enough at the rate of so far; 0 for unknown."""
    rate = 0.0
    for shelf in shelves:
        first = next((one.first for one in shelf.book.seals.values()), 0)
        if first and at - first >= SAYS_ROOM:
            rate += shelf.book.size / ((at - first) / DAY)
    return most / rate if rate else 0.0


def read_checked(folder: Path) -> Checked:
    """Return what stands in *folder*; where that cannot be read, all is told and checked anew."""
    try:
        return msgspec.json.decode((folder / CHECKED).read_bytes(), type=Checked)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Checked()


def keep_checked(shelf: Shelf) -> None:
    """Have what is known of *shelf* on the disk, as far as it takes it."""
    # A full disk is told where rows are lost; this is then told or checked once more after a start.
    with suppress(OSError):
        disk.replace(shelf.book.folder / CHECKED, msgspec.json.encode(shelf.checked), 0o600)
