"""What kind of hour it is in a district: lessons, a lunch break, a night, a holiday.

How busy a school's machines and lines are follows from it; when school time is, the alert rules
say (`alerts.schooltime`), so that truth and indicators mean the same.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.schooltime import SchoolTime

HOUR_S: Final = 3_600
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
HOLIDAYS: Final = (
    "01-01/01-01",
    "01-20/02-22",
    "05-01/05-05",
    "07-05/08-31",
    "10-01/10-07",
)
"""First and last day, month and day: the usual ones of a Chinese school year."""

ORIGIN: Final = date(2025, 1, 1)
"""Nothing is played that is older."""

_QUIET: Final = (0.03,)
"""Of a busy hour: what machines do while nobody is there."""
_MORNING: Final = (0.25, 0.8, 0.95, 1.0, 0.85)
_AFTERNOON: Final = (0.35, 0.5, 0.9, 0.95, 0.8, 0.45, 0.2, 0.12, 0.1)
_SCHOOL_DAY: Final = _QUIET * 7 + _MORNING + _AFTERNOON + _QUIET * 3
_QUIET_DAY: Final = _QUIET * 24
_DEMO: Final = (0.9,) * 24
LIVELY_FROM: Final = 0.2
SWITCHED_ON: Final = range(7, 19)
"""Hours in which machines run that somebody switches off for the night."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour: how busy it is, from 0 to 1, and whether machines run that have a night."""

    activity: float
    lively: bool
    switched_on: bool
    before: float
    """Busy hours since ORIGIN until it began, which counters are made of."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a district. With `always`, every hour is one of lessons: for demonstrations."""

    zone: ZoneInfo = SHANGHAI
    holidays: tuple[str, ...] = HOLIDAYS
    always: bool = False
    _times: dict[ZoneInfo, SchoolTime] = field(default_factory=dict)
    _hours: dict[int, Hour] = field(default_factory=dict)
    _busy: list[float] = field(default_factory=lambda: [0.0])

    def holiday(self, day: date) -> bool:
        """Tell whether *day* is one on which nobody is there."""
        short, whole = day.strftime("%m-%d"), day.isoformat()
        for span in self.holidays:
            first, _, last = span.partition("/")
            name = short if len(first) == len(short) else whole
            if first <= name <= (last or first):
                return True
        return False

    def lessons(self, day: date) -> bool:
        """Tell whether lessons are held on *day*."""
        return self.always or (day.weekday() < 5 and not self.holiday(day))

    def hour(self, number: int) -> Hour:
        """Return the hour *number* since 1970 (UTC)."""
        found = self._hours.get(number)
        if found is None:
            found = self._hours[number] = self._made(number)
        return found

    def busy(self, at_s: int) -> float:
        """Return the busy hours since ORIGIN until *at_s*."""
        number, rest = divmod(at_s, HOUR_S)
        hour = self.hour(number)
        return hour.before + hour.activity * rest / HOUR_S

    @property
    def times(self) -> SchoolTime:
        """School time as the alert rules and indicators have it without a calendar."""
        found = self._times.get(self.zone)
        return found or self._times.setdefault(self.zone, SchoolTime(self.zone))

    def local(self, at_s: float) -> datetime:
        """Return the time in the district."""
        return datetime.fromtimestamp(at_s, self.zone)

    def _made(self, number: int) -> Hour:
        there = self.local(number * HOUR_S)
        day = there.date()
        hours = self._activities(day)
        activity = hours[there.hour]
        on = self.always or (self.lessons(day) and there.hour in SWITCHED_ON)
        before = self._before(day) + sum(hours[: there.hour])
        return Hour(activity, activity >= LIVELY_FROM, on, before)

    def _activities(self, day: date) -> tuple[float, ...]:
        if self.always:
            return _DEMO
        return _SCHOOL_DAY if self.lessons(day) else _QUIET_DAY

    def _before(self, day: date) -> float:
        """Return the busy hours from ORIGIN until *day* began."""
        number = (day - ORIGIN).days
        while len(self._busy) <= number:
            last = ORIGIN + timedelta(days=len(self._busy) - 1)
            self._busy.append(self._busy[-1] + sum(self._activities(last)))
        return self._busy[max(0, number)]


def whole_hours(start_s: int, stop_s: int) -> range:
    """Return the hours that touch the time from *start_s* to *stop_s*."""
    return range(start_s // HOUR_S, -(-stop_s // HOUR_S))
