"""What is known of the security of each school at one moment: pure, and fit for every reader.

It is made of alerts, whose details show role and network only (core/shown.py), and of sensors.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alerts.shipped.spreading import ATTACK_SPREADS, EXPLAINING
from alerts.step import Case
from collector.outside import SchoolKey
from collector.picture import Picture
from collector.security.sensors import (
    STATES,
    Judged,
    SensorKey,
    Sensors,
    of_school,
)
from core.alerts import Alert
from core.kind import SEVERITIES, Severity
from core.kinds import KINDS, kind_of
from core.sensorwords import SensorState
from core.shown import is_security
from core.types import Identity

SENSOR_STOPPED: Final = "sensor_stopped"
RULES: Final = tuple(word for word in KINDS if is_security(word))
"""The rules whose alerts are of security; each is called like its kind."""
OPEN: Final = ("firing", "keeping")


@dataclass(frozen=True, slots=True)
class SchoolSecurity:
    """One school: its open alerts of security, worst first, and how far anybody would see more.

    `dns` counts names that were asked for, by category; small counts are not among them.
    """

    key: SchoolKey
    name: str
    counts: bool
    attacks: Sequence[Alert] = ()
    sensors: Sequence[Judged] = ()
    dns: Mapping[str, int] = field(default_factory=dict)

    @property
    def sensor(self) -> SensorState:
        """What its sensors come to."""
        return of_school(self.sensors)

    @property
    def explains(self) -> Alert | None:
        """The worst attack that may be why something here fails, or cannot be judged."""
        return next((one for one in self.attacks if one.key.rule in EXPLAINING), None)

    @property
    def worst(self) -> Severity | None:
        """The severity of its worst open alert."""
        return self.attacks[0].severity if self.attacks else None


@dataclass(frozen=True, slots=True)
class SecurityView:
    """The district at `at` (ns): every school, those with the worst attack first."""

    at: int
    schools: Sequence[SchoolSecurity] = ()
    spreads: Sequence[Alert] = ()

    @property
    def attacked(self) -> Sequence[SchoolSecurity]:
        """The schools where something goes on."""
        return [one for one in self.schools if one.attacks]

    def of(self, key: SchoolKey) -> SchoolSecurity | None:
        """Return what is known of one school."""
        return next((one for one in self.schools if one.key == key), None)

    def with_sensor(self, *states: SensorState) -> Sequence[SchoolSecurity]:
        """Return the schools that count whose sensors are in one of *states*."""
        found = [
            one for one in self.schools if one.sensor in states and (one.counts or one.sensors)
        ]
        return sorted(found, key=lambda one: (STATES.index(one.sensor), one.key))

    @property
    def sensor_counts(self) -> Mapping[SensorState, int]:
        """How many schools there are of each state of sensors, also where it is none."""
        found = Counter(one.sensor for one in self.with_sensor(*STATES))
        return {state: found[state] for state in STATES}


def view_of(picture: Picture, cases: Iterable[Case], sensors: Sensors, at: int) -> SecurityView:
    """Return what *picture*, open *cases* and *sensors* come to."""
    attacks, spreads = _attacks(cases)
    up = frozenset(
        agent.who
        for school in picture.schools
        for agent in school.agents
        if agent.verdict.state in ("up", "degraded")
    )
    stopped = frozenset(_stopped(attacks))
    judged = sensors.by_school(up, stopped, at)
    counted = {(one.region, one.school) for one in picture.counted}
    schools = [
        SchoolSecurity(
            key,
            one.name,
            key in counted,
            sorted(attacks.get(key, ()), key=_worst_first),
            judged.get(key, ()),
            {k: n for k, n in sensors.verdicts.get(key, {}).items() if n},
        )
        for one in picture.schools
        for key in [(one.region, one.school)]
    ]
    return SecurityView(at, sorted(schools, key=_order), spreads)


def _attacks(cases: Iterable[Case]) -> tuple[dict[SchoolKey, list[Alert]], list[Alert]]:
    found: dict[SchoolKey, list[Alert]] = {}
    spreads = []
    for case in cases:
        alert = case.alert
        if alert.state not in OPEN:
            continue
        if alert.key.rule == ATTACK_SPREADS.name:
            spreads.append(alert)
        elif is_security(alert.key.rule) and alert.key.school:
            region, _, school = alert.key.school.partition("/")
            found.setdefault((region, school), []).append(alert)
    return found, sorted(spreads, key=lambda one: one.began_at)


def _stopped(attacks: Mapping[SchoolKey, Iterable[Alert]]) -> Iterable[SensorKey]:
    for there in attacks.values():
        for alert in there:
            if alert.key.rule == SENSOR_STOPPED and alert.key.place.count("/") == 2:
                who = Identity(*alert.key.place.split("/"))
                yield SensorKey(who.region, who.school, who.agent, alert.key.target)


def _worst_first(alert: Alert) -> tuple[int, int, int]:
    return SEVERITIES.index(alert.severity), -alert.began_at, alert.number


def _order(one: SchoolSecurity) -> tuple[int, int, SchoolKey]:
    worst = SEVERITIES.index(one.worst) if one.worst else len(SEVERITIES)
    return worst, -len(one.attacks), one.key


def code_of(alert: Alert) -> str:
    """Return the `EV-` code of an alert."""
    return kind_of(alert.key.rule).code
