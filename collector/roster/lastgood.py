"""The roster that a start goes on with: the district's file, or the copy of what was last taken."""

from pathlib import Path
from typing import Final

from collector.roster.read import Roster, read_roster
from core.errors import ConfigError

NAME: Final = "roster.last"
"""In the collector's folder (collector/lastgood.py)."""


def roster_at_start(file: Path, folder: Path) -> Roster:
    """Return what *file* says, or the roster that was taken last where it says nothing.

    Raises ConfigError where neither does. Why the file is not taken is recorded by the first look
    at it (collector/roster/keeper.py).
    """
    try:
        found = read_roster(file)
    except ConfigError:
        last = _last(folder)
        if last is None:
            raise
        return last
    return found if found.schools else _last(folder) or found


def _last(folder: Path) -> Roster | None:
    try:
        found = read_roster(folder / NAME)
    except ConfigError:
        return None
    return found if found.schools else None
