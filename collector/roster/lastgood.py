"""A copy of the roster's file as it was last taken, whole, in the collector's own folder.

So that a start goes on with it where the district's file cannot be read: half saved, or on a
server that is away. It holds names and contacts of people, as the file does, so nobody but the
collector may read it.
"""

import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector.roster.read import Roster, read_roster
from core import disk
from core.errors import ConfigError

NAME: Final = "roster.last"

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class LastGood:
    """Blocks; one call at a time."""

    folder: Path
    _digest: str = field(default="", init=False)

    @property
    def path(self) -> Path:
        """Where the copy is."""
        return self.folder / NAME

    def read(self) -> Roster | None:
        """Return the roster that was taken last; None where there is none that can be read."""
        try:
            found = read_roster(self.path)
        except ConfigError:
            return None
        self._digest = found.digest
        return found if found.schools else None

    def keep(self, content: bytes) -> None:
        """Keep *content*; a disk that refuses is said, and it is tried again with the next file."""
        digest = hashlib.sha256(content).hexdigest()
        if digest == self._digest:
            return
        try:
            disk.replace(self.path, content, 0o600)
        except OSError as error:
            _log.warning("%s: the roster cannot be kept for the next start: %s", self.path, error)
            return
        self._digest = digest


def roster_at_start(file: Path, folder: Path) -> Roster:
    """Return what *file* says, or the roster that was taken last where it says nothing.

    Raises ConfigError where neither does. Why the file is not taken is recorded by the first look
    at it (collector/roster/keeper.py).
    """
    try:
        found = read_roster(file)
    except ConfigError:
        last = LastGood(folder).read()
        if last is None:
            raise
        return last
    return found if found.schools else LastGood(folder).read() or found
