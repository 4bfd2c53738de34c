"""What the page and the API show: what is open, what was, and the story of each.

A connection of its own for each question, read-only: a page never holds up an alert.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from alerts import acks, tables
from alerts.acks import Ack, Handled
from alerts.attended import Attended, attended
from alerts.hindsight import Hindsight, hindsight
from alerts.kept import NOT_KEPT, Keeper, Kept
from alerts.rules import Rule
from alerts.schooltime import SchoolTime
from alerts.shipped import RULES
from alerts.step import Case
from alerts.texts import Words, first_step, heading, telling_of
from core import clock
from core.alerts import NO_TEXT, Alert, AlertKey, Telling, Text
from core.errors import StoreBusy
from core.readonly import read_only

MOST: Final = 500
"""Alerts of a group in one answer; of those that are open the worst come first."""

_MUTED: Final = "coalesce(json_extract(CAST(beside AS TEXT), '$.muted_by'), '') != ''"
_OPEN: Final = "state IN ('firing', 'keeping')"
_GROUPS: Final = (
    f"hidden_by = '' AND NOT {_MUTED}",
    f"hidden_by = '' AND {_MUTED}",
    "hidden_by != ''",
)
"""Of what is open: what people are told of, what is muted, what another alert explains."""
_ACKED: Final = "EXISTS (SELECT 1 FROM alert_ack WHERE alert = number AND undone = 0)"


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
    via: str = ""
    """The channel that did not take it, where it went to this one instead."""


class Followed(NamedTuple):
    """When an alert is due, and when it came onto the supervision list and left it (ns, or 0)."""

    due_at: int
    supervised_at: int
    closed_at: int


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
    that were taken back, and when (ns). `kept` says more of what mutes it now, `hider` is the title
    of the alert that explains it.
    """

    telling: Telling
    waits_for_summary: bool
    deliveries: Sequence[Delivery]
    mutes: Sequence[Muted] = ()
    ack: Ack | None = None
    handled: Sequence[Handled] = ()
    taken_back: Sequence[tuple[Ack, int]] = ()
    kept: Kept = NOT_KEPT
    hider: Text = NO_TEXT
    followed: Followed | None = None

    @property
    def group(self) -> Literal["open", "muted", "hidden", "over"]:
        """What people are told of, what is muted, what another alert explains, what is over."""
        alert = self.telling.alert
        if alert.state == "ended":
            return "over"
        if alert.hidden_by:
            return "hidden"
        return "muted" if alert.muted_by else "open"


@dataclass(frozen=True, slots=True)
class Stories:
    """What is open now, worst first and what is hidden or muted last; what is over, newest first.

    `open_total` counts all that are open, `severities` those of each severity that nothing hides or
    mutes, and `unacked` those of them that nobody takes care of; `muted` and `hidden` count the
    others. `before` is where the next page of those that are over begins, 0 where there is none.
    `rules_off` names the shipped rules that are switched off, each with what it would tell of.
    """

    open: Sequence[Story]
    open_total: int
    over: Sequence[Story]
    before: int
    severities: Mapping[str, int] = field(default_factory=dict)
    rules_off: Mapping[str, Text] = field(default_factory=dict)
    muted: int = 0
    hidden: int = 0
    unacked: int = 0
    over_total: int = 0


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
        self,
        path: Path,
        words: Words,
        rules: Sequence[Rule] = RULES,
        off: Sequence[str] = (),
        *,
        times: SchoolTime | None = None,
        now: clock.Clock = clock.now,
    ) -> None:
        self._path, self._words, self._now = path, words, now
        self._times = times or SchoolTime(words.zone)
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

    def standing(self) -> Sequence[Story]:
        """Return what is open, as the page shows it; raises StoreBusy."""
        return self._told(lambda db: _open(db, Wanted(), MOST))

    def ended(self, numbers: Collection[int], since: int) -> Sequence[Story]:
        """Return what of *numbers* is over, and what ended after *since* (ns), up to the newest
        MOST of these; raises StoreBusy."""
        some, over = list(numbers), "state = 'ended' AND fired_at > 0"

        def found(db: sqlite3.Connection) -> Iterator[Case]:
            for number in some:
                yield from tables.cases(
                    db, f"{over} AND ended_at <= ? AND number = ?", since, number
                )
            order = f"{over} AND ended_at > ? ORDER BY number DESC LIMIT ?"
            yield from tables.cases(db, order, since, MOST)

        return self._told(found)

    def _told(self, find: Callable[[sqlite3.Connection], Iterable[Case]]) -> Sequence[Story]:
        try:
            with closing(self._connect()) as db:
                found = list(find(db))
                known, keeper = hindsight(db, found), Keeper(db, self._times, self._now())
                return [self._story(keeper, case, known) for case in found]
        except sqlite3.Error as error:
            raise StoreBusy(f"the alerts cannot be read now: {error}") from error

    def in_words(self, cases: Iterable[Case]) -> Sequence[Telling]:
        """Return *cases* as they are told; asks no database."""
        return [telling_of(case.alert, self._rules, self._words) for case in cases]

    def first_step(self, alert: Alert) -> Text:
        """Return what to try first about *alert*; asks no database."""
        return first_step(alert, self._rules.get(alert.key.rule), self._words)

    def attended(self) -> Attended:
        """Return which open alerts somebody takes care of, and which are overdue; raises
        StoreBusy."""
        try:
            with closing(self._connect()) as db:
                return attended(db)
        except sqlite3.Error as error:
            raise StoreBusy(f"the alerts cannot be read now: {error}") from error

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
        found = _open(db, wanted, limit)
        told, muted, hidden = (f"sum({group})" for group in _GROUPS)
        query = f"""SELECT severity, {told}, {muted}, {hidden}, sum({_GROUPS[0]} AND NOT {_ACKED})
            FROM alert WHERE {_OPEN} AND {where}
            GROUP BY severity ORDER BY severity"""  # noqa: S608 — our words
        counted = db.execute(query, values).fetchall()
        query = f"""SELECT count(*) FROM alert
            WHERE state = 'ended' AND fired_at > 0 AND {where}"""  # noqa: S608 — our words
        (over_total,) = db.execute(query, values).fetchone()
        over_where = f"state = 'ended' AND fired_at > 0 AND (? = 0 OR number < ?) AND {where}"
        order = f"{over_where} ORDER BY number DESC LIMIT ?"
        before = wanted.before
        over = list(tables.cases(db, order, before, before, *values, limit + 1))
        more = over[limit - 1].alert.number if len(over) > limit else 0
        known, keeper = hindsight(db, (*found, *over)), Keeper(db, self._times, self._now())
        return Stories(
            [self._story(keeper, case, known) for case in found],
            sum(sum(row[1:4]) for row in counted),
            [self._story(keeper, case, known) for case in over[:limit]],
            more,
            {row[0]: row[1] for row in counted if row[1]},
            self._off,
            muted=sum(row[2] for row in counted),
            hidden=sum(row[3] for row in counted),
            unacked=sum(row[4] for row in counted),
            over_total=over_total,
        )

    def _story(self, keeper: Keeper, case: Case, known: Hindsight) -> Story:
        db = keeper.db
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
            keeper.kept(case.alert),
            self._title(db, case.alert.hider),
            _followed(db, number),
        )

    def _title(self, db: sqlite3.Connection, number: int) -> Text:
        found = tables.cases(db, "number = ?", number) if number else iter(())
        tellings = (telling_of(case.alert, self._rules, self._words) for case in found)
        return next((one.title for one in tellings), NO_TEXT)

    def _connect(self) -> sqlite3.Connection:
        return read_only(self._path)


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


def _open(db: sqlite3.Connection, wanted: Wanted, limit: int) -> list[Case]:
    """Return what is open, up to *limit* of each group, the worst first."""
    (where, values), found = _where(wanted), list[Case]()
    for group in _GROUPS:
        order = f"{_OPEN} AND {group} AND {where} ORDER BY severity, fired_at DESC LIMIT ?"
        found += tables.cases(db, order, *values, limit)
    return found


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


def _followed(db: sqlite3.Connection, alert: int) -> Followed | None:
    query = "SELECT due_at, supervised_at, closed_at FROM alert_follow WHERE number = ?"
    found = db.execute(query, (alert,)).fetchone()
    return Followed(*found) if found else None


def _deliveries(db: sqlite3.Connection, alert: int) -> Iterator[Delivery]:
    query = """SELECT o.message, m.reason, m.at, channel, state, tries, done_at, error, via,
        repeat FROM alert_told AS t JOIN alert_message AS m ON m.number = t.message
        JOIN alert_outbox AS o ON o.message = t.message
        WHERE t.alert = ? ORDER BY o.message, channel"""
    for *found, repeat in db.execute(query, (alert,)).fetchall():
        message, reason, made_at, channel, state, tries, done_at, error, via = found
        yield Delivery(
            *(message, reason, made_at, channel, state, tries, done_at, error, bool(repeat)), via
        )
