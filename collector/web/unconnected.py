"""The answer of `/api/v1/unconnected`: the schools without a network, 未联网学校清单.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/unconnected' | python -m json.tool
"""

from typing import Annotated, Final, get_args

import msgspec
from msgspec import Meta

from collector.unconnected import Ended, Entry, Listed
from collector.web.fields import AreaOrNone, At, CauseWord, Count, Ns, when
from collector.web.scope import UNSTATED
from core.clock import SECOND, rfc3339

HOUR: Final = 3_600 * SECOND

EndedWord = Annotated[
    str,
    Meta(
        description="empty while it is open; `connected`; else what the school is to the roster",
        extra_json_schema={"enum": list(get_args(Ended))},
    ),
]
Hours = Annotated[float, Meta(ge=0)]


class Unconnected(msgspec.Struct, frozen=True):
    """One entry: nothing has proven since `since` that the school is connected.

    `school_hours` is the school time that counts for it. Name, area and cause are those that were
    known last while it was open.
    """

    region: str
    school: str
    name: str
    area: AreaOrNone
    cause: CauseWord
    since: At | None
    since_ns: Ns
    school_hours: Hours
    opened: At | None
    opened_ns: Ns
    closed: At | None
    closed_ns: Ns
    ended: EndedWord


class UnconnectedAnswer(msgspec.Struct, frozen=True):
    """What is open, the longest first, and the newest 200 of what is over.

    A school is listed after more than `after_hours` of school time. `cleared` counts those that
    recovered since `month`, and the hours are what that took from their listing on (I-02).
    """

    at: At
    at_ns: Ns
    after_hours: Hours
    open: list[Unconnected]
    open_total: Count
    over: list[Unconnected]
    month: At | None
    cleared: Count
    median_hours: Hours
    longest_hours: Hours


def answered(listed: Listed, at: int) -> UnconnectedAnswer:
    """Return *listed* in the words of the API."""
    return UnconnectedAnswer(
        at=rfc3339(at),
        at_ns=at,
        after_hours=hours(listed.after),
        open=[_entry(one) for one in listed.open],
        open_total=len(listed.open),
        over=[_entry(one) for one in listed.over],
        month=when(listed.month),
        cleared=len(listed.cleared),
        median_hours=hours(listed.median),
        longest_hours=hours(listed.longest),
    )


def hours(duration: int) -> float:
    """Return *duration* (ns) in hours, as people give them."""
    return round(duration / HOUR, 2)


def _entry(one: Entry) -> Unconnected:
    return Unconnected(
        region=one.region,
        school=one.school,
        name=one.name,
        area=one.area or UNSTATED,
        cause=one.cause,
        since=when(one.since),
        since_ns=one.since,
        school_hours=hours(one.counted),
        opened=when(one.opened),
        opened_ns=one.opened,
        closed=when(one.closed),
        closed_ns=one.closed,
        ended=one.ended,
    )
