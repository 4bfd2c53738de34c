"""What keeps an alert from people now: which alert explains it, or who silenced it and why, and
until when."""

import sqlite3
from dataclasses import dataclass, field
from typing import Final

from alerts import silences
from alerts.schooltime import SchoolTime
from alerts.silences import Silence
from alerts.stages.mute import CALENDAR, MAINTENANCE, SILENCE
from core.alerts import Alert


@dataclass(frozen=True, slots=True)
class Kept:
    """`until` (ns) is 0 where nobody knows; `by` is who silenced it, `why` the reason given."""

    until: int = 0
    by: str = ""
    why: str = ""


NOT_KEPT: Final = Kept()


@dataclass(slots=True)
class Keeper:
    """Answers for the alerts of one question, at `at` (ns); reads each silence once."""

    db: sqlite3.Connection
    times: SchoolTime
    at: int
    _silences: dict[int, Silence | None] = field(default_factory=dict)

    def kept(self, alert: Alert) -> Kept:
        """Return what mutes *alert*; NOT_KEPT where nothing does, or another alert hides it."""
        if alert.state == "ended" or alert.hidden_by:
            return NOT_KEPT
        if alert.muted_by.startswith(SILENCE):
            return self._silenced(alert.muted_by.removeprefix(SILENCE))
        if alert.muted_by.startswith(MAINTENANCE):
            name = alert.muted_by.removeprefix(MAINTENANCE)
            windows = [one for one in self.times.calendar.maintenance if one.row.name == name]
            until = max((one.until(self.at, self.times.zone) for one in windows), default=0)
            return Kept(until, why=windows[0].row.reason if windows else "")
        if alert.muted_by == CALENDAR:
            return Kept(self.times.begins(self.at, alert.key.school))
        return NOT_KEPT

    def _silenced(self, word: str) -> Kept:
        number = int(word) if word.isdecimal() else 0
        if number not in self._silences:
            self._silences[number] = silences.one(self.db, number)
        found = self._silences[number]
        return Kept(found.over_at, found.by, found.reason) if found else NOT_KEPT
