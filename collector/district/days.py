"""Every school's day as it goes on, and the days and months before: exact, and kept each turn.

While nobody looked, because the collector was away, what lines did is unknown: neither up nor down.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from alerts.schooltime import SchoolTime
from alerts.targets.days import Day, days_of_month, month_of
from alerts.targets.facts import Facts
from alerts.targets.probes import Held
from alerts.targets.uptime import Uptime
from collector.district.facts import held_of, of_day, of_days, with_held, with_lessons
from collector.district.harvest import Carried, Harvest
from collector.district.probing import Probing
from collector.district.rows import SchoolDay, TargetRows
from collector.district.seen import Seen, began
from collector.outside import SchoolKey
from core.clock import SECOND

AWAY: Final = 180 * SECOND
"""Two looks that are further apart had nobody between them."""
HOLDS: Final = 60 * SECOND
"""So long what the last look saw holds then: until the next would have been."""
LATE_DAYS: Final = 7
"""So many days back a reading that comes late is taken."""
KEEP_DAYS: Final = 70
"""The month that goes on and the one before."""
MOST_EXPECTED: Final = 1_000


class Gap(NamedTuple):
    """From when on nobody looked, and who was known until then."""

    at: int
    schools: Sequence[SchoolDay]


class Days:
    """One thread at a time; every method may raise sqlite3.Error, and may then be called again."""

    def __init__(self, rows: TargetRows, times: SchoolTime) -> None:
        self._rows, self._times = rows, times
        self.looked = rows.looked()
        self.probing = Probing(rows, times)
        self.day: Day | None = None
        self.today: dict[SchoolKey, SchoolDay] = {}
        self.late: dict[date, dict[SchoolKey, float | None]] = rows.late()
        """Days before today with news: whose, and what a late sample carried."""
        self._changed: dict[tuple[date, SchoolKey], SchoolDay] = {}
        self._seen: Mapping[SchoolKey, Seen] = {}
        self._expected: dict[tuple[date, date, int, int], int] = {}
        self.left_out = 0

    # What it is told.

    def look(self, at: int, schools: Iterable[Seen]) -> Gap | None:
        """Take in what the picture shows at *at*; return the time before that nobody looked at."""
        gap, day = None, self._times.day_at(at)
        if self.day is None:
            self._resume(day)
        if self.looked and at - self.looked > AWAY:
            gap = self._interrupt()
        if self.day and day.date < self.day.date:
            self._turn_back(day, at)
        if self.day is None or day.date > self.day.date:
            self._turn_over(day)
        self._seen = {one.key: one for one in schools}
        since = at if gap else min(self.looked, at)
        for one in self._seen.values():
            self._put(self._seen_as(one, at, since))
        for key, row in list(self.today.items()):
            if key not in self._seen:
                uptime = row.uptime.turned("unknown", self._lessons(key, at))
                self._put(row._replace(counts=False, uptime=uptime))
        self.looked = at
        return gap

    def take(self, harvest: Harvest, at: int) -> None:
        """Take readings in, of today and of the last days; *at* is now."""
        assert self.day
        first = (self.day.date - timedelta(days=LATE_DAYS)).toordinal()
        start = self._times.day(date.fromordinal(first)).start
        outcomes = [one for one in harvest.outcomes if start <= one.at <= at + AWAY]
        self.left_out += len(harvest.outcomes) - len(outcomes)
        for day, keys in self.probing.take(outcomes).items():
            if day < self.day.date:
                late = self.late.setdefault(day, {})
                late.update({key: late.get(key) for key in keys})
        for one in harvest.carried:
            if start <= one.at <= at + AWAY:
                self._carry(one)
            else:
                self.left_out += 1

    def keep(self, taken: int = 0) -> None:
        """Make all that changed durable; what was heard up to the row *taken* is part of it."""
        self._keep(self.late, taken)

    def settle(self) -> list[date]:
        """Work out anew the days before today that have news; return which."""
        done = sorted(self.late)
        for day in done:
            for row in self._renewed(self._times.day(day), self.late[day]):
                self._changed[day, row.key] = row
        self._keep({})
        self.late.clear()
        return done

    def tidy(self) -> None:
        """Delete what no month and no late reading needs any more."""
        if self.day:
            today = self.day.date
            days, points = (today - timedelta(days=n) for n in (KEEP_DAYS, LATE_DAYS + 1))
            self._rows.tidy(days, points)
            self.probing.forget(points)

    # What it tells.

    def so_far(self, at: int) -> list[Facts]:
        """Return today until *at*, of the schools that count."""
        assert self.day
        held = self.probing.until(at)
        return [
            of_day(row, self._day_of(self.day, row.key), at, held.get(row.key, Held()))
            for row in self.today.values()
            if row.counts
        ]

    def lines(self) -> list[Facts]:
        """Return the lines of the schools that count as they are now, and nothing else."""
        return [
            Facts(*row.key, row.area, row.uptime.line) for row in self.today.values() if row.counts
        ]

    def whole(self, there: date) -> list[Facts]:
        """Return a day that is over, of the schools that counted then."""
        day = self._times.day(there)
        rows = self._rows.days(there, there)
        return [
            of_day(row, self._day_of(day, row.key), day.stop, held_of(row))
            for row in rows
            if row.counts
        ]

    def month(self, first: date, until: date) -> dict[SchoolKey, Facts]:
        """Return each school's days of a month that are over, until *until*, as one.

        Of a month that is over only those that counted on its last day. What was to be known in it
        is for `expected` to say: on a day without a row nobody looked.
        """
        days = [self._times.day(one) for one in days_of_month(first, until)]
        school_days = [day.date for day in days if day.lessons]
        rows = list(self._rows.month(first, days[-1].date, school_days) if days else ())
        if self.day and month_of(self.day.date) != first:
            newest = max((row.last for row in rows), default=first)
            rows = [row for row in rows if row.counts and row.last == newest]
        return {row.key: of_days(row) for row in rows}

    def expected(self, facts: Facts, first: date, at: int) -> Facts:
        """Return a month's *facts* with the school time of it until *at* that is to be known."""
        seen = self._seen.get((facts.region, facts.school))
        opened = seen.opened if seen and seen.opened else first
        key = (facts.region, facts.school)
        return with_lessons(facts, self._lessons_from(key, max(first, opened), first, at))

    def _lessons_from(self, school: SchoolKey, begin: date, first: date, at: int) -> int:
        place = "/".join(school)
        key = begin, first, at, id(self._times.profile(place))
        if key not in self._expected:
            after = self._times.day(month_of(first + timedelta(days=31))).start
            if len(self._expected) > MOST_EXPECTED:
                self._expected.clear()
            start = self._times.day(begin).start
            self._expected[key] = self._times.lasting(start, min(at, after) - 1, place)
        return self._expected[key]

    # How it is done.

    def _resume(self, now: Day) -> None:
        """Go on with the days that an earlier process left open."""
        rows = self._rows.open_days()
        # Not those of a day to come, which a clock that was wrong began.
        last = max((row.day for row in rows if row.day <= now.date), default=now.date)
        self._begin(self._times.day(last))
        self.today = {row.key: row for row in rows if row.day == last}

    def _begin(self, day: Day) -> None:
        self.probing.begin(day)
        self.day, self.today = day, {}

    def _keep(self, late: Mapping[date, Mapping[SchoolKey, float | None]], taken: int = 0) -> None:
        fresh, changed = self.probing, self._changed.values()
        self._rows.keep(self.looked, changed, fresh.fresh_series, fresh.fresh, late, taken=taken)
        self._changed.clear()
        fresh.kept()

    def _turn_back(self, to: Day, at: int) -> None:
        """Go on with an earlier day, for the clock was set back: nothing is counted twice."""
        rows = self._rows.days(to.date, to.date)
        self._begin(to)
        for row in rows:
            lessons = self._lessons(row.key, at)
            uptime = Uptime(*row.uptime.until(lessons), since=lessons)
            self._put(row._replace(uptime=uptime, open=True))

    def _interrupt(self) -> Gap:
        assert self.day
        ends = self.looked + HOLDS
        schools = list(self.today.values())
        for row in schools:
            self._put(
                row._replace(uptime=row.uptime.turned("unknown", self._lessons(row.key, ends)))
            )
        return Gap(ends, schools)

    def _turn_over(self, to: Day) -> None:
        """End the day that was, and begin *to* with the states that go on."""
        assert self.day
        before = self.day
        held = self.probing.until(before.stop)
        for row in list(self.today.values()):
            found = held.get(row.key, Held())
            there = self._day_of(before, row.key)
            ended = row._replace(uptime=row.uptime.closed(there.lessons), open=False)
            self._put(with_held(ended, found, there))
        self.late.setdefault(before.date, {})
        going_on = {key: row for key, row in self.today.items() if row.counts}
        self._begin(to)
        for row in going_on.values():
            fresh = Uptime(line=row.uptime.line)
            self._put(
                row._replace(
                    day=to.date, uptime=fresh, carried=None, ok=0, probed=0, probes_known=0
                )
            )

    def _seen_as(self, one: Seen, at: int, since: int) -> SchoolDay:
        """Return the day as *one* has it *at*, with nothing changed before *since*."""
        assert self.day
        row = self.today.get(one.key)
        uptime, carried = (row.uptime, row.carried) if row else (Uptime(), None)
        moment = min(began(one, at, self.looked), at) if row else at
        if row and row.uptime.line == "unknown":
            moment = max(moment, since)
        return SchoolDay(
            *(self.day.date, one.key, one.counts, one.area, one.type, one.target, one.contracted),
            uptime=uptime.turned(one.line, self._lessons(one.key, moment)),
            carried=carried,
        )

    def _lessons(self, key: SchoolKey, at: int) -> int:
        assert self.day
        return self._day_of(self.day, key).lessons_until(at)

    def _day_of(self, day: Day, key: SchoolKey) -> Day:
        """Return *day* with the school time of one school."""
        return self._times.day(day.date, "/".join(key))

    def _put(self, row: SchoolDay) -> None:
        if self.today.get(row.key) != row:
            self.today[row.key] = row
            self._changed[row.day, row.key] = row

    def _carry(self, one: Carried) -> None:
        assert self.day
        here = self.day.start <= one.at < self.day.stop
        there = self.day.date if here else self._times.day_at(one.at).date
        if there >= self.day.date:
            row = self.today.get(one.key)
            if row and (row.carried is None or one.mbps > row.carried):
                self._put(row._replace(carried=one.mbps))
            return
        late = self.late.setdefault(there, {})
        late[one.key] = max(one.mbps, late.get(one.key) or 0.0)

    def _renewed(self, day: Day, wanted: Mapping[SchoolKey, float | None]) -> Iterable[SchoolDay]:
        if not wanted:
            return
        rows = {row.key: row for row in self._rows.days(day.date, day.date)}
        held = self.probing.again(day, wanted.keys())
        for key, carried in wanted.items():
            row = rows.get(key) or self._missed(day, key)
            if row is None:
                continue
            peaks = [one for one in (row.carried, carried) if one is not None]
            there = self._day_of(day, key)
            yield with_held(row._replace(carried=max(peaks, default=None)), held[key], there)

    def _missed(self, day: Day, key: SchoolKey) -> SchoolDay | None:
        """Return a day on which nobody looked, as a school would be that is what it is now."""
        row = self.today.get(key)
        if row is None:
            return None
        return SchoolDay(
            *(day.date, key, row.counts, row.area, row.type, row.target, row.contracted),
            uptime=Uptime().closed(0),
            open=False,
        )
