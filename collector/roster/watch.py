"""Whether the roster's file changed: half a roster would close schools (core/watchedfile.py)."""

from pathlib import Path

from collector.roster.read import Roster, content_of, parse
from core.watchedfile import Unreadable, WatchedFile

__all__ = ["RosterFile", "Unreadable"]


class RosterFile(WatchedFile[Roster]):
    """The file at a path, as a roster."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, content_of, parse)
