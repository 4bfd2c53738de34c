"""Which windows have to be rolled up: a durable queue in the collector's database.

An hour of an agent is marked when readings of it were stored: in the transaction that accounts
them, so before the receipt, so a crash loses no mark. It is marked once, not for each line or
batch, until somebody takes it up: what is marked is kept in memory too. A window is due a while
after its end, and after late data came, so that what comes together is rolled up together.
Look: sqlite3 var/collector/ledger.db 'SELECT datetime(start / 1000000000, "unixepoch"), *
FROM rollup_due JOIN rollup_who ON who = id'
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final, Literal, NamedTuple

from collector.ledger import Entry, Ledger
from collector.rollups import marks_sql as sql
from collector.rollups.series import LONGEST_REACH
from collector.rollups.times import HOUR, day_of, hour_of, hours_of, next_day
from core import clock
from core.clock import SECOND
from core.types import Identity

LATENESS: Final = 120 * SECOND
"""From the end of a window, and from the first of what came late, until it is rolled up: batches
are sealed after 30 s, and what a cut line kept comes in many."""

REMEMBERED: Final = 200_000
"""Marks kept in memory, 30 MB; without it they are only made again."""

Width = Literal["hour", "day"]


class Touch(NamedTuple):
    """An hour of which something of somebody was stored; `who` may lack an agent, and more."""

    who: Identity
    hour: int


Also = Callable[[sqlite3.Connection], None]
"""What is done in the same transaction."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One window of some, taken up; what is marked of it from now on is marked anew."""

    width: Width
    start: int
    versions: Mapping[Identity, int]
    touched: frozenset[Identity] = frozenset()
    """Of them: those of whom something came in it, and not only before it."""

    @property
    def whose(self) -> str:
        """All of them, as people read it."""
        return ", ".join(map(str, self.versions))

    def of(self, who: Identity) -> "Claim":
        """Return the part of it that is about *who*."""
        return Claim(self.width, self.start, {who: self.versions[who]}, self.touched & {who})


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many windows are due, and for how long the oldest has been (s)."""

    hours: int = 0
    days: int = 0
    oldest_s: float = 0.0


class Marks:
    """All but `untold` block; all may be called from any thread, and may raise sqlite3.Error.

    Of hours that began more than `keep_ns` ago raw points may be missing: they are not marked, and
    those that are not taken up.
    """

    def __init__(
        self, ledger: Ledger, keep_ns: int, zone: tzinfo, now: clock.Clock = clock.now
    ) -> None:
        self._ledger, self._keep_ns, self._zone, self._now = ledger, keep_ns, zone, now
        self._told: set[Touch] = set()
        """Touches that stand in the database, and that nobody has taken up."""
        self._ids: dict[Identity, int] = {}
        with ledger.transaction() as db:
            for statement in sql.SCHEMA:
                db.execute(statement)

    @property
    def ledger(self) -> Ledger:
        """The database that they stand in."""
        return self._ledger

    def untold(self, touches: Iterable[Touch]) -> list[Touch]:
        """Return which of *touches* have to be marked; ask once what they stand for is stored."""
        told = self._told
        return [touch for touch in dict.fromkeys(touches) if touch not in told]

    def commit(
        self, entries: Sequence[Entry], touches: Sequence[Touch], also: Also | None = None
    ) -> None:
        """Account *entries*, mark *touches*, do *also*: all or nothing, durable on return."""

        def marked(db: sqlite3.Connection) -> None:
            self._touch(db, touches)
            if also:
                also(db)

        try:
            self._ledger.commit(entries, marked)
        except BaseException:
            self._forget()
            raise

    def again(self, touches: Iterable[Touch]) -> int:
        """Mark *touches* as due at once; return how many of them can still be rolled up."""
        first = self._first()
        possible = [touch for touch in touches if touch.hour >= first]
        try:
            with self._ledger.transaction() as db:
                for who, hour in possible:
                    self._mark(db, ("hour", self._id(db, who), hour, 0, 0))
        except BaseException:
            self._forget()
            raise
        return len(possible)

    def everybody(self) -> list[Identity]:
        """Return all who ever had something stored."""
        query = """SELECT region, school, agent FROM rollup_who
            UNION SELECT region, school, agent FROM agent"""
        with self._ledger.transaction() as db:
            return [Identity(*names) for names in db.execute(query)]

    def claim_hours(self, limit: int) -> Claim | None:
        """Take up an hour that is due, of *limit* at the most; None where none is.

        The one that has just ended goes before what came late, and of that the oldest first.
        """
        now = self._now()
        fresh, first = hour_of(now) - HOUR, self._first()
        with self._ledger.transaction() as db:
            for start, stop in ((fresh, fresh + HOUR), (first, sql.LAST)):
                if found := db.execute(sql.FIRST_HOUR, (start, stop, now)).fetchone():
                    rows = db.execute(sql.HOUR_OF, (found[0], now, limit)).fetchall()
                    return self._claimed("hour", found[0], rows)
        return None

    def claim_days(self, limit: int) -> Claim | None:
        """Take up a day of which no hour waits, as `claim_hours` does."""
        now = self._now()
        with self._ledger.transaction() as db:
            for (start,) in db.execute(sql.DAYS, (now,)).fetchall():
                hours = hours_of(start, self._zone)
                bound = (start, now, hours.start, hours.stop, limit)
                if rows := db.execute(sql.DAY_OF, bound).fetchall():
                    return self._claimed("day", start, rows)
        return None

    def done(self, claim: Claim, carried: Iterable[Touch] = ()) -> None:
        """Forget what was claimed, unless it was marked again; mark what follows from it.

        Of hours: their days, and the hours *carried* into which a value of theirs reaches.
        """
        with self._ledger.transaction() as db:
            versions = {self._id(db, who): version for who, version in claim.versions.items()}
            db.executemany(
                sql.DONE, [(claim.width, who, claim.start, v) for who, v in versions.items()]
            )
            if claim.width == "day":
                return
            for who, hour in carried:
                self._mark(db, ("hour", self._id(db, who), hour, self._due(hour + HOUR), 1))
            day = day_of(claim.start, self._zone)
            due_at = self._due(next_day(day, self._zone))
            for number in versions:
                self._mark(db, ("day", number, day, due_at, 0))

    def postpone(self, claim: Claim) -> None:
        """Let what was claimed be due in an hour again."""
        with self._ledger.transaction() as db:
            for who in claim.versions:
                bound = (self._now() + HOUR, claim.width, self._id(db, who), claim.start)
                db.execute(sql.LATER, bound)

    def tidy(self) -> int:
        """Forget the hours that can not be rolled up any more; return how many."""
        with self._ledger.transaction() as db:
            return db.execute(sql.TOO_OLD, (self._first(),)).rowcount

    def waiting(self) -> Waiting:
        """Return what is due now."""
        now = self._now()
        with self._ledger.transaction() as db:
            found = {width: (count, due) for width, count, due in db.execute(sql.WAITING, (now,))}
        (hours, hour), (days, day) = found.get("hour", (0, now)), found.get("day", (0, now))
        return Waiting(hours, days, (now - max(min(hour, day), 0)) / SECOND)

    def _touch(self, db: sqlite3.Connection, touches: Iterable[Touch]) -> None:
        first = self._first()
        for touch in touches:
            who, hour = touch
            if hour >= first:
                self._mark(db, ("hour", self._id(db, who), hour, self._due(hour + HOUR), 0))
        if len(self._told) > REMEMBERED:
            self._told.clear()
        self._told.update(touches)

    def _mark(self, db: sqlite3.Connection, row: tuple[Width, int, int, int, int]) -> None:
        db.execute(sql.MARK, row)

    def _claimed(self, width: Width, start: int, rows: Sequence[tuple[Any, ...]]) -> Claim:
        found = {Identity(*names): version for version, _, *names in rows}
        touched = frozenset(Identity(*names) for _, carried, *names in rows if not carried)
        self._told.difference_update(Touch(who, start) for who in found)
        return Claim(width, start, found, touched)

    def _due(self, stop: int) -> int:
        return max(stop, self._now()) + LATENESS

    def _first(self) -> int:
        """Return the first hour of which every point, and what reaches into it, is still there."""
        return hour_of(self._now() - self._keep_ns + LONGEST_REACH) + HOUR

    def _id(self, db: sqlite3.Connection, who: Identity) -> int:
        if who not in self._ids:
            names = (who.region, who.school, who.agent)
            db.execute(
                "INSERT INTO rollup_who VALUES (NULL, ?, ?, ?) ON CONFLICT DO NOTHING", names
            )
            query = "SELECT id FROM rollup_who WHERE region = ? AND school = ? AND agent = ?"
            self._ids[who] = int(db.execute(query, names).fetchone()[0])
        return self._ids[who]

    def _forget(self) -> None:
        self._told.clear()
        self._ids.clear()  # some may have been given in what is undone now
