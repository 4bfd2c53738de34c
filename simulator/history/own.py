"""What a collector writes of itself and of what happened: its counters, the canary, events."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from collector import canary
from core.catalog import CATALOG
from core.clock import SECOND
from core.kinds import KINDS
from core.lineprotocol import encode
from core.types import Reading, Value
from simulator import attacks
from simulator.conditions import ATTACKS
from simulator.course import SchoolCourse
from simulator.days import HOUR_S
from simulator.district import HOST, School
from simulator.faults import Fault
from simulator.history.rolling import Cheap
from simulator.history.sources import identity
from simulator.history.text import ordered
from simulator.rooms import SWITCH, Room, rooms_of
from simulator.scenario import FaultKind
from simulator.sensors import has_sensor
from simulator.series import BACKUP, DISK, INTERFACE, Fields
from simulator.truth import Interval

EVERY_S: Final = 60
COLLECTOR: Final = "d1"
RESTARTS_EVERY_S: Final = 30 * 86_400
"""Its counters begin anew with each start."""
LOG_BEGAN_S: Final = 1_767_225_600
"""2026-01-01: nothing is older than the audit log."""

_EVENTS: Final[dict[FaultKind, tuple[tuple[str, str], ...]]] = {
    "line_cut": (("agent_silent", HOST),),
    "power_off": (("agent_silent", HOST),),
    "agent_dies": (("agent_silent", HOST),),
    "link_down": (("link_down", INTERFACE),),
    "congested": (("packet_loss", "platform"),),
    "disk_full": (("disk_full", DISK),),
    "clock_off": (("clock_step", "clock"),),
}
"""Kind and subject of what is told of each fault; of the others the readings tell."""

Subject = Callable[[Room], str]
_ROOM_EVENTS: Final[dict[FaultKind, tuple[str, Subject]]] = {
    "screen_fails": ("room_not_ready", lambda room: room.room),
    "switch_down": ("switch_down", lambda _: SWITCH),
}
"""The same of what the collector itself says of rooms (collector/rooms); the room is the first."""


@dataclass(slots=True)
class OwnSeries:
    """A series of the collector's own; *moving* gives the fields that change, at a time (s).

    Where `counts` falls within an hour, the collector started in it.
    """

    measurement: str
    moving: Callable[[int], Fields]
    static: Fields
    counts: str
    tags: Mapping[str, str] = field(default_factory=lambda: {"collector": COLLECTOR})

    def alike(self, there: Interval) -> object:
        """Return that every time is like another."""
        return True

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return an hour from its ends; None for the one in which it started."""
        start = hour * HOUR_S
        first, last = self.moving(start), self.moving(start + HOUR_S - EVERY_S)
        if last[self.counts] < first[self.counts]:  # type: ignore[operator]
            return None
        middle = self.moving(start + HOUR_S // 2)
        return Cheap(HOUR_S // EVERY_S, ordered(first, last, middle, last))

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return the point of *at_s*."""
        return self.static | self.moving(at_s)

    def step(self, hour: int) -> int:
        """Return how long values stay (s)."""
        return EVERY_S


def collector_series(agents: int) -> OwnSeries:
    """Return the counters of a collector that serves so many *agents*."""
    known = CATALOG["collector"].fields

    def moving(at_s: int) -> Fields:
        batches = at_s % RESTARTS_EVERY_S // 30 * agents
        fields: Fields = {
            "messages": batches + batches // 40,
            "batches": batches,
            "repeated": batches // 5_000,
            "lines_stored": batches * 18,
            "backlog_batches": at_s // EVERY_S % 3,
            "alerts_elsewhere": 0,
            "channels_failing": 0,
            "store_ms": 3.0 + at_s // EVERY_S * 7 % 5,
        }
        return {name: value for name, value in fields.items() if name in known}

    zero: Fields = {"lines_refused": 0, "dead_letters": 0, "refused_tags": 0, "quarantined": 0}
    zero |= {"ready": 1, "dropped": 0}
    static = {name: value for name, value in zero.items() if name in known}
    return OwnSeries("collector", moving, static, "messages")


def audit_series(agents: int) -> OwnSeries:
    """Return what is said of an audit log that all *agents* are witnesses of."""

    def moving(at_s: int) -> Fields:
        age_s = max(0, at_s - LOG_BEGAN_S)
        rows = age_s // EVERY_S * 2
        return {
            "rows": rows,
            "signed_rows": rows,
            "checkpoint_age_s": 20,
            "oldest_age_s": age_s,
            "sealed": age_s // 86_400,
        }

    static: Fields = {"written": True, "signs": True, "witnesses_agree": agents}
    static |= {"witnesses_differ": 0, "sources_wrong": 0, "sources_silent": 0}
    return OwnSeries("audit_log", moving, static, "rows")


def canaries(region: str, start_s: int, stop_s: int) -> Iterator[bytes]:
    """Yield the canary of each minute as it came out again; *region* is the collector's first."""
    who = canary.identity(region)
    tags = {"region": who.region, "school": who.school, "agent": who.agent}
    for at in range(-(-start_s // EVERY_S) * EVERY_S, stop_s, EVERY_S):
        yield encode(Reading("canary", {"number": at * SECOND}, at * SECOND, tags))


def events(course: SchoolCourse, faults: list[Fault], start_s: int, stop_s: int) -> Iterator[bytes]:
    """Yield the events of one school's *faults* as points."""
    for number, fault in enumerate(faults):
        told = _told(course.school, fault)
        for place, one in enumerate(told):
            for at, active in ((fault.start, True), (fault.stop, False)):
                if start_s <= at < stop_s and course.at(fault.start).runs:
                    last = place == len(told) - 1
                    row = 4 * (course.school.number * 500 + number) + 2 * last
                    yield _event(one, at, row + active, active=active)


class _Said(NamedTuple):
    """What is said of a fault, and the tags of who says it."""

    kind: str
    target: str
    subject: str
    who: Mapping[str, str]


def ended_alerts(
    course: SchoolCourse, faults: list[Fault], start_s: int, stop_s: int
) -> Iterator[bytes]:
    """Yield the alerts that one school's *faults* were, each at its end, for the past's list."""
    for number, fault in enumerate(faults):
        if not start_s <= fault.stop < stop_s or not course.at(fault.start).runs:
            continue
        for place, one in enumerate(_told(course.school, fault)):
            yield _ended(
                course.school, one, fault, 4 * (course.school.number * 500 + number) + place
            )


def _ended(school: School, said: _Said, fault: Fault, number: int) -> bytes:
    known = KINDS[said.kind]
    fields: dict[str, Value] = {
        "number": number + 1,
        "state": "ended",
        "title_zh": known.zh,
        "title_en": known.en,
        "place": school.name,
        "target": said.target,
        "began": int(fault.start),
        "ended": int(fault.stop),
        "kept_zh": "",
        "kept_en": "",
        "acked": False,
        "acked_by": "",
    }
    tags = {"region": school.region, "school": school.school, "rule": said.kind}
    at = int(fault.stop) * SECOND + (number + 1) % 1_000_000
    return encode(Reading("alert", fields, at, tags | {"severity": known.severity}))


def _told(school: School, fault: Fault) -> list[_Said]:
    """Return the events of a fault; none of rooms where none is played."""
    told = _EVENTS.get(fault.kind, ())
    if fault.kind == "link_down" and school.backup:
        told = (*told, ("uplink_failover", BACKUP))
    found = [_Said(kind, HOST, subject, identity(school, HOST)) for kind, subject in told]
    if fault.kind in ATTACKS and has_sensor(school):
        subject = attacks.subject_of(school, fault.kind, fault.start)
        found.append(_Said(fault.kind, INTERFACE, subject, identity(school, HOST)))
    rooms = rooms_of(school)
    if rooms and fault.kind in _ROOM_EVENTS:
        kind, subject_of = _ROOM_EVENTS[fault.kind]
        place = f"{school.region}/{school.school}"
        who = {"collector": COLLECTOR, "region": school.region, "school": school.school}
        found.append(_Said(kind, place, subject_of(rooms[0]), who))
    return found


def _event(said: _Said, at_s: int, row: int, *, active: bool) -> bytes:
    known = KINDS[said.kind]
    fields: dict[str, Value] = {
        "word": said.kind,
        "active": active,
        "severity": known.severity,
        "target": said.target,
        "subject": said.subject,
        "row": row,
    }
    tags = {"kind": said.kind, "code": known.code, **said.who}
    return encode(Reading("event", fields, at_s * SECOND + row % 1_000_000, tags))
