"""The small things of a day in one message: what began, what is over, what is still open.

Each channel's last digest stands in `alert_digest`, and what it was told in `alert_digested`, so a
restart tells nothing twice and leaves nothing out. Where there is nothing to tell, nothing is. A
channel that has had all the messages that were agreed (alerts/stages/storm.py) gets it later.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from alerts import tables
from alerts.facts import Ground
from alerts.memory import Draft
from alerts.routing.plan import Decision, Routing
from alerts.routing.said import DigestSaid
from alerts.stages.storm import Storm
from alerts.step import Case
from alerts.texts import MOST_HELD
from core import clock
from core.alerts import RULE_REMOVED
from core.clock import SECOND

DAY: Final = 86_400 * SECOND
LATE: Final = 2 * DAY
"""How long ago what is heard of only now may have ended."""

LEAST: Final = "P4"
"""As urgent as a digest is."""
NO_ROOM: Final = 30 * SECOND
"""How long it waits where a channel is full."""

Decide = Callable[[Case, int], Decision | None]


def slot_of(at: int, when: time, zone: tzinfo) -> int:
    """Return the last moment up to *at* at which a digest was due (ns)."""
    today = clock.local(at, zone).date()
    for day in (today, today - timedelta(days=1)):
        slot = int(datetime.combine(day, when, zone).timestamp()) * SECOND
        if slot <= at:
            return slot
    return at - at % DAY


class Digest:
    """Every method blocks, and may raise sqlite3.Error: then nothing has changed."""

    def __init__(self, ground: Ground, is_rule: Callable[[str], bool], storm: Storm) -> None:
        self._ground, self._is_rule, self._storm = ground, is_rule, storm
        self._again_at = 0
        self._slot = self._done = 0
        self._due: list[str] = []
        self._routing: Routing | None = None
        self._for: Routing | None = None

    def may_be_due(self, at: int, routing: Routing) -> bool:
        """Return whether it is worth asking the database."""
        if self._again_at and not 0 < self._again_at - at <= NO_ROOM:
            return True
        known = self._done, self._for
        return known != (slot_of(at, routing.digest_at, routing.zone), routing)

    def is_due(self, db: sqlite3.Connection, at: int, routing: Routing) -> bool:
        """Return whether a digest is due, and remember for which channels."""
        slot = slot_of(at, routing.digest_at, routing.zone)
        self._routing = routing
        self._slot, self._due, self._again_at = slot, [], 0
        last = dict(db.execute("SELECT channel, slot FROM alert_digest"))
        for channel in routing.everybody:
            known = last.get(channel)
            # One that is new hears from now on; after a clock that was ahead it begins anew.
            if known is None or known > at:
                self._keep(db, channel, slot, at)
            elif known < slot:
                self._due.append(channel)
        return bool(self._due)

    def done(self, *, due: bool) -> None:
        """Hear that all that was done is durable."""
        self._done, self._for = self._slot, self._routing

    def said(
        self, db: sqlite3.Connection, draft: Draft, routing: Routing, decide: Decide
    ) -> Iterator[DigestSaid]:
        """Return a message for each channel to which there is something to tell."""
        last = dict(db.execute("SELECT channel, slot FROM alert_digest"))
        since = min(last[channel] for channel in self._due)
        found = self._small(db, since, decide)
        alike: dict[tuple[tuple[int, bool], ...], tuple[list[str], list[tuple[Case, bool]]]] = {}
        for channel in self._due:
            listed = [*_new(db, channel, found.get(channel, ()))]
            name = tuple((case.alert.number, new) for case, new in listed)
            if listed and not self._storm.has_room([channel], LEAST, draft.at):
                self._again_at = draft.at + NO_ROOM
                continue
            if listed:
                alike.setdefault(name, ([], listed))[0].append(channel)
            self._keep(db, channel, self._slot, draft.at)
        # What is told since a backup that was put back may have been told before.
        repeat = since < self._ground.restored_at()
        for channels, listed in alike.values():
            for channel in channels:
                _told(db, channel, listed)
            yield _said(listed, tuple(channels), repeat)

    def _small(
        self, db: sqlite3.Connection, since: int, decide: Decide
    ) -> Mapping[str, list[Case]]:
        where = """(state IN ('firing', 'keeping') OR (state = 'ended' AND fired_at > 0
            AND max(ended_at, fired_at) > ?)) AND hidden_by = ''"""
        found: dict[str, list[Case]] = {}
        for case in tables.cases(db, where, since - LATE):
            decision = None
            if self._is_rule(case.alert.key.rule) and not case.alert.muted_by:
                decision = decide(case, case.alert.fired_at)
            for channel in decision.digest if decision else ():
                if case.told not in ("alone", "folded") or channel not in case.told_to:
                    found.setdefault(channel, []).append(case)
        for channel, case in self._lost(db):
            found.setdefault(channel, []).append(case)
        return found

    def _lost(self, db: sqlite3.Connection) -> Iterator[tuple[str, Case]]:
        """Return what a digest told of as open, is over and has no rule any more, so that nobody
        can say where it belongs; what was told at once ends so too (alerts/removed.py)."""
        query = "SELECT channel, alert FROM alert_digested WHERE over = 0"
        heard: dict[int, list[str]] = {}
        for channel, number in db.execute(query):
            heard.setdefault(number, []).append(channel)
        where = """number IN (SELECT alert FROM alert_digested WHERE over = 0)
            AND state = 'ended'"""
        for case in tables.cases(db, where):
            if self._is_rule(case.alert.key.rule):
                continue
            for channel in heard[case.alert.number]:
                if case.told not in ("alone", "folded") or channel not in case.told_to:
                    yield channel, case

    def _keep(self, db: sqlite3.Connection, channel: str, slot: int, at: int) -> None:
        sql = "INSERT OR REPLACE INTO alert_digest (channel, slot, at) VALUES (?, ?, ?)"
        db.execute(sql, (channel, slot, at))


def _new(
    db: sqlite3.Connection, channel: str, found: Sequence[Case]
) -> Iterator[tuple[Case, bool]]:
    """Return what there is to tell a channel, and whether it has not heard of it yet."""
    query = "SELECT alert, over FROM alert_digested WHERE channel = ?"
    told = dict(db.execute(query, (channel,)))
    for case in found:
        if not told.get(case.alert.number):
            yield case, case.alert.number not in told


def _told(db: sqlite3.Connection, channel: str, listed: Sequence[tuple[Case, bool]]) -> None:
    rows = [(channel, case.alert.number, not case.is_open) for case, _ in listed]
    db.executemany("INSERT OR REPLACE INTO alert_digested VALUES (?, ?, ?)", rows)


def _said(
    listed: Sequence[tuple[Case, bool]], channels: tuple[str, ...], repeat: bool
) -> DigestSaid:
    worst = sorted(
        (case for case, _ in listed),
        key=lambda one: (one.alert.severity, not one.is_open, one.alert.number),
    )
    return DigestSaid(
        worst[:MOST_HELD],
        channels,
        repeat,
        began=sum(new for _, new in listed),
        ended=sum(not case.is_open and not _is_lost(case) for case, _ in listed),
        lost=sum(_is_lost(case) for case, _ in listed),
        lasting=sum(case.is_open for case, _ in listed),
        counts=dict(Counter(case.alert.key.rule for case in worst)),
    )


def _is_lost(case: Case) -> bool:
    """Return whether it ended because its rule did: that is no recovery."""
    return case.alert.ended_by == RULE_REMOVED
