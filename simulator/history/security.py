"""What the collector writes of security events (`security`, `security_school`), as a past."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.kinds import kind_of
from simulator.attacks import confidence_of
from simulator.conditions import ATTACKS, AttackKind
from simulator.course import SchoolCourse
from simulator.days import HOUR_S
from simulator.district import HOST, School
from simulator.history.rolling import BEATS, Cheap, Source
from simulator.history.text import ordered
from simulator.sensors import has_sensor, sees_all
from simulator.series import Fields
from simulator.truth import Interval

STEP_S = 300


@dataclass(slots=True)
class AttackSeries:
    """Events of one kind at one school, in which it happened at least once."""

    school: School
    kind: AttackKind
    measurement: str = "security"
    tags: Mapping[str, str] = field(init=False)
    static: Fields = field(init=False)

    def __post_init__(self) -> None:
        known = kind_of(self.kind)
        self.tags = {
            "region": self.school.region,
            "school": self.school.school,
            "kind": self.kind,
            "code": known.code,
        }
        self.static = {"severity": known.severity}

    def alike(self, there: Interval) -> object:
        """Return since when it goes on."""
        return self._began(there)

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return an hour in which nothing begins."""
        began = self._began(there)
        if began is not None and began >= hour * HOUR_S:
            return None
        one = self.moving(hour * HOUR_S, there)
        return Cheap(BEATS, ordered(one, one, one, one))

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return the point of *at_s*."""
        return self.static | self.moving(at_s, there)

    def moving(self, at_s: int, there: Interval) -> Fields:
        """Return the fields that change."""
        began = self._began(there)
        if began is None:
            return {"active": 0, "began": 0}
        sure = round(100 * confidence_of(self.kind), 1)
        return {"active": 1, "began": int(at_s - began < STEP_S), "confidence": sure}

    def _began(self, there: Interval) -> int | None:
        return dict(there.now.attacks).get(self.kind)

    def step(self, hour: int) -> int:
        """Return how long values stay in *hour* (s)."""
        return STEP_S


@dataclass(slots=True)
class SensorSeries:
    """What the sensors of one school see."""

    school: School
    measurement: str = "security_school"
    tags: Mapping[str, str] = field(init=False)
    static: Fields = field(init=False)

    def __post_init__(self) -> None:
        self.tags = {"region": self.school.region, "school": self.school.school}
        self.static = {"sensors": int(has_sensor(self.school))}

    def alike(self, there: Interval) -> object:
        """Return whether it is heard, and what goes on."""
        return self._heard(there), there.now.attacks

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return any hour."""
        one = self.moving(hour * HOUR_S, there)
        return Cheap(BEATS, ordered(one, one, one, one))

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return the point of *at_s*."""
        return self.static | self.moving(at_s, there)

    def moving(self, at_s: int, there: Interval) -> Fields:
        """Return the fields that change."""
        runs = has_sensor(self.school) and self._heard(there)
        seen = "sees" if sees_all(self.school) else "blind"
        found = seen if runs else "unknown" if has_sensor(self.school) else "none"
        return {
            "sensor": found,
            "sensors_run": int(runs),
            "active": len(there.now.attacks) if runs else 0,
        }

    def _heard(self, there: Interval) -> bool:
        return there.measured_by(HOST) and there.now.outward and there.now.broker

    def step(self, hour: int) -> int:
        """Return how long values stay in *hour* (s)."""
        return STEP_S


def security_of(course: SchoolCourse) -> Iterator[Source]:
    """Yield the series of the school of *course*."""
    yield SensorSeries(course.school)
    if not has_sensor(course.school):
        return
    happened = {kind for one in course.intervals for kind, _ in one.now.attacks}
    yield from (AttackSeries(course.school, kind) for kind in ATTACKS if kind in happened)
