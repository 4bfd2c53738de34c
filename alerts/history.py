"""What the page and the API show: what is open, what was, and the story of each.

A connection of its own for each question, read-only: a page never holds up an alert.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from alerts import acks, tables
from alerts.acks import Ack, Handled
from alerts.hindsight import Hindsight, hindsight
from alerts.rules import Rule
from alerts.shipped import RULES
from alerts.step import Case
from alerts.texts import Words, heading, telling_of
from core.alerts import AlertKey, Telling, Text
from core.errors import StoreBusy

MOST: Final = 500
"""Alerts in one answer; of those that are open the worst come first."""

_BUSY_S: Final = 2.0
_MUTED: Final = "coalesce(json_extract(CAST(beside AS TEXT), '$.muted_by'), '') != ''"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts; an empty word means all, and so does the number 0.

    `before` is the number where the last page ended.
    """

    region: str = ""
    school: str = ""
    agent: str = ""
    rule: str = ""
    before: int = 0
    limit: int = 100
    number: int = 0

    @property
    def place(self) -> str:
        """The place that is named, as far as it is."""
        return "/".join(word for word in (self.region, self.school, self.agent) if word)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message at one channel."""

    message: int
    reason: str
    made_at: int
    channel: str
    state: str
    tries: int
    done_at: int
    error: str
    repeat: bool


class Muted(NamedTuple):
    """What kept an alert from people, from when to when (ns); `until` is 0 while it does.

    `alert:NUMBER` that hid it, `silence:NUMBER`, `maintenance:NAME` or `calendar`.
    """

    by: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Story:
    """An alert with its texts, whether a summary is still to tell of it, whom it was told, and
    what kept it from people.

    `ack` is who takes care of it, `handled` what was done since; `taken_back` holds earlier ones
    that were taken back, and when (ns).
    """

    telling: Telling
    waits_for_summary: bool
    deliveries: Sequence[Delivery]
    mutes: Sequence[Muted] = ()
    ack: Ack | None = None
    handled: Sequence[Handled] = ()
    taken_back: Sequence[tuple[Ack, int]] = ()


@dataclass(frozen=True, slots=True)
class Stories:
    """What is open now, worst first and what is hidden or muted last; what is over, newest first.

    `open_total` counts all that are open, `severities` those of each severity that nothing hides or
    mutes; `before` is where the next page of those that are over begins, 0 where there is none.
    `rules_off` names the shipped rules that are switched off, each with what it would tell of.
    """

    open: Sequence[Story]
    open_total: int
    over: Sequence[Story]
    before: int
    severities: Mapping[str, int] = field(default_factory=dict)
    rules_off: Mapping[str, Text] = field(default_factory=dict)


class Began(NamedTuple):
    """How many alerts of a rule began at a place in a time."""

    rule: str
    place: str
    events: int

    @property
    def school(self) -> str:
        """The school of its place; empty for what is no school's."""
        return AlertKey(self.rule, self.place).school


class History:
    """Asks the database at *path*; every method blocks, and raises StoreBusy."""

    def __init__(
        self, path: Path, words: Words, rules: Sequence[Rule] = RULES, off: Sequence[str] = ()
    ) -> None:
        self._path, self._words = path, words
        self.take_rules(rules, off)

    def take_rules(self, rules: Sequence[Rule], off: Sequence[str] = ()) -> None:
        """Go on with the words of other rules; *off* are shipped ones that are switched off."""
        self._rules = {rule.name: rule for rule in rules}
        self._off = {rule.name: heading(rule) for rule in RULES if rule.name in off}

    def stories(self, wanted: Wanted) -> Stories:
        """Return the alerts that are *wanted*; pending ones are nobody's concern yet."""
        try:
            with closing(self._connect()) as db:
                return self._stories(db, wanted)
        except sqlite3.Error as error:
            raise StoreBusy(f"the alerts cannot be read now: {error}") from error

    def in_words(self, cases: Iterable[Case]) -> Sequence[Telling]:
        """Return *cases* as they are told; asks no database."""
        return [telling_of(case.alert, self._rules, self._words) for case in cases]

    def began(self, since: int, rules: Collection[str], place: str = "") -> Sequence[Began]:
        """Return what of *rules* began after *since* (ns) at *place*; raises StoreBusy."""
        where, values = _where(Wanted(region=place))
        marks = ", ".join("?" * len(rules))
        query = f"""SELECT rule, place, count(*) FROM alert
            WHERE rule IN ({marks}) AND fired_at > 0 AND began_at > ? AND {where}
            GROUP BY rule, place"""  # noqa: S608 — our words
        try:
            with closing(self._connect()) as db:
                return [Began(*row) for row in db.execute(query, (*rules, since, *values))]
        except sqlite3.Error as error:
            raise StoreBusy(f"the alerts cannot be read now: {error}") from error

    def _stories(self, db: sqlite3.Connection, wanted: Wanted) -> Stories:
        limit = max(1, min(wanted.limit, MOST))
        where, values = _where(wanted)
        is_open = f"state IN ('firing', 'keeping') AND {where}"
        order = f"{is_open} ORDER BY hidden_by != '', {_MUTED}, severity, fired_at DESC LIMIT ?"
        found = list(tables.cases(db, order, *values, limit))
        query = f"""SELECT severity, sum(hidden_by = '' AND NOT {_MUTED}), count(*)
            FROM alert WHERE {is_open} GROUP BY severity ORDER BY severity"""  # noqa: S608 — our words
        counted = db.execute(query, values).fetchall()
        over_where = f"state = 'ended' AND fired_at > 0 AND (? = 0 OR number < ?) AND {where}"
        order = f"{over_where} ORDER BY number DESC LIMIT ?"
        before = wanted.before
        over = list(tables.cases(db, order, before, before, *values, limit + 1))
        more = over[limit - 1].alert.number if len(over) > limit else 0
        known = hindsight(db, (*found, *over))
        return Stories(
            [self._story(db, case, known) for case in found],
            sum(count for _, _, count in counted),
            [self._story(db, case, known) for case in over[:limit]],
            more,
            {severity: shown for severity, shown, _ in counted if shown},
            self._off,
        )

    def _story(self, db: sqlite3.Connection, case: Case, known: Hindsight) -> Story:
        case, raised = known.explained(case), known.raised(case)
        telling = telling_of(case.alert, self._rules, self._words, raised=raised)
        number = case.alert.number
        return Story(
            telling,
            bool(case.folds),
            list(_deliveries(db, number)),
            _mutes(db, number),
            acks.acked(db, number),
            acks.handled(db, number),
            list(acks.taken_back(db, number)),
        )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", _BUSY_S, uri=True)


def tidy(db: sqlite3.Connection, before: int) -> int:
    """Delete what was over *before* (ns), with its messages; return how many alerts went."""
    gone = db.execute(
        "DELETE FROM alert WHERE state = 'ended' AND folds = '' AND ended_at < ? "
        "AND max(fired_at, began_at) < ?",
        (before, before),
    ).rowcount
    db.execute("DELETE FROM alert_suppressed WHERE alert NOT IN (SELECT number FROM alert)")
    db.execute("DELETE FROM alert_told WHERE alert NOT IN (SELECT number FROM alert)")
    db.execute(
        "DELETE FROM alert_message WHERE at < ? AND number NOT IN (SELECT message FROM alert_told)",
        (before,),
    )
    db.execute(
        "DELETE FROM alert_outbox WHERE message NOT IN (SELECT number FROM alert_message) "
        "AND state NOT IN ('queued', 'sending')"
    )
    db.execute(
        "DELETE FROM alert_follow WHERE closed_at > 0 AND number NOT IN (SELECT number FROM alert)"
    )
    db.execute("DELETE FROM alert_digested WHERE alert NOT IN (SELECT number FROM alert)")
    db.execute("DELETE FROM alert_subject WHERE active = 0 AND at < ?", (before,))
    acks.tidy(db)
    return gone


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    where, values = ["1"], list[Any]()
    if wanted.place:
        where.append("(place = ? OR substr(place, 1, ?) = ?)")
        inside = f"{wanted.place}/"
        values += [wanted.place, len(inside), inside]
    if wanted.rule:
        where.append("rule = ?")
        values.append(wanted.rule)
    if wanted.number:
        where.append("number = ?")
        values.append(wanted.number)
    return " AND ".join(where), values


def _mutes(db: sqlite3.Connection, alert: int) -> list[Muted]:
    query = "SELECT by, since, until FROM alert_suppressed WHERE alert = ? ORDER BY since"
    return [Muted(*row) for row in db.execute(query, (alert,))]


def _deliveries(db: sqlite3.Connection, alert: int) -> Iterator[Delivery]:
    query = """SELECT o.message, m.reason, m.at, channel, state, tries, done_at, error, repeat
        FROM alert_told AS t JOIN alert_message AS m ON m.number = t.message
        JOIN alert_outbox AS o ON o.message = t.message
        WHERE t.alert = ? ORDER BY o.message, channel"""
    for *found, repeat in db.execute(query, (alert,)).fetchall():
        message, reason, made_at, channel, state, tries, done_at, error = found
        yield Delivery(
            *(message, reason, made_at, channel, state, tries, done_at, error, bool(repeat))
        )
