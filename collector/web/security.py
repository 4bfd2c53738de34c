"""The answer of `/api/v1/security`: attacks, and which schools anybody would see one at.

Role and network only: no address and no MAC (core/shown.py). The audit log has those, and the
message to the school.
Watch it: curl -s 'http://127.0.0.1:8480/api/v1/security' | python -m json.tool
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from alerts.history import Began
from alerts.securitywords import figures, grade_of, party
from collector.security import view as views
from collector.security.sensors import STATES, Judged
from collector.security.view import SchoolSecurity, SecurityView
from collector.web import params
from collector.web.fields import At, Count, Ns, SeverityWord, Words, when
from core.alerts import Alert, Text
from core.clock import SECOND, rfc3339
from core.kinds import KINDS, kind_of

PARAMETERS: Final = ("region", "school")
WEEK: Final = 7 * 86_400 * SECOND
MOST: Final = 1_000
"""Schools in each list of one answer; the totals are of all."""

FirstStep = Callable[[Alert], Text]
"""What to try first about an alert."""

SensorWord = Annotated[str, Meta(extra_json_schema={"enum": list(STATES)})]
KindWord = Annotated[str, Meta(description="a kind of docs/events.md", examples=["arp_spoof"])]


class Party(msgspec.Struct, frozen=True):
    """Who did it, or whom it hit, as far as everybody may know; empty words for what is not known.

    `role`: `gateway`, `resolver`, `dhcp_server`, `device`, `inside` or `outside`.
    """

    role: str
    subnet: str
    port: Count


class Attack(msgspec.Struct, frozen=True):
    """One event that goes on; `number` is its alert's. `confidence` is 0 to 1, null where unsaid.

    `grade` is proposed by the program and confirmed by a person; null for findings and faults.
    `first` is the first thing to do.
    """

    number: int
    kind: KindWord
    code: str
    category: str
    subcategory: str
    severity: SeverityWord
    title: Words
    grade: Words | None
    confidence: float | None
    agent: str
    source: Party
    target: Party
    count: Count
    evidence: Mapping[str, Any]
    says: Words
    first: Words
    began: At | None
    began_ns: Ns


class Sensor(msgspec.Struct, frozen=True):
    """One sensor: `blind` has words of what it cannot see, `lost_percent` what came too fast.

    Counts of machines seen within a day, none under 5.
    """

    agent: str
    interface: str
    state: SensorWord
    blind: str
    lost_percent: float | None
    machines: int | None
    random_macs: int | None
    infrastructure: int | None
    heard: At | None
    heard_ns: Ns


class School(msgspec.Struct, frozen=True):
    """One school: only where `sensor` is `sees` is it good news that nothing is open.

    `dns`: names asked for by category, none under 5.
    """

    region: str
    school: str
    name: str
    sensor: SensorWord
    attacks: list[Attack]
    sensors: list[Sensor]
    dns: Mapping[str, Count]


class Named(msgspec.Struct, frozen=True):
    """A school without a sensor: nobody knows whether it is attacked."""

    region: str
    school: str
    name: str


class SensorCounts(msgspec.Struct, frozen=True):
    """How many schools are in each state."""

    stopped: Count
    unknown: Count
    blind: Count
    sees: Count
    none: Count


class Category(msgspec.Struct, frozen=True):
    """What began in the last seven days, of one code."""

    category: str
    subcategory: str
    code: str
    count: Count
    schools: Count


class Spreads(msgspec.Struct, frozen=True):
    """One kind of attack that began at many schools within an hour."""

    number: int
    code: str
    schools: Count
    since: At | None
    since_ns: Ns


class Security(msgspec.Struct, frozen=True):
    """Attacks by school, worst first, then the schools whose sensors need somebody.

    `schools` has those where something goes on or that have a sensor, `without_sensor` the others:
    unknown, not safe. The totals are of all; each list has a thousand at most.
    """

    at: At
    at_ns: Ns
    attacks_total: Count
    attacked_schools: Count
    sensors: SensorCounts
    spreads: list[Spreads]
    schools: list[School]
    schools_total: Count
    without_sensor: list[Named]
    without_sensor_total: Count
    week: list[Category]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which schools somebody asks for; an empty word means all."""

    region: str = ""
    school: str = ""

    @property
    def place(self) -> str:
        """The place that is named, as far as it is."""
        return "/".join(word for word in (self.region, self.school) if word)

    def holds(self, one: SchoolSecurity) -> bool:
        """Tell whether a school is one of those."""
        return self.region in ("", one.key[0]) and self.school in ("", one.key[1])


def wanted(pairs: Iterable[tuple[str, str]]) -> Wanted:
    """Return what parameters ask for; raises ParameterError."""
    words = params.once(pairs, PARAMETERS)
    if words.get("school") and not words.get("region"):
        raise params.ParameterError("school", "needs region beside it")
    return Wanted(words.get("region", ""), words.get("school", ""))


def narrowed(view: SecurityView, ask: Wanted) -> SecurityView:
    """Return what is known of the schools that are asked for."""
    schools = [one for one in view.schools if ask.holds(one)]
    return SecurityView(view.at, schools, view.spreads)


def answered(view: SecurityView, began: Iterable[Began], first: FirstStep) -> Security:
    """Return *view* in the words of the API; *began* are the alerts of the last seven days."""
    raised = {one.key.target for one in view.spreads}
    shown = [one for one in view.schools if one.attacks or one.sensors]
    without = view.with_sensor("none")
    return Security(
        at=rfc3339(view.at),
        at_ns=view.at,
        attacks_total=sum(len(one.attacks) for one in view.schools),
        attacked_schools=len(view.attacked),
        sensors=SensorCounts(*view.sensor_counts.values()),
        spreads=[_spread(one) for one in view.spreads],
        schools=[_school(one, raised, first) for one in shown[:MOST]],
        schools_total=len(shown),
        without_sensor=[Named(*one.key, one.name) for one in without[:MOST]],
        without_sensor_total=len(without),
        week=week(began),
    )


def week(began: Iterable[Began]) -> list[Category]:
    """Return what began by code, the most frequent first."""
    found: dict[str, list[Began]] = {}
    for one in began:
        found.setdefault(kind_of(one.rule).code, []).append(one)
    categories = [_category(code, alerts) for code, alerts in found.items()]
    return sorted(categories, key=lambda one: (-one.count, one.code))


def _category(code: str, began: Sequence[Began]) -> Category:
    of = kind_of(began[0].rule).category
    schools = {school for one in began if (school := one.school)}
    return Category(of.name, of.sub, code, sum(one.events for one in began), len(schools))


def _spread(one: Alert) -> Spreads:
    count = one.details.get("count", 0)
    return Spreads(
        number=one.number,
        code=one.key.target,
        schools=count if isinstance(count, int) else 0,
        since=when(one.began_at),
        since_ns=one.began_at,
    )


def _school(one: SchoolSecurity, raised: set[str], first: FirstStep) -> School:
    return School(
        *one.key,
        name=one.name,
        sensor=one.sensor,
        attacks=[
            attack(alert, first(alert), raised=views.code_of(alert) in raised)
            for alert in one.attacks
        ],
        sensors=[_sensor(judged) for judged in one.sensors],
        dns=one.dns,
    )


def attack(alert: Alert, first: Text, *, raised: bool) -> Attack:
    """Return one alert of security, and what to do *first*."""
    kind, details = KINDS[alert.key.rule], alert.details
    sure, count = details.get("confidence"), details.get("count")
    evidence = details.get("evidence")
    grade = grade_of(kind.word, raised=raised)
    return Attack(
        number=alert.number,
        kind=kind.word,
        code=kind.code,
        category=kind.category.name,
        subcategory=kind.category.sub,
        severity=alert.severity,
        title=Words(kind.zh, kind.en),
        grade=Words(grade.zh, grade.en) if grade else None,
        confidence=float(sure) if isinstance(sure, int | float) else None,
        agent=alert.key.place.rpartition("/")[2],
        source=_party(details.get("source")),
        target=_party(details.get("target")),
        count=count if isinstance(count, int) and count >= 0 else 0,
        evidence=evidence if isinstance(evidence, dict) else {},
        says=Words(says(alert, 0), says(alert, 1)),
        first=Words(first.zh, first.en),
        began=when(alert.began_at),
        began_ns=alert.began_at,
    )


def says(alert: Alert, number: int) -> str:
    """Return who and on what evidence, in Chinese (0) or English (1)."""
    details, stop = alert.details, ("；", "; ")[number]
    labels = (("source", ("来源：", "source: ")), ("target", ("目标：", "target: ")))
    found = [(label[number], party(details.get(name), number)) for name, label in labels]
    parts = [label + said for label, said in found if said]
    return stop.join(filter(None, [*parts, figures(details, number)]))


def _party(found: Any) -> Party:
    said = found if isinstance(found, Mapping) else {}
    port = said.get("port", 0)
    role, subnet = (str(said.get(name, "")) for name in ("role", "subnet"))
    return Party(role, subnet, port if isinstance(port, int) else 0)


def _sensor(judged: Judged) -> Sensor:
    one = judged.sensor
    return Sensor(
        agent=one.key.agent,
        interface=one.key.interface,
        state=judged.state,
        blind=one.blind if one.heard else "",
        lost_percent=one.lost_percent,
        machines=one.counted("machines"),
        random_macs=one.counted("random_macs"),
        infrastructure=one.counted("infrastructure"),
        heard=when(one.heard),
        heard_ns=one.heard,
    )
