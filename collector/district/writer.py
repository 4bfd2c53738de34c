"""Writes what becomes of schools, targets and the ledger, each minute, beside everything else:

    picture, roster, alerts ─┐                  ┌─▶ school, indicator, ledger ─▶ store (raw)
    readings, on their way ──┼─▶ days (kept) ───┼─▶ indicator: day, month ─────▶ store (1d)
    ledger ──────────────────┘                  └─▶ /api/v1/targets

The event loop only gathers; the rest is done in a worker thread. A store that is away holds up
nothing: what is to be written waits, and the days go on in the collector's database.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from alerts.attended import Attended
from alerts.schooltime import SchoolTime
from alerts.step import Case
from alerts.targets.facts import Facts
from collector import births, ledgerfile
from collector.books import Books
from collector.config import CollectorConfig
from collector.district import points
from collector.district.alertcounts import alert_counts
from collector.district.days import Days
from collector.district.harvest import Beat, Reader
from collector.district.ledgersums import Sums, sums
from collector.district.outgoing import Latest, Outgoing
from collector.district.rows import TargetRows
from collector.district.scores import Score, Scores, line_of, name_of
from collector.district.seen import Seen, seen
from collector.district.tap import Tap
from collector.district.waiting import WaitingLines
from collector.ledgerread import LedgerReader
from collector.store.base import Store
from core import clock
from core.clock import SECOND
from core.errors import StoreError
from core.types import Identity, Value

TICK_S: Final = 5.0
EVERY: Final = 60 * SECOND
PATIENCE: Final = 30 * SECOND
SLOW: Final = 300 * SECOND
"""So often the scores of day and month, and the ledger of each agent."""
FRESH: Final = 300 * SECOND
"""A heartbeat that is older says nothing of what waits now."""
APART: Final = 120 * SECOND
_EARLY: Final = 5 * SECOND

_log = logging.getLogger(__name__)


class District:
    """Lives in the event loop; one turn at a time works in a thread.

    Raises StartError when made.
    """

    def __init__(
        self,
        config: CollectorConfig,
        stores: tuple[Store, Store],
        books: Books,
        cases: Callable[[], Sequence[Case]],
        times: SchoolTime,
        *,
        attended: Callable[[], Attended] = lambda: Attended(frozenset(), frozenset()),
        now: clock.Clock = clock.now,
    ) -> None:
        """Take the stores for raw points and for those of days and months, in this order.

        *attended* tells who takes care of open alerts; it blocks, and raises StoreError.
        """
        self._books, self._cases, self._now = books, cases, now
        self._times, self._attended = times, attended
        self._reader = Reader(config.targets.platforms)
        try:
            self._tap = Tap(books.ledger)
            rows = TargetRows(books.ledger)
            self.days = Days(rows, times)
            self._raw = Outgoing(stores[0], WaitingLines(books.ledger, "target_waiting"))
        except sqlite3.Error as error:
            raise ledgerfile.unreadable(books.ledger.path, error) from error
        self._scores = Scores(self.days, config.collector.regions, times.zone)
        self._schools = points.SchoolPoints()
        self._daily, self._store = Latest(stores[1]), stores[1]
        self._ledger = LedgerReader(books.ledger.path)
        self._lines: list[bytes] = []
        self._taken = 0
        """The last row of the tap that they come from."""
        self._beats: dict[Identity, Beat] = {}
        self._sums: Mapping[Identity, Sums] = {}
        self._scored_at = self._ledger_at = self._day_tidied = 0
        self._started, self._next, self._turning = now(), 0, asyncio.Lock()
        self._behind = False
        """What waits for a store that was away."""
        self.heard = self._tap.heard
        """Hears of readings once the ledger has them."""
        self.wanted = self._tap.wanted
        """Gives what is to be done in the transaction that accounts readings."""

    @property
    def scores(self) -> Sequence[Score]:
        """The indicators as they were worked out last."""
        return tuple(self._scores.last.values())

    @property
    def facts(self) -> Mapping[points.Window, Sequence[Facts]]:
        """What is known of each school that counts, in each window, as it was added up last."""
        return self._scores.facts

    def more(self) -> Mapping[str, Value]:
        """Return what the collector's own reading says of all agents."""
        held = sum(self._waiting(who) for who in self._books.live.agents())
        return {
            "backlog_batches": held,
            "dropped": sum(one.dropped for one in self._sums.values()),
        }

    async def tick(self) -> None:
        """Do the minute's work, where it is time for that; raises StoreError, sqlite3.Error."""
        at = self._now()
        if 0 < self._next - at < EVERY:
            if self._behind:  # else it would look as if all were well until the next minute
                async with self._turning:
                    await asyncio.to_thread(self._flush)
            return
        # Right after a start nothing is known only because nobody was connected yet.
        if not self._books.door.opening().since and 0 <= at - self._started < PATIENCE:
            return
        self._next = at + EVERY
        try:
            await self.minute()
        except (StoreError, sqlite3.Error):
            if not self._behind:
                self._next = at  # else it would look as if all were well until the next minute
            raise

    async def minute(self) -> None:
        """Look at everything, keep it, and write it; raises StoreError, sqlite3.Error."""
        async with self._turning:
            await self._minute()

    async def _minute(self) -> None:
        at, books = self._now(), self._books
        opening = books.door.opening()
        attended = await self._who_attends()
        counts = alert_counts(self._cases(), attended)
        picture = books.live.picture(at, opening)
        schools = seen(picture, counts, attended=attended is not None)
        self._hear()
        agents = self._agents(at) if _due(self._ledger_at, at) else {}
        try:
            await asyncio.to_thread(self._turn, at, schools, agents, opening.since)
        finally:
            self._count()

    async def _who_attends(self) -> Attended | None:
        try:
            return await asyncio.to_thread(self._attended)
        except StoreError as error:
            _log.warning("alerts are counted without who takes care of them: %s", error)
            return None

    def close(self) -> None:
        """Keep what was heard last; blocks, and lets go of the store of days."""
        self._hear()
        try:
            if self.days.day:
                self._take(self._now())
                self.days.keep(self._taken)
        except sqlite3.Error as error:
            _log.warning("what targets are made of could not be kept: %s", error)
        with suppress(StoreError, sqlite3.Error):
            self._raw.flush()
        self._store.close()

    # What blocks.

    def _turn(
        self,
        at: int,
        schools: Sequence[Seen],
        agents: Mapping[Identity, tuple[int, int]],
        opened: int,
    ) -> None:
        before = self.days.looked
        gap = self.days.look(at, schools)
        self._take(at)
        self.days.keep(self._taken)
        if gap:
            self._raw.put(points.ended(gap))
            self._schools.forget()
        lessons = {one.key for one in schools if self._times.lessons(at, "/".join(one.key))}
        self._raw.put(self._schools.lines(schools, at, before, school_time=lessons))
        try:
            if _due(self._scored_at, at):
                self._write_scores(at)
                self._scored_at = at
            else:
                self._raw.put(map(line_of, self._scores.connected(at)))
            if agents:
                self._write_ledger(at, agents, opened)
                # From now on not in the same minute as the scores.
                self._ledger_at = at if self._ledger_at else at - APART
        finally:
            self._flush()

    def _take(self, at: int) -> None:
        harvest = self._reader.read(self._lines)
        self._lines = []
        self._beats.update(harvest.beats)
        self.days.take(harvest, at)

    def _write_scores(self, at: int) -> None:
        changed = self.days.settle()
        live, others = self._scores.so_far(at)
        self._raw.put(map(line_of, live))
        others += self._scores.again(changed)
        self._daily.put({(name_of(one), one.at): line_of(one) for one in others})
        if changed or not self._day_tidied:
            self._day_tidied = at
            self.days.tidy()

    def _write_ledger(
        self, at: int, agents: Mapping[Identity, tuple[int, int]], opened: int
    ) -> None:
        self._sums = sums(self._ledger, at, opened)
        for who, (heard, waiting) in agents.items():
            one = self._sums.get(who, Sums())
            fields: dict[str, Value] = {
                "batches": one.batches,
                "missing": one.missing,
                "explained": one.explained,
                "waiting": waiting,
                "silent_s": max(0, at - heard) // SECOND,
            }
            self._raw.put([points.ledger(who, fields, at)])

    def _flush(self) -> None:
        self._behind = True
        try:
            self._raw.flush()
        finally:
            self._daily.flush()
        self._behind = False

    # What is in the event loop.

    def _hear(self) -> None:
        lines, self._taken = self._tap.take()
        self._lines += lines

    def _count(self) -> None:
        """Let the collector's counters know what was left out, and why."""
        totals = {
            ("district_left_out", "too_many_lines"): self._tap.left_out,
            ("district_left_out", "too_old"): self.days.left_out,
            ("district_left_out", "too_many_series"): self.days.probing.left_out,
            ("district_left_out", "store_away"): self._raw.left_out,
            ("district_refused", "raw"): self._raw.refused,
            ("district_refused", "days"): self._daily.refused,
        }
        counters = self._books.counters
        for (name, reason), total in totals.items():
            counters.add(name, total - counters.add(name, 0, reason), reason)

    def _agents(self, at: int) -> dict[Identity, tuple[int, int]]:
        """Return when each agent was last heard, and what it holds."""
        live = self._books.live
        found = {}
        for who in live.agents():
            heard = live.state(who).known.last_arrival
            if heard:
                found[who] = heard, self._waiting(who)
        return found

    def _waiting(self, who: Identity) -> int:
        beat = self._beats.get(who)
        if beat and self._now() - beat.at < FRESH:
            return beat.batches
        return births.waiting(self._books.live.state(who))


def _due(last: int, at: int) -> bool:
    return not 0 <= at - last < SLOW - _EARLY
