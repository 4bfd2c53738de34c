"""The collector without its pages: everything between the broker and the store.

    broker ═ readings ═▶ inbox ─▶ judge ─▶ store ─▶ dead letters ─▶ ledger ─┬─▶ picture
           ═ state ════▶ inbox ─▶ births, wills, stops ───────────▶ ledger ─┤
           ═ events ═══▶ inbox ─▶ key and rows in one ─▶ audit log ─────────┤─▶ alerts
           ◀═ receipt, claim ═══════════════════════════════════════════════┘
           ═ claims of others ═▶ guard: may we serve at all?

States and events share a connection; the guard has one of its own, and comes first.
"""

import asyncio
import contextlib
import gc
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from alerts.channels.health import Health
from alerts.history import Began, Stories, Wanted
from alerts.routing.supervision import Supervision
from collector import alertchores, configseen, filewatch, incidents, targetwatch
from collector.alertchores import AlertChores
from collector.alerting import Alerting
from collector.canary import Canary
from collector.cardinalitywatch import CardinalityWatch
from collector.careful import Watch
from collector.chores import DAY, Chores, every
from collector.clockwatch import ClockWatch
from collector.config import CollectorConfig
from collector.crashes import Crashes
from collector.dispatch import ByChannel
from collector.district.alertcounts import elsewhere
from collector.district.scores import Score
from collector.district.writer import TICK_S, District
from collector.door import EVENTS
from collector.eventchores import EventChores
from collector.events import Events
from collector.evidence.backups import LOOK_EVERY_S as COPY_EVERY_S
from collector.evidence.backups import DailyCopy
from collector.evidence.chores import SEAL_EVERY_S, EvidenceChores
from collector.evidence.health import LogHealth
from collector.evidence.view import Evidence
from collector.evidence.watch import EVERY_S as LOG_EVERY_S
from collector.evidence.watch import EvidenceWatch
from collector.evidence.witnesses import Witnesses, witness_sight
from collector.guard import Guard, record_takeover
from collector.incidents import Incidents, Judged
from collector.lanes import Lanes
from collector.ledgerread import Account, LedgerReader, Question
from collector.linecheck import LineCheck
from collector.lineheads import HeadCache
from collector.live import may_hear
from collector.logsheard import SchoolLogs
from collector.outsideview import open_prober
from collector.ownclock import OwnClock
from collector.parts import LOCK, open_books
from collector.patience import Patience, Stopping
from collector.people import People
from collector.picture import Picture
from collector.readings import Readings
from collector.rollups.chores import Rollups
from collector.rollups.marks import Also, Waiting
from collector.rooms.past import Orders
from collector.rooms.rows import RoomKey
from collector.rooms.school import School
from collector.rooms.watch import Rooms
from collector.rosterchores import RosterChores
from collector.security import watch as security
from collector.security.view import SecurityView
from collector.sights import sight_of
from collector.sorting import Item, Sorter
from collector.states import States
from collector.store.choose import open_rollup_store, open_store
from collector.targetwatch import TargetWatch
from collector.tasks import Tasks
from collector.unconnected import Listed
from collector.unconnectedwatch import UnconnectedWatch
from core.alerts import Alert, Text
from core.lock import hold
from core.stopping import at_signal
from core.types import Value

GC_AFTER: Final = 20_000
"""Objects more than there were; Python looks for cycles after 700, several times a message."""
CLAIM_EVERY_S: Final = 60.0
ASK_EVERY_S: Final = 5.0
RIVALS_EVERY_S: Final = 5.0
POINTS_EVERY_S: Final = 2.0
LOOK_EVERY_S: Final = 2.0
UNCONNECTED_EVERY_S: Final = 60.0
WITNESSES_EVERY_S: Final = 5.0
NO_BROKER_S: Final = 30.0
"""Without a broker for so long the alerts begin, although we do not serve yet."""

DISK_FULL_BYTES: Final = 1_000_000
"""With less than this the next group of batches may not fit: say so before it comes."""

Extra = Callable[["Collector"], Awaitable[None]]
"""Runs beside the collector until cancelled, as the web server does."""

_log = logging.getLogger(__name__)


class Collector:
    """Opens store and ledger when made, touches the network when run."""

    def __init__(
        self, config: CollectorConfig, *, takeover: bool = False, crashes: Crashes | None = None
    ) -> None:
        self.config, times = config, OwnClock()
        now = self._now = times.now
        self._watch = Watch(crashes or Crashes(config.collector.folder))
        self.stopping, self._serving = asyncio.Event(), asyncio.Event()
        lanes = self._lanes = Lanes(config, self._watch, self.stopping, now)
        self._guard = Guard(config, lanes.publish_retained, takeover=takeover, now=now)
        keep_ns = config.store.keep_days * DAY
        self.store = open_store(config, keep_ns, now)
        self.books = open_books(config, lanes.publish, now, times.told)
        self._clock_watch = ClockWatch(config.collector.id, times, self.books)
        self._prober = open_prober(
            self.books.live, self.books.ledger, config.outside.addresses(), now
        )
        counters, marks = self.books.counters, self.books.marks
        self._rollups = Rollups(config, self.store, marks, counters, now)
        self._chores = Chores(config.collector.id, self._rollups.own, self.books, keep_ns, now)
        self._event_chores = EventChores(config.collector.id, self.store, self.books)
        self._copies = DailyCopy(self.books.journal, config.collector.audit_copy, now)
        self._evidence = EvidenceChores(self.books.journal, config.collector.audit_days, now)
        self.roster = RosterChores(config, self.books, lanes.empty, now)
        regions, books = config.collector.regions, self.books
        self._series = CardinalityWatch(books, config.store.max_series, now)
        heads = HeadCache(takes=self._series.cardinality.takes)
        sorter = Sorter(regions, books.ledger.rows, LineCheck(heads, leeway=times.leeway))
        self.alerting = Alerting(config, books, now)
        school_time = self.alerting.times
        self._unconnected = UnconnectedWatch(config, books, school_time, now)
        readings = Readings(
            self.store,
            sorter,
            books,
            lanes.patience(books, "readings", "readings"),
            writers=config.store.writers,
            tell=self._heard,
            wanted=self._wanted,
        )
        daily = open_rollup_store(config, "day", config.store.keep_daily_days * DAY, now)
        stores = self._rollups.own, daily
        self.district = District(
            *(config, stores, books, self.alerting.cases, school_time),
            attended=self.alerting.history.attended,
            now=now,
        )
        self._rooms = Rooms(books, stores, school_time, self.alerting.see, now)
        self._targets = TargetWatch(
            *(books, self.district, self._rooms, self.alerting.cases, self.alerting.see),
            listed=self._unconnected.open,
            now=now,
        )
        workday = school_time.is_workday
        self.incidents = Incidents(config, books, self.alerting.see, now, workday=workday)
        self._security = security.Security(
            books, self._rollups.own, self.alerting.cases, self.alerting.see, now
        )
        self._alert_chores = AlertChores(
            *(books.ledger, stores, self.alerting.history, books.live.name_of, now),
            revision=self.alerting.revision,
        )
        self._log_state = EvidenceWatch(config.collector.id, books, self.store, now)
        self._chores.more = self._more
        self._settle = readings.settle
        states = States(regions, books, lanes.patience(books, "state", "state"))
        patience = lanes.patience(books, EVENTS, "state")
        events = Events(regions, books, patience, times.leeway)
        beside = ByChannel({"events": events}, states)
        lanes.open(books, readings, beside, "events", welcome=self._guard.claim)

    # What the pages ask.

    def now(self) -> int:
        """Return the time that the collector lives by (ns)."""
        return self._now()

    def picture(self) -> Picture:
        """Return the state of every school and agent at this moment."""
        return self.books.live.picture(self._now(), self.books.door.opening())

    def canary(self) -> Canary:
        """Return the last canary that came through the rules."""
        return self.alerting.canary

    @property
    def region(self) -> str:
        """The first region that is served: the canary's."""
        return self.config.collector.regions[0]

    def ready(self) -> tuple[bool, str]:
        """Return whether batches can be stored, and why not."""
        folder, trouble = self.config.collector.folder, self.books.door.trouble
        if trouble or self._guard.waits_for:
            return False, trouble or self._guard.waits_for
        if not os.access(folder, os.W_OK | os.X_OK):
            return False, f"{folder} cannot be written"
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < DISK_FULL_BYTES:
            return False, f"the disk of {folder} is full"
        return True, ""

    def audit_problem(self) -> str:
        """Return why the audit log cannot be written, an empty string while it can."""
        return self.books.door.troubles().get(EVENTS, "")

    def account(self, question: Question) -> Account:
        """Return what the ledger answers; blocks, raises StoreBusy."""
        reader, opening = LedgerReader(self.books.ledger.path), self.books.door.opening()
        return reader.account(question, self._now(), opening.since)

    def alerts(self, wanted: Wanted) -> Stories:
        """Return what is open and what was; blocks, raises StoreBusy."""
        return self.alerting.stories(wanted)

    def channels(self) -> Mapping[str, Health]:
        """Return what is known of each channel of alerts, by name."""
        return self.alerting.channel_healths()

    def people(self) -> People:
        """Return who may act on alerts, and what they can do."""
        return self.alerting.people

    def unconnected(self) -> Listed:
        """Return the schools without a network, and who was; blocks, raises StoreBusy."""
        return self._unconnected.listed()

    def supervision(self) -> Supervision:
        """Return what is open past its due date, and what was; blocks, raises StoreBusy."""
        return self.alerting.supervisor.listed(self._now())

    def log_health(self) -> LogHealth | None:
        """Return how the audit log was when it was looked at last; None where it could not be."""
        return self._log_state.health

    def rollups(self) -> Waiting:
        """Return which windows wait to be rolled up."""
        return self._rollups.waiting

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how often each thing happened, by (name, reason or an empty string)."""
        lost = {("dead_letters_lost", ""): self.books.letters.lost}
        return {**self.books.counters.all(), **lost, **self.books.dropped.counts()}

    def evidence(self) -> Evidence:
        """Return whether the audit log can be believed; blocks."""
        return self._log_state.view(self.audit_problem())

    def witnesses(self) -> Witnesses | None:
        """Return who holds checkpoints of the audit log."""
        return self.books.witnesses

    def scores(self) -> Sequence[Score]:
        """Return the district against its targets, as it was worked out last."""
        return self.district.scores

    def rooms(self) -> Sequence[School]:
        """Return the schools that have devices, with their rooms, as they were judged last."""
        return self._rooms.schools()

    def security(self) -> SecurityView:
        """Return what is known of the security of each school at this moment."""
        return self._security.view(self.picture())

    def first_step(self, alert: Alert) -> Text:
        """Return what to try first about *alert*."""
        return self.alerting.history.first_step(alert)

    def school_logs(self) -> Sequence[SchoolLogs]:
        """Return how the logs of the devices of each school stand."""
        return self._targets.logs()

    def security_began(self, since: int, place: str) -> Sequence[Began]:
        """Return what of security began after *since* (ns); blocks, raises StoreBusy."""
        return self.alerting.began(since, place)

    def incidents_listed(self) -> Sequence[Judged]:
        """Return what people have to judge, with its clocks; blocks, raises StoreBusy."""
        return self.incidents.listed()

    def in_order(self, keys: Iterable[RoomKey]) -> Orders:
        """Return how far rooms were in order in school time: today, this week and this month."""
        return self._rooms.days.orders(self._now(), keys)

    def on_today(self, key: RoomKey) -> int | None:
        """Return for how many minutes a room was on today; None where nobody knows."""
        return self._rooms.days.on_today(key, self._now())

    # Its life.

    async def run(self, extras: Sequence[Extra] = ()) -> None:
        """Run until `stopping` is set or a part fails, then stop in order; raises what failed.

        Raises StartError where another collector serves a region.
        """
        tasks = Tasks(
            sessions=[asyncio.ensure_future(self._guard.session.run())],
            works=[asyncio.ensure_future(work) for work in self._watches()],
            beside=[asyncio.ensure_future(extra(self)) for extra in extras],
        )
        try:
            if await tasks.until(self._admitted()) and not self.stopping.is_set():
                if not self._guard.stays:
                    await self._guard.session.close()
                    tasks.sessions.clear()
                lanes = (self._lanes.readings, self._lanes.states)
                tasks.sessions += [asyncio.ensure_future(lane.session.run()) for lane in lanes]
                tasks.works += [asyncio.ensure_future(work) for work in self._works()]
                await tasks.until(self.stopping.wait())
        finally:
            await self._stop(tasks)

    async def _admitted(self) -> None:
        """Return when we may serve, or stop."""
        others = await self._guard.admit(self.stopping)
        if others is not None:
            patience = Patience(self.stopping, partial(self.books.held_up, "takeover"))
            with contextlib.suppress(Stopping):
                agents = await patience.persist(
                    lambda: record_takeover(self.books, others, self._now())
                )
                self.books.live.await_answers(agents)
        self.books.asking.everybody(self.books.live.answering())
        self._serving.set()

    def _watches(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs from the start on, also while there is no broker."""
        stopping = self.stopping
        return [
            every(1, self._clock_watch.look, stopping),
            every(1, self._prober.turn, stopping, first_after=0),
            every(1, self._event_chores.answer, stopping),
            *self.roster.works(stopping),
            self._alert(),
        ]

    async def _alert(self) -> None:
        """Run the alert engine once we serve, or once the broker has been away for a while.

        A broker that cannot be reached is worth an alert; waiting for another's claim is not.
        """
        away = 0.0
        while not self._serving.is_set() and not self.stopping.is_set():
            away = 0.0 if self._guard.session.connected else away + LOOK_EVERY_S
            if away > NO_BROKER_S:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._serving.wait(), LOOK_EVERY_S)
        async with asyncio.TaskGroup() as both:
            looking = every(LOOK_EVERY_S, self._look, self.stopping, first_after=LOOK_EVERY_S)
            both.create_task(looking)
            both.create_task(self.alerting.run(self.stopping))

    def _works(self) -> list[Coroutine[Any, Any, None]]:
        chores, stopping = self._chores, self.stopping
        return [
            self._lanes.readings.inbox.run(),
            self._lanes.states.inbox.run(),
            every(CLAIM_EVERY_S, self._claim_again, stopping),
            every(RIVALS_EVERY_S, self._rivals, stopping),
            every(ASK_EVERY_S, self._ask, stopping),
            every(60, chores.minute, stopping, first_after=0),
            every(60, self._event_chores.minute, stopping, first_after=0),
            every(60, self._series.minute, stopping),
            every(60, self._evidence.minute, stopping, first_after=1),
            every(COPY_EVERY_S, self._copy_log, stopping, first_after=300),
            every(SEAL_EVERY_S, self._evidence.seal, stopping, first_after=90),
            every(POINTS_EVERY_S, self._event_chores.points, stopping, first_after=0),
            every(UNCONNECTED_EVERY_S, self._unconnected.minute, stopping),
            every(TICK_S, self.district.tick, stopping, first_after=1),
            self._rooms.run(stopping),
            every(security.TICK_S, self._security.tick, stopping, first_after=2),
            every(alertchores.TICK_S, self._alert_chores.tick, stopping, first_after=3),
            every(incidents.EVERY_S, self.incidents.minute, stopping, first_after=20),
            every(targetwatch.EVERY_S, self._judge_targets, stopping, first_after=30),
            every(3_600, chores.hour, stopping, first_after=60),
            every(300, chores.long_expected, stopping),
            every(WITNESSES_EVERY_S, self._witness, stopping, first_after=1),
            every(LOG_EVERY_S, self._look_at_log, stopping, first_after=5),
            every(3_600, self.alerting.tidy, stopping, first_after=120),
            every(filewatch.LOOK_EVERY_S, self.alerting.look, stopping, first_after=0),
            *self._rollups.works(stopping),
        ]

    async def _stop(self, tasks: Tasks) -> None:
        """Finish what is under way, send its receipts, leave the broker, close the files."""
        self.stopping.set()
        self._guard.rest()
        self._lanes.stop()
        await tasks.finish()
        await self._settle()
        self.books.receipts.flush()
        await self._guard.session.close()
        await self._lanes.close()
        await tasks.left()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._alert_chores.close()
        self._security.close()
        self._rooms.close()
        self.district.close()
        try:
            self.books.ledger.keep_known(self.books.live.changed())
        except sqlite3.Error as error:
            _log.warning("when agents were last heard of could not be kept: %s", error)
        try:
            self._series.close()
        except sqlite3.Error as error:
            _log.warning("what series there are could not be kept: %s", error)
        self.books.journal.sync_or_later()
        self._evidence.close()
        self.books.ledger.close()
        self.store.close()
        self._rollups.close()

    # What it says.

    async def _claim_again(self) -> None:
        self._guard.claim()

    async def _rivals(self) -> None:
        await self._guard.record(self.books)

    def _wanted(self, items: Sequence[Item]) -> Also | None:
        return self.district.wanted(items)

    def _heard(self, items: Sequence[Item]) -> None:
        self.alerting.readings(items)
        self.district.heard(items)
        self._rooms.heard(items)
        self._security.heard(items)
        self._targets.heard(items)

    def _more(self) -> Mapping[str, Value]:
        failing = (health.failing_since for health in self.alerting.channel_healths().values())
        return {
            "ready": int(self.ready()[0]),
            "alerts_elsewhere": elsewhere(self.alerting.cases()),
            "channels_failing": sum(map(bool, failing)),
            **self.district.more(),
        }

    async def _look(self) -> None:
        """Let the rules and the rooms see the picture."""
        self.books.door.awake()
        opening, picture = self.books.door.opening(), self.picture()
        cut_off = self._rooms.cut_off()
        self.alerting.see(sight_of(picture, opening, self.alerting.canary, cut_off))
        self._rooms.look(picture)
        self._security.look(picture)

    async def _witness(self) -> None:
        """Look at what witnesses hold of the audit log, and let the rules see it."""
        witnesses = self.books.witnesses
        if witnesses:
            await witnesses.turn()
            self.alerting.see(witness_sight(witnesses, self._now()))

    async def _copy_log(self) -> None:
        """Copy the audit log where that is due."""
        await asyncio.to_thread(self._copies.look)

    async def _look_at_log(self) -> None:
        """Write what is to be said of the audit log."""
        self._log_state.see(case.alert for case in self.alerting.cases())
        view = await asyncio.to_thread(self.evidence)
        await asyncio.to_thread(self._log_state.write, view)

    async def _judge_targets(self) -> None:
        await self._targets.minute(self.picture())

    async def _ask(self) -> None:
        now, opening = self._now(), self.books.door.opening()
        live = self.books.live
        self.books.asking.tick(lambda who: may_hear(live.state(who).known, now, opening))


async def run(
    config: CollectorConfig,
    extras: Sequence[Extra] = (),
    *,
    takeover: bool = False,
    file: Path | None = None,
) -> None:
    """Run the collector until SIGTERM or SIGINT, with *extras* beside it.

    *file* is where *config* stands: that it is another than at the last start is recorded.

    Raises StartError where another collector uses the folder, or serves a region and *takeover*
    does not say that this one is to; StoreError where the store cannot be opened.
    """
    table = config.collector
    with (
        hold(table.folder / LOCK, "collector", "[collector] folder"),
        Crashes(table.folder).watching() as crashes,
    ):
        collector = Collector(config, takeover=takeover, crashes=crashes)
        if file:
            configseen.note(
                collector.books.journal, table.folder, configseen.files_of(file, config)
            )
        at_signal(collector.stopping)
        # What a message is made into goes by itself; there are few cycles to be found in it.
        gc.set_threshold(GC_AFTER, *gc.get_threshold()[1:])
        collector.roster.listen(asyncio.get_running_loop())
        _log.info("collector %s serves %s", table.id, ", ".join(table.regions))
        await collector.run(extras)
        _log.info("collector stopped")
