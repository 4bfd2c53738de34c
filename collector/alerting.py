"""The alert engine inside the collector: what it is told, and when it works.

    audit log, synced ──▶ kick ─┐
    readings, committed ────────┼─▶ engine (one worker thread) ─▶ outbox ─▶ channels
    sights of the picture ──────┤
    the clock ──────────────────┘

Nothing waits for it: what it cannot do now it does later, from the rows behind its cursor.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from alerts.channels.alertmanager import Alertmanager
from alerts.channels.health import Health
from alerts.dispatcher import Dispatcher
from alerts.engine import Engine
from alerts.facts import Sight, Wrong
from alerts.history import Began, History, Stories, Wanted, tidy
from alerts.language.file import Rules
from alerts.outbox import Outbox
from alerts.routing.supervision import Supervisor
from alerts.schooltime import SchoolTime
from alerts.screen import Screen
from alerts.step import Case
from alerts.texts import Words
from collector import ledgerfile
from collector.alertground import AlertGround
from collector.alertrules import AlertRules
from collector.books import Books
from collector.canary import Canary, identity
from collector.channels import channels_of, fallback_of, probing_of
from collector.channelsight import ChannelSight
from collector.chores import DAY
from collector.config import CollectorConfig
from collector.degraded import degraded
from collector.everywhere import everywhere_of
from collector.intake import Bad
from collector.patience import Patience, Stopping
from collector.people import open_people
from collector.readings import fresh_lines
from collector.resending import resend
from collector.routingfile import RoutingFile, contacts_of
from collector.security.view import RULES as RULES_OF_SECURITY
from collector.silencing import Silencing
from collector.sorting import Item
from collector.systemsight import SystemSight
from collector.timetable.files import CalendarFiles
from core import clock
from core.alerts import Telling
from core.clock import SECOND

MOST_WAITING: Final = 5_000
"""Messages of readings; of what is more the oldest are left out and counted."""
LONGEST_SLEEP_S: Final = 1.0
LOOK_EVERY_S: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """The lines of one message that are durable, and when they arrived."""

    place: str
    lines: Sequence[bytes]
    at: int


class Looks(Protocol):
    """A file, or some, that people edit; FileWatch is one."""

    def look(self) -> object:
        """Go on with what it says now; blocks, raises sqlite3.Error."""


class Alerting:
    """Made where the books are; everything but `kick` is used in the event loop."""

    def __init__(self, config: CollectorConfig, books: Books, now: clock.Clock = clock.now) -> None:
        self._books, self._now, self._config = books, now, config.alerts
        table = config.collector
        self.channels = channels_of(config.alerts, table.id, now)
        names = tuple(channel.name for channel in self.channels)
        schools = config.alerts.schools()
        words = Words(books.live.name_of, table.tz())
        self.rules = AlertRules(
            config.alerts.rules_file, table.folder, books.journal, self._take_rules
        )
        rules = self.rules.now.rules
        self._new_rules: Rules | None = None
        self.times = SchoolTime(table.tz())
        """School time, for whoever asks; the calendar in it is replaced while we run."""
        self._mutes_changed = False
        calendar = CalendarFiles(
            *(config.alerts.calendar_file, self.times, books.journal, self._look_at_mutes, now),
            folder=table.folder,
        )
        self.watches: list[Looks] = [*self.rules.watches, calendar]
        off = self.rules.now.off
        self.history = History(books.ledger.path, words, rules, off, times=self.times, now=now)
        self.supervisor = Supervisor(books.ledger.path, words, rules)
        messages = config.alerts.messages
        self._routes = RoutingFile(
            *(config.alerts.routing_file, names, schools, table.tz(), books.journal),
            folder=table.folder,
            contacts=lambda school: contacts_of(books.live.entry_of(school)),
            times=self.times,
        )
        self.watches += self._routes.watches
        try:
            ground = AlertGround(books.journal, books.live, now())
            self._engine = Engine(
                ground,
                words,
                channels=names,
                schools=schools,
                rules=rules,
                messages=messages,
                routing=self._routes.at_start,
                times=self.times,
                now=now,
            )
        except sqlite3.Error as error:
            raise ledgerfile.unreadable(books.ledger.path, error) from error
        self.silencing = Silencing(ground.transaction, books.journal, self._look_at_mutes, now)
        self.people, watched = open_people(
            config, books, ground, dict.fromkeys(names, "") | schools, self.silencing
        )
        self.watches += watched
        fallback = fallback_of(config.alerts)
        self._dispatcher = Dispatcher(
            Outbox(ground, names, schools, fallback, self.people.links),
            self.channels,
            partial(_count, books),
            now=now,
            probing=probing_of(config.alerts, table.id),
        )
        self._channel_sight = ChannelSight(table.id, self._dispatcher.healths, fallback.after)
        self._screen = Screen(rules)
        self.canary = Canary()
        self._canary_place = str(identity(table.regions[0]))
        self._system = SystemSight(table.id, books.door, self._schools)
        self._ground = ground
        self._fresh: deque[_Fresh] = deque()
        self._sights: dict[frozenset[str], Sight] = {}
        self._something = asyncio.Event()
        self._judged, self._judged_at = -1, 0
        self._everywhere: Sequence[Wrong] | None = None
        self._judge()
        self._kicked = True
        self._loop: asyncio.AbstractEventLoop | None = None
        books.journal.synced = self.kick

    # What it is told.

    def kick(self) -> None:
        """Hear, in any thread, that the audit log has rows that it had not."""
        self._kicked = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._something.set)

    def readings(self, items: Sequence[Item]) -> None:
        """Hear of messages whose lines are durable and accounted."""
        for item in items:
            fresh = _fresh(item)
            if fresh:
                self._fresh.append(fresh)
        left_out = len(self._fresh) - MOST_WAITING
        for _ in range(left_out):
            self._fresh.popleft()
        self._books.counters.add("alert_readings_left_out", max(0, left_out))
        self._something.set()

    def see(self, sight: Sight) -> None:
        """Hear what is wrong in the live picture; the latest sight of what it covers counts."""
        self._sights[sight.covers] = sight
        self._something.set()

    def _take_rules(self, rules: Rules) -> None:
        """Hear, in any thread, that other rules are to be in force."""
        self._new_rules = rules
        self.kick()

    # What is asked of it.

    def cases(self) -> Sequence[Case]:
        """Return every case that has not ended."""
        return tuple(self._engine.open_cases())

    def revision(self) -> int:
        """Return another number whenever an alert began, changed or ended."""
        return self._engine.revision

    def channel_healths(self) -> Mapping[str, Health]:
        """Return what is known of each channel, by name."""
        return self._dispatcher.healths()

    def _firing(self) -> Sequence[Telling]:
        """Return what people know to be firing, in words."""
        known = (case for case in self._engine.open_cases() if case.told)
        return self.history.in_words(c for c in known if c.alert.state in ("firing", "keeping"))

    def stories(self, wanted: Wanted) -> Stories:
        """Return open and past alerts; blocks, raises StoreBusy."""
        return self.history.stories(wanted)

    def began(self, since: int, place: str) -> Sequence[Began]:
        """Return what of security began after *since* (ns); blocks, raises StoreBusy."""
        return self.history.began(since, RULES_OF_SECURITY, place)

    def _look_at_mutes(self) -> None:
        """Hear, in any thread, that silences or the calendar are others."""
        self._mutes_changed = True
        self.kick()

    # Its life.

    def _schools(self) -> Iterable[str]:
        """Give the names of the schools that count."""
        live, opening = self._books.live, self._books.door.opening()
        return (one.name or one.school for one in live.picture(self._now(), opening).counted)

    async def look(self) -> None:
        """Take over what people changed in files; raises sqlite3.Error."""
        for watch in self.watches:
            await asyncio.to_thread(watch.look)

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until *stopping* is set."""
        self._loop = asyncio.get_running_loop()
        dispatcher = self._dispatcher
        sending = asyncio.create_task(dispatcher.run(stopping))
        resending = [
            asyncio.create_task(resend(channel, self._firing, stopping, self._not_resent))
            for channel in self.channels
            if isinstance(channel, Alertmanager)
        ]
        patience = Patience(stopping, self._held_up)
        try:
            while not stopping.is_set():
                self._something.clear()
                if await self._turn(patience):
                    dispatcher.kick()
                await self._sleep()
        except Stopping:
            pass
        finally:
            dispatcher.kick()
            for task in resending:
                task.cancel()
            await asyncio.gather(sending, *resending, return_exceptions=True)
            sending.result()

    async def tidy(self) -> None:
        """Delete what is older than is kept."""
        before = self._now() - self._config.keep_days * DAY
        await asyncio.to_thread(self._tidy, before)

    def _tidy(self, before: int) -> None:
        with self._ground.transaction() as db:
            gone = tidy(db, before)
            if gone:
                said = {"deleted": gone, "before": clock.rfc3339(before)}
                self._ground.record(db, "retention_done", "alerts", "", said)

    async def _turn(self, patience: Patience) -> bool:
        """Have the engine take in all that waits; return whether it had anything to tell."""
        for sight in (self._system.due(self._now()), self._channel_sight.due(self._now())):
            if sight:
                self._sights[sight.covers] = sight
        fresh, sights = len(self._fresh), dict(self._sights)
        waiting = [self._fresh[number] for number in range(fresh)]
        try:
            await patience.persist(lambda: self._work(waiting, list(sights.values())))
        except Stopping:
            raise
        except Exception:  # noqa: BLE001 — readings and sights come again; rows stand where they are
            _log.exception("the alert rules failed on %d messages of readings", fresh)
            self._books.counters.add("alert_turns_failed")
        self._judge()
        for _ in range(min(fresh, len(self._fresh))):
            self._fresh.popleft()
        for covers, seen in sights.items():
            if self._sights.get(covers) is seen:
                del self._sights[covers]
        counts = dict(self._engine.counts)
        self._engine.counts.clear()
        for (name, reason), count in counts.items():
            self._books.counters.add(name, count, reason)
        return any(name == "alert_messages" for name, _ in counts)

    def _work(self, fresh: Sequence[_Fresh], sights: Sequence[Sight]) -> None:
        """Do all that blocks; done again from the beginning where the database refused."""
        engine = self._engine
        if (new := self._new_rules) is not None:
            rules = new.rules
            engine.take_rules(rules)
            self.history.take_rules(rules, new.off)
            self.supervisor.take_rules(rules)
            self._screen = Screen(rules)
            if self._new_rules is new:
                self._new_rules = None
        routes = self._routes.new()
        if routes:
            engine.reroute(routes)
        if self._mutes_changed:
            # First: whoever changes something while we look has it looked at again.
            self._mutes_changed = False
            try:
                engine.silences_changed()
            except BaseException:
                self._mutes_changed = True
                raise
        if self._kicked:
            self._kicked = False
            try:
                while engine.rows():
                    pass
            except BaseException:
                self._kicked = True
                raise
        for one in fresh:
            watched = engine.is_watched(one.place)
            engine.heard(one.place)
            engine.readings(self._screen.facts(one.place, one.lines, one.at, watched=watched))
            if one.place == self._canary_place:
                self.canary.came(one.lines, one.at)
        for sight in sights:
            engine.see(sight)
        engine.tick()

    def _judge(self) -> None:
        """See what the open cases come to, where that may have changed: which lines are degraded,
        and what many schools see of one server."""
        revision, now = self._engine.revision, self._now()
        if self._judged == revision and 0 <= now - self._judged_at < LOOK_EVERY_S * SECOND:
            return
        self._judged, self._judged_at = revision, now
        cases = list(self._engine.open_cases())
        live = self._books.live
        live.degraded = degraded(cases)
        sight = everywhere_of(cases, self._engine.is_heard, live.name_of, now)
        if sight.wrong != self._everywhere:
            self._everywhere = sight.wrong
            self.see(sight)

    async def _sleep(self) -> None:
        due = self._engine.due()
        seconds = LONGEST_SLEEP_S
        if due:
            seconds = min(seconds, max(0.0, (due - self._now()) / SECOND))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._something.wait(), seconds)

    def _not_resent(self, channel: str) -> None:
        self._books.counters.add("alert_resends_failed", reason=channel)

    def _held_up(self, reason: str) -> None:
        self._books.counters.add("held_up", int(bool(reason)), "alerts")


def _fresh(item: Item) -> _Fresh | None:
    lines = fresh_lines(item)
    if not lines or isinstance(item.taken, Bad):
        return None
    return _Fresh(str(item.taken.who), lines, item.arrival.at)


def _count(books: Books, name: str, reason: str) -> None:
    books.counters.add(name, reason=reason)
