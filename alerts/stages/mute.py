"""Whether people want to hear of it now: a silence, maintenance, or nobody is at school.

What is muted stands in the list with what mutes it, and is told exactly when that ends, if it still
lasts. A fault that waits for lessons does not wait where a live lesson of its room is near: then it
is told at once, and one severity higher.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from alerts.rules import Rule
from alerts.schooltime import SchoolTime, raised, severity
from alerts.silences import Silence
from alerts.step import Case, Step
from core.alerts import Alert
from core.clock import SECOND
from core.kind import Severity

WAITS: Final = frozenset(
    {
        "room_not_ready",
        "room_limited",
        "room_unknown",
        "device_fault",
        "device_unknown",
        "switch_down",
        "ap_down",
        "school_unknown",
    }
)
"""Rules of what nobody misses outside school time: many schools turn the mains of their rooms off
in the evening. P1, P2 and security never wait."""
IN_LESSONS: Final = frozenset({"school_unknown", "room_unknown", "device_unknown"})
"""Of those, rules that have to last in school time: machines that are switched off at night come
back some minutes after lessons began, and nobody is to hear of it each morning."""
CARRIES: Final = frozenset({"switch_down"})
"""Of those, rules of what all rooms of a school may hang on: any live lesson there counts."""
CALENDAR: Final = "calendar"
SILENCE: Final = "silence:"
MAINTENANCE: Final = "maintenance:"
LOOK_AGAIN: Final = int(timedelta(days=1).total_seconds()) * SECOND
"""A day ahead all live lessons and exams are known; what waits for longer is looked at again."""


@dataclass(slots=True)
class Mute:
    """`silences` are those in force, or to come; whoever changes them lets open cases be looked at
    again."""

    rules: Mapping[str, Rule]
    times: SchoolTime
    silences: Sequence[Silence] = field(default=())

    def run(self, step: Step, at: int) -> Step:
        """Note what mutes an alert; and while it waits for nothing, how bad it is by now."""
        case = step.case
        if case.alert.state not in ("firing", "keeping"):
            return step
        if case.alert.state == "firing" and not case.told and case.alert.key.rule in WAITS:
            worst = self._severity(case.alert, at)
            if worst != case.alert.severity:
                case = case.changed(severity=worst)
        muted_by = self._muted_by(case, at)
        if muted_by != case.alert.muted_by:
            case = case.changed(muted_by=muted_by)
        if muted_by and case.folds == "begin":
            # No summary has told of it yet, and none is to tell of it while it is muted.
            case = replace(case, told="", folds="")
        return step if case is step.case else replace(step, case=case)

    def again(self, case: Case, at: int) -> int:
        """Return when the calendar may say something else of a case (ns), 0 for never."""
        alert = case.alert
        if alert.state != "firing" or case.told or alert.key.rule not in WAITS:
            return 0
        school = alert.key.school
        moments = [self.times.begins(at, school), self.times.live(at, school, _lessons_of(alert))]
        if alert.key.rule in IN_LESSONS and self.times.lessons(at, school):
            moments.append(at + max(1, self._missing(alert, at)))
        return min([at + LOOK_AGAIN, *(one for one in moments if one)])

    def next_change(self, at: int) -> int:
        """Return when next a silence or a maintenance window begins or ends (ns), 0 for never."""
        moments = [
            moment
            for one in self.silences
            for moment in (one.begins_at, one.over_at)
            if moment > at
        ]
        windows = self.times.calendar.maintenance
        moments += filter(None, (one.next_change(at, self.times.zone) for one in windows))
        return min(moments, default=0)

    def _muted_by(self, case: Case, at: int) -> str:
        alert = case.alert
        for silence in self.silences:
            if silence.is_on(at) and silence.matchers.match(alert.key, alert.severity):
                return f"{SILENCE}{silence.number}"
        room = room_of(alert)
        for window in self.times.calendar.maintenance:
            if window.concerns(alert.key, room) and window.until(at, self.times.zone):
                return f"{MAINTENANCE}{window.row.name}"
        return CALENDAR if self._waits(case, at) else ""

    def _waits(self, case: Case, at: int) -> bool:
        """Return whether a fault that nobody was told of waits for lessons."""
        alert = case.alert
        if case.told or alert.key.rule not in WAITS:
            return False
        if self.times.lessons(at, alert.key.school):
            return alert.key.rule in IN_LESSONS and self._missing(alert, at) > 0
        return not self.times.is_live(at, alert.key.school, _lessons_of(alert))

    def _missing(self, alert: Alert, at: int) -> int:
        """Return for how much school time (ns) it has to last yet."""
        lasted = self.times.lasting(alert.began_at, at, alert.key.school)
        return self.rules[alert.key.rule].hold - lasted

    def _severity(self, alert: Alert, at: int) -> Severity:
        school, lessons = alert.key.school, _lessons_of(alert)
        found = severity(self.rules[alert.key.rule], at, self.times, school)
        live = lessons is not None and self.times.is_live(at, school, lessons)
        return raised(found) if live else found


def room_of(alert: Alert) -> str:
    """Return the room that an alert is about, "" where it is about none."""
    if alert.key.rule.startswith("room_"):
        return alert.key.target
    room = alert.details.get("room", "")
    return room if isinstance(room, str) else ""


def _lessons_of(alert: Alert) -> str | None:
    """Return the room whose lessons need it, "" for any of its school, None for none of them."""
    return room_of(alert) or ("" if alert.key.rule in CARRIES else None)
