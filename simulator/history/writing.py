"""A district's history written into a store: schools by several processes, the rest by this one."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from typing import Final

from simulator.course import SchoolCourse, course_of
from simulator.days import HOUR_S
from simulator.district import School
from simulator.faults import Troubles
from simulator.history.many import in_processes
from simulator.history.own import audit_series, canaries, collector_series, ended_alerts, events
from simulator.history.raw import raw_lines
from simulator.history.rolling import Found, Rolling, Source
from simulator.history.sink import Sink, Target
from simulator.history.sources import rooms_series, sources_of
from simulator.scenario import Scenario
from simulator.targets import Targets

RAW_DAYS: Final = 2
AT_ONCE: Final = 8
"""Schools that a process is given at a time."""

Told = Callable[[int, int, int], None]
"""Hears how many schools are done, of how many lines and bytes."""


Day = tuple[int, range]
"""When a day begins (s), and its hours."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time of a history in seconds since 1970: raw points from `raw` on, to before `stop`."""

    start: int
    raw: int
    stop: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a history came to."""

    schools: int
    lines: int
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Job:
    """What every process needs to know."""

    scenario: Scenario
    window: Window
    target: Target

    def troubles(self, schools: list[School]) -> Troubles:
        """Return what goes wrong; `+5m` of a scenario counts from where raw points begin."""
        return Troubles(self.scenario, schools, self.scenario.calendar(), self.window.raw)


def window(scenario: Scenario, days: float, now_s: int) -> Window:
    """Return the time of the last *days*, from a midnight of the district on."""
    zone = scenario.calendar().zone
    first = datetime.fromtimestamp(now_s, zone).date() - timedelta(days=max(0, round(days) - 1))
    start = int(datetime.combine(first, clock_time(), zone).timestamp())
    raw = max(start, (now_s - RAW_DAYS * 86_400) // HOUR_S * HOUR_S)
    return Window(start, raw, now_s)


def write(job: Job, processes: int, told: Told = lambda *_: None) -> Written:
    """Write the history; the points are the same however many *processes* share the work.

    Raises StoreBusy or StoreStopped where the store does not take it, and StartError where a
    process was killed; then the others end where they are.
    """
    began = time.monotonic()
    schools = job.scenario.district.schools
    # The district as a whole is one part, the longest: it comes first.
    parts = [
        range(0),
        *(range(one, min(one + AT_ONCE, schools)) for one in range(0, schools, AT_ONCE)),
    ]
    # SQLite takes one writer, and a few schools are done before another process has started.
    alone = processes == 1 or job.target.file is not None or schools <= AT_ONCE
    done = lines = size = 0
    for part, (of_part, bytes_of_part) in (
        _alone(job, parts) if alone else in_processes(write_part, job, parts, processes)
    ):
        done, lines, size = done + len(part), lines + of_part, size + bytes_of_part
        told(done, lines, size)
    return Written(schools, lines, size, time.monotonic() - began)


def _alone(job: Job, parts: list[range]) -> Iterator[tuple[range, tuple[int, int]]]:
    for part in parts:
        yield part, write_part(job, part)


def write_part(job: Job, numbers: range) -> tuple[int, int]:
    """Write what is of single schools, of the district where there are none.

    Returns how many lines and bytes that were.
    """
    schools = job.scenario.schools()
    with Sink(job.target) as sink:
        if numbers:
            write_schools(sink, job, schools, numbers)
        else:
            write_district(sink, job, schools)
    return sink.lines, sink.size


def write_schools(sink: Sink, job: Job, schools: list[School], numbers: range) -> None:
    """Write what is of single schools."""
    troubles, when = job.troubles(schools), job.window
    for number in numbers:
        course = _course(job, troubles, schools[number])
        write_school(sink, course, when)
        faults = troubles.of(course.school, when.start, when.stop)
        for line in events(course, faults, when.start, when.stop):
            sink.put("", line)
        for line in ended_alerts(course, faults, when.start, when.stop):
            sink.put("_1d", line)


def _course(job: Job, troubles: Troubles, school: School) -> SchoolCourse:
    return course_of(troubles, school, troubles.days, job.window.start, job.window.stop)


def write_school(sink: Sink, course: SchoolCourse, when: Window) -> None:
    """Write all series of one school."""
    days = list(by_day(course, when))
    for source in sources_of(course):
        write_series(sink, source, course, when, days)
    for room in rooms_series(course):
        for line in room.days_on(course, when.start, when.stop):
            sink.put("_1d", line)


def write_series(
    sink: Sink, source: Source, course: SchoolCourse, when: Window, days: list[Day]
) -> None:
    """Write one series: rolled up on all *days*, and raw at the end."""
    rolling = Rolling(source)
    for day, hours in days:
        found: list[Found] = []
        for hour in hours:
            one = rolling.hour(hour, course)
            found.append(one)
            if one is not None:
                sink.put("_1h", rolling.hour_line(hour, one))
        if line := rolling.day_line(day, found):
            sink.put("_1d", line)
    for line in raw_lines(source, course, when.raw, when.stop):
        sink.put("", line)


def by_day(course: SchoolCourse, when: Window) -> Iterator[Day]:
    """Yield each day of the district's zone with its whole hours that are over."""
    at = course.days.local(when.start)
    while (begins := int(at.timestamp())) < when.stop:
        at += timedelta(days=1)
        ends = min(int(at.timestamp()), when.stop)
        yield begins, range(begins // HOUR_S, ends // HOUR_S)


def write_district(sink: Sink, job: Job, schools: list[School]) -> None:
    """Write what is of the district as a whole."""
    troubles, when = job.troubles(schools), job.window
    courses = [_course(job, troubles, school) for school in schools]
    targets = Targets(courses, troubles.days)
    for line in targets.ended(when.start, when.stop):
        sink.put("_1d", line)
    for line in targets.live(when.raw, when.stop):
        sink.put("", line)
    for line in canaries(job.scenario.district.regions[0], when.raw, when.stop):
        sink.put("", line)
    agents = sum(len(school.agents) for school in schools)
    days = list(by_day(courses[0], when))
    for series in (collector_series(agents), audit_series(agents)):
        write_series(sink, series, courses[0], when, days)
