"""How the files of a kept log are called, and in which order they were written.

FOLDER/DEVICE/2026-11-28.log      today's, which grows
FOLDER/DEVICE/2026-11-27.log.gz   a day that was sealed; `zcat` shows it
FOLDER/DEVICE/2026-11-27.2.log.gz the second of a day: the clock said that day for too long
FOLDER/DEVICE/2026-11-27.tree     what finds a bad row in it (`tally.BLOCK`)
FOLDER/DEVICE/seals.jsonl         what each of them was when it was sealed
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from core.clock import SECOND

OPEN: Final = ".log"
SEALED: Final = ".log.gz"
TREE: Final = ".tree"
SEALS: Final = "seals.jsonl"
CHECKED: Final = "checked.json"
_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.([1-9]\d{0,5}))?(\.log|\.log\.gz)\Z")


class Day(NamedTuple):
    """A file by its day (UTC); `part` counts those of one day from 1. In the order of writing."""

    day: date
    part: int = 1

    def __str__(self) -> str:
        """Return the name without its ending."""
        return f"{self.day.isoformat()}.{self.part}" if self.part > 1 else self.day.isoformat()


def day_of(at: int) -> date:
    """Return the day (UTC) of *at* (ns)."""
    return datetime.fromtimestamp(at // SECOND, UTC).date()


def named(name: str) -> tuple[Day, str] | None:
    """Return the day and the ending of a file of ours; None of any other."""
    found = _NAME.match(name)
    if found is None:
        return None
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        return None
    return Day(day, int(found[2] or 1)), found[3]


def files(folder: Path, ending: str) -> Iterator[Day]:
    """Yield the days of which *folder* has a file with that ending, the first written first."""
    there = (named(path.name) for path in folder.iterdir())
    yield from sorted(one[0] for one in there if one and one[1] == ending)
