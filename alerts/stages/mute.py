"""Whether people want to hear of it now: a silence, maintenance, or nobody is at school.

What is muted stands in the list with what mutes it, and is told exactly when that ends, if it still
lasts. A fault that waits for lessons does not wait where a live lesson of its room is near: then it
is told at once, and one severity higher.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from alerts.rules import Rule, Sighted
from alerts.schooltime import SchoolTime, raised, severity
from alerts.silences import Silence
from alerts.step import Case, Step
from core.alerts import Alert
from core.clock import SECOND
from core.kind import Severity

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
        waits = self._rule(case.alert).waits_for_lessons
        if case.alert.state == "firing" and not case.told and waits:
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
        alert, rule = case.alert, self._rule(case.alert)
        if alert.state != "firing" or case.told or not rule.waits_for_lessons:
            return 0
        school, lessons = alert.key.school, _lessons_of(alert, rule)
        moments = [self.times.begins(at, school), self.times.live(at, school, lessons)]
        if rule.counts_in_lessons and self.times.lessons(at, school):
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
        room = room_of(alert, self._rule(alert))
        for window in self.times.calendar.maintenance:
            if window.concerns(alert.key, room) and window.until(at, self.times.zone):
                return f"{MAINTENANCE}{window.row.name}"
        return CALENDAR if self._waits(case, at) else ""

    def _waits(self, case: Case, at: int) -> bool:
        """Return whether a fault that nobody was told of waits for lessons."""
        alert, rule = case.alert, self._rule(case.alert)
        if case.told or not rule.waits_for_lessons:
            return False
        if self.times.lessons(at, alert.key.school):
            return rule.counts_in_lessons and self._missing(alert, at) > 0
        return not self.times.is_live(at, alert.key.school, _lessons_of(alert, rule))

    def _missing(self, alert: Alert, at: int) -> int:
        """Return for how much school time (ns) it has to last yet."""
        lasted = self.times.lasting(alert.began_at, at, alert.key.school)
        return self._rule(alert).hold - lasted

    def _severity(self, alert: Alert, at: int) -> Severity:
        rule, school = self._rule(alert), alert.key.school
        lessons = _lessons_of(alert, rule)
        found = severity(rule, at, self.times, school)
        live = lessons is not None and self.times.is_live(at, school, lessons)
        return raised(found) if live else found

    def _rule(self, alert: Alert) -> Rule:
        return self.rules[alert.key.rule]


def room_of(alert: Alert, rule: Rule) -> str:
    """Return the room that an alert is about, "" where it is about none."""
    if isinstance(rule.of, Sighted) and rule.of.kind.startswith("room_"):
        return alert.key.target
    room = alert.details.get("room", "")
    return room if isinstance(room, str) else ""


def _lessons_of(alert: Alert, rule: Rule) -> str | None:
    """Return the room whose lessons need it, "" for any of its school, None for none of them."""
    return room_of(alert, rule) or ("" if rule.carries_rooms else None)
