"""What follows when the machine of the collector is set to another time: words, events, times."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from collector.books import Books
from collector.journal import Note
from collector.ownclock import Change, OwnClock
from core.clock import SECOND

STEP: Final = "clock_step"
BACK: Final = "clock_back"
MILLISECOND: Final = 1_000_000
SET_BACK: Final = 5 * SECOND
"""Records of one moment come in any order; by so much they are of a clock that was set back."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class ClockWatch:
    """Looks at `times` each second; what it has to tell waits while the disk refuses."""

    collector: str
    times: OwnClock
    books: Books
    _untold: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        last = self.books.journal.log.last
        by = self.times.now() - last.received if last else 0
        if by <= -SET_BACK:
            _log.error(
                "this machine's clock is %.0f s behind the last record of the audit log: it was "
                "set back while the collector did not run, or was ahead before. Check it "
                "now; agents follow it",
                -by / SECOND,
            )
            self._untold += self._went_back(by)

    async def look(self) -> None:
        """See whether the clock was set; raises what the journal raises."""
        for change in self.times.look():
            self._say(change)
            if change.what == "believed":
                self.books.live.shift(change.by)
                self.books.door.shift(change.by)
            self._untold += self._notes(change)
        if self._untold:
            await asyncio.to_thread(self._tell, list(self._untold))
            self._untold.clear()

    def _tell(self, notes: list[Note]) -> None:
        self.books.journal.note(*notes)
        self.books.journal.sync()

    def _say(self, change: Change) -> None:
        seconds = change.by / SECOND
        if change.what == "set":
            _log.error(
                "this machine's clock was set by %+.1f s. The collector keeps to the time before, "
                "and tells no agent the time, until the clock has stood for %.0f s",
                *(seconds, self.times.believed_after / SECOND),
            )
        elif change.what == "undone":
            _log.warning(
                "this machine's clock is what it was before it was set by %+.1f s", seconds
            )
        else:
            _log.error(
                "the collector's time was moved by %+.1f s, after its machine's clock; agents "
                "follow with their next receipts",
                seconds,
            )

    def _notes(self, change: Change) -> list[Note]:
        by = {"step_ms": change.by // MILLISECOND}
        if change.what == "set":
            return [self._note(STEP, by)]
        ended = {"believed": change.what == "believed"}
        notes = [self._note(STEP, ended, active=False)]
        if change.what == "believed" and change.by < 0:
            notes += self._went_back(change.by)
        return notes

    def _went_back(self, by: int) -> list[Note]:
        """Return what tells that the collector writes anew at times that it had before."""
        corrected = {"corrected_ms": by // MILLISECOND}
        return [self._note(BACK, corrected), self._note(BACK, {}, active=False)]

    def _note(self, kind: str, details: Mapping[str, Any], *, active: bool = True) -> Note:
        return Note(kind, f"collector/{self.collector}", "clock", details, active=active)
