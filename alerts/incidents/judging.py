"""What people do with an incident: confirm its grade, say what was reported, close it.

Every function is to be called in a transaction, with the note for the audit log in the same one.
Nothing is sent: what was reported, a person reported outside of this program, and says so here.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from alerts.incidents.clocks import CLOCKS, ClockTable, applies
from alerts.incidents.grades import CONCERNS, FALSE_ALARM, SAYABLE
from alerts.incidents.incident import Incident
from alerts.incidents.rows import incident
from core.errors import ActRefused

DISTRICT: Final = "district"
LONGEST: Final = 500
"""Characters of a note."""


Refusal = Literal[
    "no_incident",
    "no_grade",
    "no_concern",
    "incident_reason",
    "incident_clock",
    "unconfirmed",
    "false_alarm",
    "no_clock",
    "reported",
    "incident_lasts",
    "incident_how",
    "incident_closed",
    "not_district",
    "nobody",
    "not_closed",
]


class Refused(ActRefused):
    """What somebody wanted to do with an incident cannot be done; the text says why, in Chinese."""

    def __init__(self, why: Refusal, text: str) -> None:
        super().__init__(why, text)


def confirm(  # noqa: PLR0917 — what a record of it has to say, none of it may be left out
    db: sqlite3.Connection,
    number: int,
    grade: str,
    by: str,
    note: str,
    at: int,
    *,
    role: str = DISTRICT,
    concerns: Iterable[str] = (),
) -> Incident:
    """Keep the grade that a named person of the district confirms; return the incident.

    It may be said again with another grade until the incident is closed. Raises Refused.
    """
    found, named = _judged(db, number, by, role), tuple(dict.fromkeys(concerns))
    if grade not in SAYABLE:
        raise Refused("no_grade", f"没有这个级别：{grade[:20]}；可选：{'、'.join(SAYABLE)}")
    if unknown := [one for one in named if one not in CONCERNS]:
        raise Refused("no_concern", f"没有这个标记：{unknown[0][:20]}；可选：{'、'.join(CONCERNS)}")
    if grade != found.proposed and not note.strip():
        raise Refused("incident_reason", "与建议级别不同，请写明理由")
    if at < found.discovered_at:
        raise Refused("incident_clock", "确认时间早于发现时间，请检查时钟")
    db.execute(
        """UPDATE incident SET grade = ?, confirmed_by = ?, confirmed_at = ?, note = ?, concerns = ?
        WHERE number = ?""",
        (grade, by.strip(), at, note.strip()[:LONGEST], " ".join(sorted(named)), number),
    )
    return _now(db, number)


def reported(  # noqa: PLR0917 — as above
    db: sqlite3.Connection,
    number: int,
    clock: str,
    by: str,
    note: str,
    at: int,
    *,
    role: str = DISTRICT,
    clocks: Sequence[ClockTable] = CLOCKS,
) -> Incident:
    """Keep that a person reported what *clock* asks for; return the incident. Raises Refused."""
    found = _named(db, number, by, role)
    if not found.grade:
        raise Refused("unconfirmed", "尚未有人确认级别，不能上报")
    if found.grade == FALSE_ALARM:
        raise Refused("false_alarm", "已确认为误报，无需上报")
    if not any(one.name == clock and applies(one, found) for one in clocks):
        raise Refused("no_clock", f"这一事件没有这一时限：{clock[:40]}")
    if found.report(clock):
        raise Refused("reported", "已登记过上报，不能重复登记")
    db.execute(
        "INSERT INTO incident_report VALUES (?, ?, ?, ?, ?)",
        (number, clock, at, by.strip(), note.strip()[:LONGEST]),
    )
    return _now(db, number)


def close(
    db: sqlite3.Connection, number: int, by: str, note: str, at: int, *, role: str = DISTRICT
) -> Incident:
    """Keep that an incident was dealt with, and how; return it. Raises Refused."""
    found = _judged(db, number, by, role)
    if not found.grade:
        raise Refused("unconfirmed", "尚未有人确认级别，不能办结")
    if not found.ended_at and found.grade != FALSE_ALARM:
        raise Refused("incident_lasts", "事件仍在进行，不能办结")
    if not note.strip():
        raise Refused("incident_how", "请写明处置情况")
    db.execute(
        "UPDATE incident SET closed_at = ?, closed_by = ?, closing = ? WHERE number = ?",
        (at, by.strip(), note.strip()[:LONGEST], number),
    )
    return _now(db, number)


def _judged(db: sqlite3.Connection, number: int, by: str, role: str) -> Incident:
    found = _named(db, number, by, role)
    if found.closed_at:
        raise Refused("incident_closed", "事件已办结，不能再改")
    return found


def _named(db: sqlite3.Connection, number: int, by: str, role: str) -> Incident:
    if role != DISTRICT:
        raise Refused("not_district", "只有区级人员可以研判和上报")
    if not by.strip():
        raise Refused("nobody", "须有具名的确认人")
    found = incident(db, number)
    if found is None:
        raise Refused("no_incident", f"没有编号为 {number} 的事件")
    return found


def _now(db: sqlite3.Connection, number: int) -> Incident:
    found = incident(db, number)
    assert found
    return found
