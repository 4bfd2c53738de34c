"""The series of one school: what its machines read, and what the collector writes about it."""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from typing import Final

from alerts.targets.days import Day
from core.clock import SECOND
from core.lineprotocol import encode
from core.types import Reading, Value
from simulator.chance import Course
from simulator.conditions import Conditions
from simulator.course import SchoolCourse
from simulator.days import HOUR_S, Days, whole_hours
from simulator.district import HOST, School
from simulator.history.rolling import BEATS, Cheap, Source
from simulator.history.security import security_of
from simulator.history.text import ordered
from simulator.machine import Machine, within
from simulator.rooms import Room, is_on, rooms_of, truth_of
from simulator.series import Fields, Series
from simulator.truth import Interval

CALM_S: Final = 300
LIVELY_S: Final = 60
SEALED_EVERY_S: Final = 30
"""A batch of each agent."""
BATCHES_SINCE_S: Final = 1_735_689_600
"""2025-01-01: when made-up agents began to count."""


@dataclass(slots=True)
class MachineSeries:
    """One series of an agent's machine."""

    machine: Machine
    number: int
    measurement: str = field(init=False)
    tags: Mapping[str, str] = field(init=False)
    static: Fields = field(init=False)
    _series: Series = field(init=False)
    _minds: Callable[[Conditions], object] = field(init=False)
    _calm: dict[object, Cheap] = field(default_factory=dict)
    """Calm hours that were made before: there are few kinds of them."""
    _level: tuple[int, tuple[float, float, Course]] | None = None
    """How busy it was in the hour asked for last."""

    def __post_init__(self) -> None:
        one = self._series = self.machine.series[self.number]
        self.measurement, self.static = one.measurement, one.static
        self.tags = {**one.tags, **identity(self.machine.school, self.machine.agent)}
        self._minds = attrgetter(*one.minds) if one.minds else lambda _: ()

    def alike(self, there: Interval) -> object:
        """Return those of the conditions that the probe minds; None where nobody measures."""
        return self._minds(there.now) if there.measured_by(self.machine.agent) else None

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return the hour from the ends and the mean of its course."""
        level, by, course = self.machine.level(self.number, hour)
        if self._series.grows or self.machine.days.hour(hour).lively:
            return self._made(hour, there, level, by, course)
        key = course.number, level, self._minds(there.now)
        if (found := self._calm.get(key)) is None:
            found = self._calm[key] = self._made(hour, there, level, by, course)
        return found

    def _made(self, hour: int, there: Interval, level: float, by: float, course: Course) -> Cheap:
        read, start, now = self._series.read, hour * HOUR_S, there.now
        moving = ordered(
            read(within(level + by * course.lowest), start, now),
            read(within(level + by * course.highest), start + HOUR_S - 1, now),
            read(within(level + by * course.mean), start + HOUR_S // 2, now),
            read(within(level + by * course.last), start + HOUR_S - 60, now),
        )
        return Cheap(HOUR_S // self.step(hour), moving)

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return what the probe reads, where anybody measures."""
        moving = self.moving(at_s, there)
        return {} if moving is None else self.static | moving

    def moving(self, at_s: int, there: Interval) -> Fields | None:
        """Return the fields that change; None where nobody measures."""
        if not there.measured_by(self.machine.agent):
            return None
        hour, rest = divmod(at_s, HOUR_S)
        if self._level is None or self._level[0] != hour:
            self._level = hour, self.machine.level(self.number, hour)
        level, by, course = self._level[1]
        return self._series.read(within(level + by * course.values[rest // 60]), at_s, there.now)

    def step(self, hour: int) -> int:
        """Return how long values stay in *hour* (s)."""
        return LIVELY_S if self.machine.days.hour(hour).lively else CALM_S


@dataclass(slots=True)
class SchoolSeries:
    """What the collector writes of a school (`core/measurements/district.py`)."""

    school: School
    days: Days
    measurement: str = "school"
    tags: Mapping[str, str] = field(init=False)
    static: Fields = field(init=False)

    def __post_init__(self) -> None:
        one = self.school
        self.tags = {
            "region": one.region,
            "school": one.school,
            "area": one.area,
            "type": one.type,
        }
        self.static = {
            "name": one.name,
            "counts": 1,
            "agents": len(one.agents),
            "contracted_mbps": float(one.contracted),
            "target_mbps": float(one.target),
            "alerts_p4": 0,
        }

    def alike(self, there: Interval) -> object:
        """Return the state of the line and of what else is told."""
        disk = there.now.disk > 90
        return there.seen, there.cause, there.line, there.now.agent, disk, there.runs

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return an hour that is all school time or none."""
        start = hour * HOUR_S
        first, last = self.moving(start, there), self.moving(start + HOUR_S - 1, there)
        if first != last or self.moving(start + HOUR_S // 2, there) != first or not there.known:
            return None
        return Cheap(BEATS, ordered(first, last, first, last))

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return the point of *at_s*."""
        return self.static | self.moving(at_s, there)

    def moving(self, at_s: int, there: Interval) -> Fields:
        """Return the fields that change."""
        agents = len(self.school.agents)
        speaks = there.known and there.cause != "outside_only" and there.line != "down"
        up = agents if speaks else 0
        if speaks and not there.now.agent:
            up -= 1
        silent = not there.known and there.cause != ""
        now: Fields = {"state": there.seen, "cause": there.cause}
        if there.known:
            now["up"] = int(there.up)
        return now | {
            "known": int(there.known),
            "school_time": int(self.days.times.lessons(at_s * SECOND)),
            "agents_up": up,
            "agents_unknown": agents if silent or there.seen == "down" else 0,
            "alerts_p1": int(there.seen == "down"),
            "alerts_p2": int(silent and there.cause == "silent"),
            "alerts_p3": int(there.seen == "degraded") + int(there.now.disk > 90),
            "alerts_hidden": agents if there.seen == "down" else 0,
            "alerts_unacked": int(there.seen == "down"),
            "alerts_muted": 0,
            "alerts_overdue": 0,
        }

    def step(self, hour: int) -> int:
        """Return how long values stay in *hour* (s)."""
        return CALM_S


@dataclass(slots=True)
class RoomSeries:
    """What the collector writes of one of a school's rooms, of which this is the *first* or not."""

    school: School
    days: Days
    room: Room
    first: bool
    measurement: str = "room"
    tags: Mapping[str, str] = field(init=False)
    static: Fields = field(init=False)

    def __post_init__(self) -> None:
        one = self.school
        self.tags = {"region": one.region, "school": one.school, "room": self.room.room}
        self.static = {"name": self.room.name, "devices": 2}

    def alike(self, there: Interval) -> object:
        """Return how the room is."""
        return truth_of(self.room, there, first=self.first)

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return an hour in which it is known how the room is."""
        if truth_of(self.room, there, first=self.first).state == "unknown":
            return None
        one = self.moving(hour * HOUR_S, there)
        return Cheap(BEATS, ordered(one, one, one, one))

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return the point of *at_s*."""
        return self.static | self.moving(at_s, there)

    def moving(self, at_s: int, there: Interval) -> Fields:
        """Return the fields that change."""
        state, cause, device = truth_of(self.room, there, first=self.first)
        fields: Fields = {"state": state, "cause": cause, "device": device}
        known = int(state != "unknown")
        if known:
            fields["ready"] = int(state == "ready")
        if state == "ready":
            fields["on"] = int(is_on(self.days, at_s))
        return fields | {
            "known": known,
            "on_known": int(state == "ready"),
            "devices_ok": {"ready": 2, "not_ready": 1, "unknown": 0}[state],
            "devices_unknown": 0 if known else 2,
        }

    def step(self, hour: int) -> int:
        """Return how long values stay in *hour* (s)."""
        return CALM_S

    def days_on(self, course: SchoolCourse, start_s: int, stop_s: int) -> Iterator[bytes]:
        """Yield for each of the district's days how long its screen was seen to be on."""
        at = self.days.local(start_s).replace(hour=0, minute=0, second=0, microsecond=0)
        while (begins := int(at.timestamp())) < stop_s:
            at += timedelta(days=1)
            ends = min(int(at.timestamp()), stop_s)
            on = self._seconds(course, begins, ends, {"ready"}, in_use=True)
            day = self.days.times.day_at(begins * SECOND)
            lessons = self._lessons(day, ends)
            fields: dict[str, Value] = {
                "on_minutes": on // 60,
                "in_order_minutes": self._seconds(course, *lessons, {"ready"}) // 60,
                "known_minutes": self._seconds(course, *lessons, {"ready", "not_ready"}) // 60,
                "school_minutes": max(0, lessons[1] - lessons[0]) // 60,
            }
            yield encode(Reading("room_day", fields, begins * SECOND, self.tags))

    def _lessons(self, day: Day, ends: int) -> tuple[int, int]:
        """Return when lessons begin and end on *day* (s), which is played until *ends*."""
        if not day.spans:
            return ends, ends
        return day.spans[0][0] // SECOND, min(day.spans[-1][1] // SECOND, ends)

    def _seconds(
        self,
        course: SchoolCourse,
        begins: int,
        ends: int,
        states: Set[str],
        *,
        in_use: bool = False,
    ) -> int:
        """Return for how long the room was in one of *states*, in hours of use where asked."""
        return sum(
            max(0, min(one.stop, ends, (hour + 1) * HOUR_S) - max(one.start, begins, hour * HOUR_S))
            for hour in whole_hours(begins, ends)
            if not in_use or is_on(self.days, hour * HOUR_S)
            for one in course.during(hour)
            if truth_of(self.room, one, first=self.first).state in states
        )


@dataclass(slots=True)
class LedgerSeries:
    """What the collector's ledger says of one agent."""

    course: SchoolCourse
    agent: str = HOST
    measurement: str = "ledger"
    tags: Mapping[str, str] = field(init=False)
    static: Fields = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tags = identity(self.course.school, self.agent)
        self.static = {"missing": 0}

    def alike(self, there: Interval) -> object:
        """Return whether anything arrives; where not, since when."""
        speaks = self._speaks(there)
        return speaks, there.measured_by(self.agent), 0 if speaks else there.start

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return an hour from its ends."""
        start = hour * HOUR_S
        first, last = (self.moving(at, there) for at in (start, start + HOUR_S - CALM_S))
        middle = self.moving(start + HOUR_S // 2, there)
        return Cheap(BEATS, ordered(first, last, middle, last))

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return the point of *at_s*."""
        return self.static | self.moving(at_s, there)

    def moving(self, at_s: int, there: Interval) -> Fields:
        """Return the fields that change; what waits comes when the line is back."""
        sealed = (at_s - BATCHES_SINCE_S) // SEALED_EVERY_S
        measures, speaks = there.measured_by(self.agent), self._speaks(there)
        lasted = 0 if speaks else at_s - there.start
        waiting = lasted // SEALED_EVERY_S if measures else 0
        return {
            "batches": sealed - waiting,
            "explained": self.course.school.number % 7 % 3 * 2,
            "waiting": waiting,
            "silent_s": lasted + at_s % SEALED_EVERY_S,
        }

    def _speaks(self, there: Interval) -> bool:
        return there.measured_by(self.agent) and there.now.outward and there.now.broker

    def step(self, hour: int) -> int:
        """Return how long values stay in *hour* (s)."""
        return CALM_S


def identity(school: School, agent: str) -> dict[str, str]:
    """Return the tags that say whose a line is."""
    return {"region": school.region, "school": school.school, "agent": agent}


def sources_of(course: SchoolCourse) -> Iterator[Source]:
    """Yield every series of a school."""
    school = course.school
    for agent in school.agents:
        machine = Machine(school, course.days, agent)
        yield from (MachineSeries(machine, number) for number in range(len(machine.series)))
        yield LedgerSeries(course, agent)
    yield SchoolSeries(school, course.days)
    yield from rooms_series(course)
    yield from security_of(course)


def rooms_series(course: SchoolCourse) -> list[RoomSeries]:
    """Return the series of each room that is played."""
    return [
        RoomSeries(course.school, course.days, room, first=number == 0)
        for number, room in enumerate(rooms_of(course.school))
    ]
