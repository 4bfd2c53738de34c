"""routing.toml: who hears of what, who is on duty, and what happens when nobody acts.

Only what the file says; `alerts/routing/plan.py` decides by it, `check.py` looks for mistakes
between tables that are right alone.
"""

import re
from datetime import date, datetime, time
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from alerts.language.spans import seconds
from alerts.rules import Owner
from core.clock import SECOND
from core.fields import AnyLevel, Filled, FilledList, Level, SchoolPlace
from core.kind import Severity
from core.options import CHECK
from core.timefields import WEEKDAYS, AnyZone, Weekday
from core.topics import LEVEL

_SCHOOL_DAYS: Final = re.compile(r"([0-9]{1,3}) school days?")

Duration = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9]{1,6}[smhd]|never)\Z",
        description='a time as "30s", "15m", "4h" or "1d"; or "never"',
    ),
]
OwnDuration = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9]{1,6}[smhd]|never)?\Z",
        description='a time as "30s", "15m", "4h" or "1d", "never", or "" for that of [default]',
    ),
]
Due = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9]{1,6}[smhd]|[0-9]{1,3} school days?|never)\Z",
        description='a time as "4h", or as "3 school days"; or "never"',
    ),
]


def _moment(form: str, example: str) -> Meta:
    def mistake(text: str) -> str:
        try:
            datetime.strptime(text, form)  # noqa: DTZ007 — of the rota's own zone
        except ValueError:
            return f"is {text[:40]!r}; expected one as {example!r}"
        return ""

    return Meta(extra={CHECK: mistake})


TIME: Final = "%H:%M"
MOMENT: Final = "%Y-%m-%d %H:%M"
TimeOfDay = Annotated[str, _moment(TIME, "07:30")]
Day = Annotated[str, _moment("%Y-%m-%d", "2026-09-07")]
Moment = Annotated[str, _moment(MOMENT, "2026-10-01 08:00")]
To = Annotated[
    str,
    Meta(
        pattern=rf"\A(?:owner:(?:authority|operator|user)|(?:rota|receiver):{LEVEL.pattern})\Z",
        description='"owner:operator", "rota:NAME" or "receiver:NAME"',
    ),
]
Targets = tuple[To, ...]
PlaceKind = Literal["district", "collector", "region", "school", "agent"]
Place = Annotated[
    str,
    Meta(
        pattern=rf"\A{LEVEL.pattern}/{LEVEL.pattern}\Z",
        description='a school as "REGION/SCHOOL"',
    ),
]


class ReceiverConfig(Struct, frozen=True, kw_only=True):
    """Somebody who is told, by which channels, and for which places: all where none is named.

    `contacts` are work contacts as the roster has them: who stands there for a school in some role
    is this receiver.
    """

    name: Level
    channels: FilledList
    owner: Literal["", "authority", "operator", "user"] = ""
    region: AnyLevel = ""
    school: SchoolPlace = ""
    contacts: tuple[Filled, ...] = ()

    @property
    def scope(self) -> str:
        """The place that this receiver is for; empty for the whole district."""
        return self.school or self.region


class ShiftConfig(Struct, frozen=True, kw_only=True):
    """On `days` from `begins` to `ends`, past midnight where that is not later; members take turns
    in their order."""

    days: Annotated[tuple[Weekday, ...], Meta(min_length=1)] = WEEKDAYS
    begins: TimeOfDay = "00:00"
    ends: TimeOfDay = "00:00"
    members: Annotated[tuple[Level, ...], Meta(min_length=1)]


class SwapConfig(Struct, frozen=True, kw_only=True):
    """From `begins` to `ends` this member stands in for whoever would be on duty."""

    begins: Moment
    ends: Moment
    member: Level


class RotaConfig(Struct, frozen=True, kw_only=True):
    """Who is on duty: the first member from `start` on, the next after `turn_days`."""

    name: Level
    zone: AnyZone = ""
    start: Day
    turn_days: Annotated[int, Meta(ge=1, le=366)] = 7
    shift: tuple[ShiftConfig, ...] = ()
    swap: tuple[SwapConfig, ...] = ()


class RouteConfig(Struct, frozen=True, kw_only=True, rename={"continue_": "continue"}):
    """Whom to tell of what; an empty list means any. `escalate`: whether somebody else hears of it
    when nobody acknowledges."""

    name: Filled
    region: tuple[Level, ...] = ()
    school: tuple[Place, ...] = ()
    rule: tuple[Filled, ...] = ()
    severity: tuple[Severity, ...] = ()
    owner: tuple[Owner, ...] = ()
    code: tuple[Filled, ...] = ()
    place: tuple[PlaceKind, ...] = ()
    during: Literal["", "school", "off"] = ""
    to: Targets = ()
    group_wait: OwnDuration = ""
    repeat: OwnDuration = ""
    digest: bool | None = None
    escalate: bool = True
    continue_: bool = False


class DefaultConfig(Struct, frozen=True, kw_only=True):
    """Of what no route matches, and of whatever a route leaves open."""

    to: Targets = ("owner:operator",)
    group_wait: Duration = "0s"
    repeat: Duration = "1d"


class EscalationConfig(Struct, frozen=True, kw_only=True):
    """Who hears too of what nobody has acknowledged `after` this time."""

    severity: Annotated[tuple[Severity, ...], Meta(min_length=1)] = ("P1",)
    after: Duration = "15m"
    to: Annotated[Targets, Meta(min_length=1)] = ("owner:operator", "owner:authority")


class DueConfig(Struct, frozen=True, kw_only=True, rename="upper"):
    """By when what is open is to be over."""

    p1: Due = "4h"
    p2: Due = "1 school day"
    p3: Due = "3 school days"
    p4: Due = "never"


class SupervisionConfig(Struct, frozen=True, kw_only=True):
    """Who hears beside those who were told, of what is overdue."""

    to: Targets = ("owner:authority",)


class DigestConfig(Struct, frozen=True, kw_only=True):
    """When the small things of a day are told, by the district's clock."""

    at: TimeOfDay = "07:30"


class RoutingConfig(Struct, frozen=True, kw_only=True):
    """All of the file."""

    kind: Literal["routing"] = "routing"
    receiver: tuple[ReceiverConfig, ...] = ()
    rota: tuple[RotaConfig, ...] = ()
    route: tuple[RouteConfig, ...] = ()
    default: DefaultConfig = DefaultConfig()
    escalation: tuple[EscalationConfig, ...] = (EscalationConfig(),)
    due: DueConfig = DueConfig()
    supervision: SupervisionConfig = SupervisionConfig()
    digest: DigestConfig = DigestConfig()


def length(text: str) -> int:
    """Return a duration in ns; 0 for never."""
    return 0 if text == "never" else int(seconds(text)) * SECOND


def school_days(text: str) -> int:
    """Return how many school days *text* says, 0 where it says no such thing."""
    found = _SCHOOL_DAYS.fullmatch(text)
    return int(found[1]) if found else 0


def time_of(text: str) -> time:
    """Return a time of day."""
    return datetime.strptime(text, TIME).time()  # noqa: DTZ007


def day_of(text: str) -> date:
    """Return a day."""
    return date.fromisoformat(text)


def moment_of(text: str) -> datetime:
    """Return a moment by the clock on the wall."""
    return datetime.strptime(text, MOMENT)  # noqa: DTZ007
