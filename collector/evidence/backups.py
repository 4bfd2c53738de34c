"""A copy of the log each day, where the configuration names a folder for it (domain.md R-43).

Only what is new is copied. That it was made is a row, and that it could not be made is one too,
each day; the drill that shows that the copy can be used is a person's: `schoolwatch audit drill`.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.evidence.copying import copy_log
from collector.journal import MOST_REASON, Journal, Note
from collector.retention import DAY
from core import clock
from core.errors import MonitorError

LOOK_EVERY_S: Final = 3_600
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class DailyCopy:
    """Copies the log to the folder *to*; blocks. None for no copy."""

    journal: Journal
    to: Path | None
    now: clock.Clock = clock.now
    _made_at: int = 0
    _failed_at: int = 0

    def look(self) -> None:
        """Make the copy where a day has passed; raises sqlite3.Error, StoreStopped."""
        now = self.now()
        if self.to is None or 0 <= now - self._made_at < DAY:
            return
        try:
            made = copy_log(self.journal.log.folder, self.to)
        except (MonitorError, OSError) as error:
            self._fail(str(error) or type(error).__name__, now)
            return
        self._made_at, self._failed_at = now, 0
        said = {"rows": made.rows, "root": made.root.hex(), "files": made.files}
        self._record(Note("backup_made", "audit", str(self.to), said))

    def _fail(self, reason: str, now: int) -> None:
        if 0 <= now - self._failed_at < DAY:
            return
        self._failed_at = now
        _log.error("the audit log could not be copied to %s: %s", self.to, reason)
        told = reason[:MOST_REASON]
        self._record(Note("backup_made", "audit", str(self.to), success=False, reason=told))

    def _record(self, note: Note) -> None:
        self.journal.note(note)
        self.journal.sync()
