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
class CollectorSeries:
    """The counters of a collector that serves so many `agents`."""

    agents: int
    measurement: str = "collector"
    tags: Mapping[str, str] = field(default_factory=lambda: {"collector": COLLECTOR})
    static: Fields = field(init=False)

    def __post_init__(self) -> None:
        known = CATALOG[self.measurement].fields
        zero: Fields = {"lines_refused": 0, "dead_letters": 0, "refused_tags": 0, "quarantined": 0}
        zero |= {"ready": 1, "dropped": 0}
        self.static = {name: value for name, value in zero.items() if name in known}

    def alike(self, there: Interval) -> object:
        """Return that every time is like another."""
        return True

    def cheap(self, hour: int, there: Interval) -> Cheap | None:
        """Return an hour from its ends; None for the one in which it started."""
        start = hour * HOUR_S
        first, last = self._moving(start), self._moving(start + HOUR_S - EVERY_S)
        if last["messages"] < first["messages"]:  # type: ignore[operator]
            return None
        middle = self._moving(start + HOUR_S // 2)
        return Cheap(HOUR_S // EVERY_S, ordered(first, last, middle, last))

    def sample(self, at_s: int, there: Interval) -> Fields:
        """Return the point of *at_s*."""
        return self.static | self._moving(at_s)

    def step(self, hour: int) -> int:
        """Return how long values stay (s)."""
        return EVERY_S

    def _moving(self, at_s: int) -> Fields:
        batches = at_s % RESTARTS_EVERY_S // 30 * self.agents
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
        known = CATALOG[self.measurement].fields
        return {name: value for name, value in fields.items() if name in known}


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
