"""What retention took away: `audit/removed`, one segment a line.

So that whoever finds no row 1 need not search the log for why; the proof is the row that it names.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from core import disk
from core.errors import LogDamaged

NAME: Final = "removed"


class Removed(msgspec.Struct, frozen=True):
    """A segment with the rows *first* to *last*; `row` is the record of its removal."""

    file: str
    first: int
    last: int
    sha256: str
    row: int


def removed_in(folder: Path) -> list[Removed]:
    """Return what was removed from the log in *folder*; raises LogDamaged, OSError."""
    with suppress(FileNotFoundError):
        try:
            lines = (folder / NAME).read_bytes().splitlines()
            return [msgspec.json.decode(line, type=Removed) for line in lines]
        except msgspec.DecodeError as error:
            raise LogDamaged(folder / NAME, 0, str(error)) from None
    return []


def note_removed(folder: Path, one: Removed) -> None:
    """Keep that *one* was removed, once; raises LogDamaged, OSError."""
    found = removed_in(folder)
    if all(one.file != other.file for other in found):
        data = b"".join(msgspec.json.encode(each) + b"\n" for each in (*found, one))
        disk.replace(folder / NAME, data, 0o644)


def removal_of(found: Sequence[Removed], row: int) -> Removed | None:
    """Return what took *row* away, None where retention did not."""
    return next((one for one in found if one.first <= row <= one.last), None)
