"""The answer of `/api/v1/incidents`: what people have to judge, and what is due until when.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/incidents' | python -m json.tool
"""

from collections.abc import Sequence
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from alerts.incidents.clocks import Due, State, Step
from alerts.incidents.grades import GRADES, SAYABLE
from collector.incidents import Judged
from collector.web.fields import At, Count, Ns, when
from core.clock import rfc3339

Graded = Annotated[str, Meta(extra_json_schema={"enum": list(GRADES)})]
Confirmed = Annotated[
    str,
    Meta(
        description="what a person said; empty before",
        extra_json_schema={"enum": ["", *SAYABLE]},
    ),
]
StepWord = Annotated[str, Meta(extra_json_schema={"enum": list(get_args(Step))})]
StateWord = Annotated[
    str,
    Meta(
        description="due: less than a quarter of the time is left",
        extra_json_schema={"enum": list(get_args(State))},
    ),
]


class ClockAnswer(msgspec.Struct, frozen=True):
    """One clock: what is due to whom until when. `limit` is as `4h`, `30d`, `5wd` (working days).

    `tag`: P the primary text was read, Q quoted by others, G a guess to be checked.
    """

    name: str
    step: StepWord
    to: str
    to_en: str
    limit: str
    source: str
    tag: str
    state: StateWord
    until: At | None
    until_ns: Ns


class IncidentAnswer(msgspec.Struct, frozen=True):
    """One incident; `number` is that of its alert. `proposed` is the program's, for `reason`."""

    number: int
    kind: str
    code: str
    place: str
    began: At | None
    began_ns: Ns
    discovered: At | None
    discovered_ns: Ns
    ended: At | None
    ended_ns: Ns
    proposed: Graded
    reason: str
    grade: Confirmed
    confirmed_by: str
    confirmed: At | None
    confirmed_ns: Ns
    note: str
    concerns: list[str]
    closed: At | None
    closed_ns: Ns
    closed_by: str
    clocks: list[ClockAnswer]


class Incidents(msgspec.Struct, frozen=True):
    """The newest 500 incidents, those that are not closed first."""

    at: At
    at_ns: Ns
    unconfirmed: Count
    overdue: Count
    incidents: list[IncidentAnswer]


def answered(found: Sequence[Judged], at: int) -> Incidents:
    """Return incidents in the words of the API."""
    return Incidents(
        at=rfc3339(at),
        at_ns=at,
        unconfirmed=sum(not one.incident.grade for one in found),
        overdue=sum(any(due.state == "overdue" for due in one.dues) for one in found),
        incidents=[_incident(one) for one in found],
    )


def _incident(judged: Judged) -> IncidentAnswer:
    one = judged.incident
    return IncidentAnswer(
        number=one.number,
        kind=one.kind,
        code=one.code,
        place=one.place,
        began=when(one.began_at),
        began_ns=one.began_at,
        discovered=when(one.discovered_at),
        discovered_ns=one.discovered_at,
        ended=when(one.ended_at),
        ended_ns=one.ended_at,
        proposed=one.proposed,
        reason=one.reason,
        grade=one.grade,
        confirmed_by=one.confirmed_by,
        confirmed=when(one.confirmed_at),
        confirmed_ns=one.confirmed_at,
        note=one.note,
        concerns=sorted(one.concerns),
        closed=when(one.closed_at),
        closed_ns=one.closed_at,
        closed_by=one.closed_by,
        clocks=[_clock(due) for due in judged.dues],
    )


def _clock(due: Due) -> ClockAnswer:
    one = due.clock
    return ClockAnswer(
        *(one.name, one.step, one.to, one.to_en, one.limit, one.source, one.tag),
        *(due.state, when(due.until), due.until),
    )
