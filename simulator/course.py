"""What happened at one school in the time of the history, ready to be asked at any moment."""

from bisect import bisect_right
from dataclasses import dataclass, field

from simulator.days import HOUR_S, Days
from simulator.district import School
from simulator.faults import Troubles
from simulator.truth import Interval, history_of, intervals

REACH_S = 3_600
"""So long before its beginning the course of a school is known: values reach into an hour."""


@dataclass(slots=True)
class SchoolCourse:
    """The intervals of one school, from an hour before `start_s` to `stop_s`."""

    school: School
    days: Days
    intervals: list[Interval]
    _starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = [one.start for one in self.intervals]

    def follow(self, longer: "SchoolCourse") -> None:
        """Go on with what *longer* knows."""
        self.intervals, self._starts = longer.intervals, longer._starts

    def at(self, at_s: int) -> Interval:
        """Return what there is at *at_s*."""
        return self.intervals[max(0, bisect_right(self._starts, at_s) - 1)]

    def between(self, start_s: int, stop_s: int) -> list[Interval]:
        """Return what touches the time between, uncut."""
        first = max(0, bisect_right(self._starts, start_s) - 1)
        return self.intervals[first : bisect_right(self._starts, stop_s - 1)]

    def during(self, hour: int) -> list[Interval]:
        """Return what there is in *hour*."""
        return self.between(hour * HOUR_S, (hour + 1) * HOUR_S)


def course_of(
    troubles: Troubles, school: School, days: Days, start_s: int, stop_s: int
) -> SchoolCourse:
    """Return the course of *school* between two times."""
    faults = history_of(troubles, school, start_s - REACH_S, stop_s)
    found = intervals(school, faults, days, start_s - REACH_S, stop_s)
    return SchoolCourse(school, days, list(found))
