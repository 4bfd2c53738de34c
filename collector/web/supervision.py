"""The answer of `/api/v1/supervision`: what is overdue and under supervision, 督办清单.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/supervision' | python -m json.tool
"""

import csv
import io
from collections.abc import Iterable
from datetime import tzinfo
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from alerts.routing.supervision import Entry, Supervision
from collector.web.fields import At, Count, Ns, SeverityWord, Words, when, words
from collector.web.language import Language
from collector.web.texts import Texts
from core.clock import SECOND, minute, rfc3339

HOUR: Final = 3_600 * SECOND

OwnerWord = Annotated[
    str,
    Meta(
        description="whose it is to act: 主管, 运维, 使用",
        extra_json_schema={"enum": ["authority", "operator", "user"]},
    ),
]
COLUMNS: Final = (
    *("number", "place", "title", "severity", "owner", "due", "overdue"),
    *("reminders", "acked", "long", "closed"),
)


class Supervised(msgspec.Struct, frozen=True):
    """One alert that was open past its due date.

    `since` is when people were told of it first. `long`: it is open for more than half a year.
    """

    number: int
    rule: str
    region: str
    school: str
    severity: SeverityWord
    owner: OwnerWord
    title: Words
    since: At | None
    since_ns: Ns
    due: At | None
    due_ns: Ns
    overdue_hours: Annotated[float, Meta(ge=0)]
    reminders: Count
    escalated: Count
    acked: At | None
    closed: At | None
    closed_ns: Ns
    long: bool


class SupervisionAnswer(msgspec.Struct, frozen=True):
    """What is on the list, the longest overdue first, and the newest 200 that left it.

    `due` counts what was due since `month` began, `in_time` what of it was over by then.
    """

    at: At
    at_ns: Ns
    open: list[Supervised]
    open_total: Count
    long_total: Count
    over: list[Supervised]
    month: At | None
    due: Count
    in_time: Count
    reminders_each: Annotated[float, Meta(ge=0)]
    median_to_ack_hours: Annotated[float, Meta(ge=0)]
    median_to_end_hours: Annotated[float, Meta(ge=0)]


def answered(listed: Supervision, at: int) -> SupervisionAnswer:
    """Return *listed* in the words of the API."""
    figures = listed.figures
    return SupervisionAnswer(
        at=rfc3339(at),
        at_ns=at,
        open=[_entry(one, at) for one in listed.open],
        open_total=listed.open_total,
        long_total=listed.long_total,
        over=[_entry(one, at) for one in listed.over],
        month=when(figures.month),
        due=figures.due,
        in_time=figures.in_time,
        reminders_each=figures.reminders,
        median_to_ack_hours=round(figures.to_ack / HOUR, 2),
        median_to_end_hours=round(figures.to_end / HOUR, 2),
    )


def overdue(entry: Entry, at: int) -> int:
    """Return for how long an alert was open past its due date (ns)."""
    return max(0, (entry.closed_at or at) - entry.due_at)


def table(listed: Supervision, at: int, language: Language, zone: tzinfo) -> str:
    """Return the list as CSV, for a spreadsheet: what is open, then what is over."""
    t = Texts(language)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([t(f"supervision_column_{name}") for name in COLUMNS])
    for one in (*listed.open, *listed.over):
        writer.writerow([_harmless(cell) for cell in _cells(one, at, t, zone)])
    # With a mark in front Excel takes it for UTF-8.
    return "\ufeff" + file.getvalue()


def _cells(one: Entry, at: int, t: Texts, zone: tzinfo) -> Iterable[object]:
    alert = one.telling.alert

    def moment(ns: int) -> str:
        return minute(ns, zone) if ns else ""

    return (
        alert.number,
        alert.key.place,
        getattr(one.telling.title, t.language),
        alert.severity,
        t(f"role_{one.owner}"),
        moment(one.due_at),
        round(overdue(one, at) / HOUR, 1),
        one.reminders,
        moment(one.acked_at),
        t("supervision_yes") if one.long else "",
        moment(one.closed_at),
    )


def _harmless(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell


def _entry(one: Entry, at: int) -> Supervised:
    alert = one.telling.alert
    region, _, school = one.school.partition("/")
    return Supervised(
        number=alert.number,
        rule=alert.key.rule,
        region=region,
        school=school,
        severity=alert.severity,
        owner=one.owner,
        title=words(one.telling.title),
        since=when(one.since),
        since_ns=one.since,
        due=when(one.due_at),
        due_ns=one.due_at,
        overdue_hours=round(overdue(one, at) / HOUR, 2),
        reminders=one.reminders,
        escalated=one.escalated,
        acked=when(one.acked_at),
        closed=when(one.closed_at),
        closed_ns=one.closed_at,
        long=one.long,
    )
