"""What the answers of the API are made of, with what the OpenAPI document says of each.

The words of an enumeration stand in the document and are not checked when a client reads an
answer: a later collector may know more of them.
"""

from collections.abc import Iterable
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from collector.agentclocks import ClockState
from collector.roster.school import OWNERS, Area, Link, SchoolType, Standing
from collector.verdicts import State
from collector.web import board, schools, scope, targets
from core.alerts import Text
from core.clock import rfc3339
from core.kind import SEVERITIES


def _one_of(words: Iterable[str]) -> Meta:
    return Meta(extra_json_schema={"enum": list(words)})


_MOMENT = {"format": "date-time", "examples": ["2026-11-22T07:23:05Z"]}

At = Annotated[str, Meta(description="RFC 3339, UTC", extra_json_schema=_MOMENT)]
Ns = Annotated[int, Meta(ge=0, description="nanoseconds since 1970; 0 for never")]
Count = Annotated[int, Meta(ge=0)]
ClockWord = Annotated[str, _one_of(get_args(ClockState))]
StateWord = Annotated[str, _one_of(get_args(State))]
_REASONS = tuple(word for part in get_args(board.Reason) for word in get_args(part) or (part,))
CauseWord = Annotated[
    str,
    Meta(description="why it is in its state; empty where there is nothing to say"),
    _one_of(_REASONS),
]
TargetCauseWord = Annotated[
    str,
    Meta(description="the cause of its agent, or its own; empty where there is nothing to say"),
    _one_of((*_REASONS, *targets.OWN)),
]
StandingWord = Annotated[str, _one_of(get_args(Standing))]
TypeWord = Annotated[str, _one_of(get_args(SchoolType))]
AreaWord = Annotated[str, _one_of(get_args(Area))]
AreaOrNone = Annotated[str, _one_of(scope.AREAS)]
LinkWord = Annotated[str, _one_of(get_args(Link))]
RoleWord = Annotated[str, _one_of(OWNERS)]
OutcomeWord = Annotated[str, _one_of(get_args(schools.Outcome))]
FellWord = Annotated[str, _one_of(("region", "carrier", "own_line"))]
SeverityWord = Annotated[str, _one_of(SEVERITIES)]
AlertStateWord = Annotated[str, _one_of(("firing", "keeping", "ended"))]
DeliveryWord = Annotated[str, _one_of(("queued", "sending", "delivered", "undeliverable"))]


class Words(msgspec.Struct, frozen=True):
    """One text in both languages."""

    zh: str
    en: str


def words(text: Text) -> Words:
    """Return *text* as the API gives it."""
    return Words(text.zh, text.en)


def when(at: int) -> str | None:
    """Return *at* (ns) as RFC 3339, None where it never was."""
    return rfc3339(at) if at else None
