"""Who is on duty at a moment, by the clock on the wall of the rota's zone. Pure.

A shift that goes past midnight belongs to the day on which it begins, so nobody changes in the
middle of a night; a clock that is put forward or back makes a shift an hour shorter or longer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from alerts.routing.config import (
    RotaConfig,
    ShiftConfig,
    day_of,
    moment_of,
    time_of,
)
from core import clock
from core.timefields import WEEKDAYS

DAY: Final = 1_440
WEEK: Final = 7 * DAY
"""Minutes."""


@dataclass(frozen=True, slots=True)
class _Shift:
    days: frozenset[int]
    begins: time
    ends: time
    members: tuple[str, ...]

    def day(self, there: datetime) -> date | None:
        """Return the day on which the shift began that holds *there*, None where none does."""
        today, now = there.date(), there.time()
        past_midnight = self.ends <= self.begins
        if (
            today.weekday() in self.days
            and now >= self.begins
            and (past_midnight or now < self.ends)
        ):
            return today
        yesterday = today - timedelta(days=1)
        if past_midnight and yesterday.weekday() in self.days and now < self.ends:
            return yesterday
        return None


class Rota:
    """One `[[rota]]` of the file; without a shift its members would be nobody."""

    def __init__(self, config: RotaConfig, zone: tzinfo) -> None:
        """Take what the file says; *zone* is the district's."""
        self._zone = ZoneInfo(config.zone) if config.zone else zone
        self._start, self._turn = day_of(config.start), config.turn_days
        self._shifts = tuple(_shift(one) for one in config.shift)
        self._swaps = tuple(
            (moment_of(one.begins), moment_of(one.ends), one.member) for one in config.swap
        )

    def on_duty(self, at: int) -> tuple[str, ...]:
        """Return the names of the receivers who are on duty at *at* (ns)."""
        there = clock.local(at, self._zone).replace(tzinfo=None)
        for begins, ends, member in self._swaps:
            if begins <= there < ends:
                return (member,)
        found = [self._member(one, day) for one in self._shifts if (day := one.day(there))]
        return tuple(dict.fromkeys(found))

    def _member(self, shift: _Shift, day: date) -> str:
        turn = (day - self._start).days // self._turn
        return shift.members[turn % len(shift.members)]


def gaps(config: RotaConfig) -> tuple[list[str], list[str]]:
    """Return when in a week nobody is on duty, and when more than one shift is, in words."""
    count = [0] * WEEK
    for shift in config.shift:
        for minute in _minutes(shift):
            count[minute] += 1
    nobody = [_said(*span) for span in _spans([not one for one in count])]
    several = [_said(*span) for span in _spans([one > 1 for one in count])]
    return nobody, several


def _shift(config: ShiftConfig) -> _Shift:
    days = frozenset(WEEKDAYS.index(day) for day in config.days)
    return _Shift(days, time_of(config.begins), time_of(config.ends), config.members)


def _minutes(shift: ShiftConfig) -> Iterator[int]:
    begins, ends = (
        60 * one.hour + one.minute for one in (time_of(shift.begins), time_of(shift.ends))
    )
    lasting = (ends - begins) % DAY or DAY
    for day in shift.days:
        first = WEEKDAYS.index(day) * DAY + begins
        yield from ((first + minute) % WEEK for minute in range(lasting))


def _spans(marked: list[bool]) -> Iterator[tuple[int, int]]:
    begins = None
    for minute, mark in enumerate([*marked, False]):
        if mark and begins is None:
            begins = minute
        if not mark and begins is not None:
            yield begins, minute
            begins = None


def _said(begins: int, ends: int) -> str:
    return f"{_word(begins)} to {_word(ends)}"


def _word(minute: int) -> str:
    day, rest = divmod(minute, DAY)
    return f"{WEEKDAYS[day % 7]} {rest // 60:02d}:{rest % 60:02d}"
