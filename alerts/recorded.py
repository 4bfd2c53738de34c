"""What the audit log is told of alerts: that one began or ended, and what people were told.

In the transaction that makes it true, so a state and its row stand or fall together. An alert has
rows of its own, at most ALONE_A_MINUTE of all alerts together; what is more stands in lists, each
alert with the same words as alone. So a storm makes few rows, and no alert is missing from them.
"""

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from alerts.facts import Ground
from alerts.memory import Draft
from alerts.routing.said import DIGEST
from alerts.stages.storm import FOLLOWED, SUMMARY
from alerts.step import Case
from alerts.tables import Sent
from core import persondata
from core.alertkinds import RAISED, TOLD
from core.alerts import CONSOLE
from core.clock import SECOND

ALONE_A_MINUTE: Final = 200
OF_A_LIST: Final = 100
"""Alerts in one row."""
MOST_NUMBERS: Final = 50
"""Numbers of alerts in the row of a message; the total is said beside."""
MINUTE: Final = 60 * SECOND

LOG: Final = "log"
DISTRICT: Final = "district"
NOBODY_TAKES_IT: Final = "no channel is for it"

_ADDRESS: Final = re.compile(
    r"[^\s<>()\[\]{}\"',;]+@[^\s<>()\[\]{}\"',;]+|\b[a-z][a-z0-9+.-]*://\S+"
)


@dataclass(slots=True)
class Recorded:
    """Writes the rows of one engine; *schools* names the school of a channel that is for one."""

    ground: Ground
    schools: Mapping[str, str] = field(default_factory=dict)
    _since: int = 0
    _alone: int = 0

    def write(self, db: sqlite3.Connection, draft: Draft, sent: Sequence[Sent]) -> None:
        """Record what *draft* changes, and what of it people are told."""
        began, ended = changes(draft)
        self._alerts(db, began, draft.at, active=True)
        self._alerts(db, ended, draft.at, active=False)
        for one in sent:
            self._message(db, one)

    def _alerts(
        self, db: sqlite3.Connection, cases: Sequence[Case], at: int, *, active: bool
    ) -> None:
        room = self._room(at)
        if len(cases) > room:
            cases = sorted(cases, key=lambda case: case.alert.severity)
        alone, listed = cases[:room], cases[room:]
        self._alone += len(alone)
        for case in alone:
            place, subject = case.alert.key.place, f"alert/{case.alert.number}"
            self.ground.record(db, RAISED, place, subject, said_of(case), active=active)
        for first in range(0, len(listed), OF_A_LIST):
            some = listed[first : first + OF_A_LIST]
            self.ground.record(db, RAISED, "", "alerts", _list(some), active=active)

    def _room(self, at: int) -> int:
        """Return how many alerts may have a row of their own now."""
        if not 0 <= at - self._since < MINUTE:
            self._since, self._alone = at, 0
        return max(0, ALONE_A_MINUTE - self._alone)

    def _message(self, db: sqlite3.Connection, sent: Sent) -> None:
        said, about = sent.message.notification, sent.message.about
        details = {
            "reason": said.reason,
            "severity": said.severity,
            "alerts": list(about[:MOST_NUMBERS]),
            "total": said.total,
            "to": {name: self._role(name) for name in sent.channels},
            "sha256": hashlib.sha256(sent.body).hexdigest(),
        }
        if sent.message.repeat:
            details["repeat"] = True
        place, subject = _place(sent.message.place), f"message/{said.number}"
        failed = "" if sent.channels else NOBODY_TAKES_IT
        self.ground.record(db, TOLD, place, subject, details, failed=failed)

    def _role(self, channel: str) -> str:
        """Return whom a channel reaches, in the words that accounts have."""
        if channel == CONSOLE:
            return LOG
        school = self.schools.get(channel, "")
        return f"school:{school}" if school else DISTRICT


def changes(draft: Draft) -> tuple[list[Case], list[Case]]:
    """Return the alerts that began in *draft*, and those that ended; one may be in both."""
    began, ended = list[Case](), list[Case]()
    for number, case in draft.written.items():
        known = _known(draft, case)
        if known is None and number < draft.memory.next_alert:
            continue  # It was over before, and is told of.
        fired = known is not None and known.alert.fired_at > 0
        if case.alert.fired_at and not fired:
            began.append(case)
        over = known is not None and known.alert.state == "ended"
        if case.alert.state == "ended" and not over:
            ended.append(case)
    return began, ended


def said_of(case: Case) -> dict[str, Any]:
    """Return what is recorded of an alert, as far as there is something to say; times in ns."""
    alert = case.alert
    said = {
        "rule": alert.key.rule,
        "severity": alert.severity,
        "target": alert.key.target,
        "subject": alert.key.subject,
        "began_at": alert.began_at,
        "fired_at": alert.fired_at,
        "ended_at": alert.ended_at,
        "ended_by": alert.ended_by,
        "late": alert.late,
        "cause": _cause(alert.details),
        "because": [one.rule for one in alert.because],
        "hidden_by": alert.hidden_by,
        "hider": alert.hider,
        "muted_by": alert.muted_by,
    }
    return {name: value for name, value in said.items() if value}


def without_addresses(text: str) -> str:
    """Return *text*, of a server perhaps, without mail addresses, links and numbers of persons."""
    return persondata.removed(_ADDRESS.sub("[address removed]", text))


def numbers(found: Sequence[int]) -> dict[str, Any]:
    """Return the first of some numbers, and how many there are."""
    return {"numbers": list(found[:MOST_NUMBERS]), "total": len(found)}


def _list(cases: Sequence[Case]) -> dict[str, Any]:
    alerts = [
        {"number": case.alert.number, "place": case.alert.key.place, **said_of(case)}
        for case in cases
    ]
    rules = Counter(case.alert.key.rule for case in cases)
    return {"total": len(cases), "rules": dict(rules), "alerts": alerts}


def _known(draft: Draft, case: Case) -> Case | None:
    """Return the case as it was before *draft*."""
    number, memory = case.alert.number, draft.memory
    found = (memory.cases.get(case.alert.key), memory.folded.get(number))
    return next((one for one in found if one and one.alert.number == number), None)


def _cause(details: Mapping[str, Any]) -> str:
    cause = details.get("cause", "")
    return cause if isinstance(cause, str) else ""


def _place(place: str) -> str:
    """Return where all of a message is; a summary is of no place."""
    return "" if place in (SUMMARY, FOLLOWED, DIGEST) else place
