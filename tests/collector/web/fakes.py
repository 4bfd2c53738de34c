"""A collector as the pages see it: a real store, and a picture that a test can change."""

import asyncio
import math
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.test_utils import TestClient

from alerts.channels.health import Health
from alerts.history import Began, Stories, Story, Wanted
from alerts.incidents import pack
from alerts.incidents.clocks import Step
from alerts.routing.supervision import Supervision
from alerts.shipped import RULES
from alerts.texts import Words, first_step
from collector.canary import Canary
from collector.district.scores import Score
from collector.evidence.health import LogHealth
from collector.evidence.view import Evidence
from collector.evidence.witnesses import Witnesses
from collector.incidents import Incidents, Judged
from collector.ledgerread import Account, AgentAccount, Question, Restore
from collector.logsheard import SchoolLogs
from collector.people import People
from collector.picture import AgentView, Picture, SchoolView
from collector.rollups.marks import Waiting
from collector.rooms.past import Order, Orders
from collector.rooms.rows import RoomKey
from collector.rooms.school import School as Rooms
from collector.roster.school import School, Standing
from collector.security.sensors import Sensors
from collector.security.view import SecurityView, view_of
from collector.store.base import LastValue, RangeQuery, Series, Store
from collector.store.sqlite import SqliteStore
from collector.unconnected import Listed
from collector.verdicts import Cause, State, Verdict, line_verdict
from collector.web.app import serve
from core import clock
from core.alerts import Alert, Text
from core.clock import SECOND, Clock
from core.errors import StoreError
from core.types import Identity

_T = TypeVar("_T")
Client = TestClient[web.Request, web.Application]

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = 1_795_332_185 * SECOND
HERE = Identity("000000", "trial", "machine")
MINUTE = 60 * SECOND


def nobody() -> People:
    """Nobody may act, and nothing would come of it."""
    journal = SimpleNamespace(act=lambda *_notes: None, note=lambda *_notes: None)
    return People(cast(Any, None), cast(Any, journal))


@dataclass(slots=True)
class FakeSource:
    """What a test sets is what the pages show."""

    store: Store
    schools: tuple[SchoolView, ...] = ()
    at: int = NOW
    broker_connected: bool = True
    able: tuple[bool, str] = (True, "")
    counted: dict[tuple[str, str], int] = field(default_factory=dict)
    agents: tuple[AgentAccount, ...] = ()
    scored: tuple[Score, ...] = ()
    restores: tuple[Restore, ...] = ()
    a_page: int = 1
    painted: Callable[[], Picture] | None = None
    asked: list[Question] = field(default_factory=list)
    ledger_trouble: StoreError | None = None
    canaried: Canary = field(default_factory=Canary)
    region: str = HERE.region
    roomed: tuple[Rooms, ...] = ()
    minutes_on: int | None = 215
    stories: Stories = field(default_factory=lambda: Stories((), 0, (), 0))
    alerts_wanted: list[Wanted] = field(default_factory=list)
    alert_trouble: StoreError | None = None
    listed: Listed = field(default_factory=Listed)
    supervised: Supervision = field(default_factory=Supervision)
    judged: Sequence[Judged] = ()
    list_trouble: StoreError | None = None
    secured: SecurityView | None = None
    logged: tuple[SchoolLogs, ...] = ()
    security_week: tuple[Began, ...] = ()
    security_trouble: StoreError | None = None
    rollups_waiting: Waiting = field(default_factory=Waiting)
    healthy: LogHealth | None = None
    healths: dict[str, Health] = field(default_factory=dict)
    acting: People = field(default_factory=nobody)
    witnessed: Witnesses | None = None
    proven: Evidence | None = None

    def picture(self) -> Picture:
        if self.painted:
            return self.painted()
        return Picture(self.at, "d1", self.broker_connected, self.schools)

    def evidence(self) -> Evidence:
        return self.proven or Evidence(self.at, None, {}, {}, "nothing was recorded yet")

    def witnesses(self) -> Witnesses | None:
        return self.witnessed

    def rooms(self) -> Sequence[Rooms]:
        return self.roomed

    def security(self) -> SecurityView:
        return self.secured or view_of(self.picture(), (), Sensors(), self.at)

    def first_step(self, alert: Alert) -> Text:
        rule = next((one for one in RULES if one.name == alert.key.rule), None)
        return first_step(alert, rule, Words(str, SHANGHAI))

    def school_logs(self) -> Sequence[SchoolLogs]:
        return self.logged

    def security_began(self, since: int, place: str) -> Sequence[Began]:
        if self.security_trouble:
            raise self.security_trouble
        return [one for one in self.security_week if one.place.startswith(place)]

    def incidents_listed(self) -> Sequence[Judged]:
        return self.judged

    @property
    def incidents(self) -> Incidents:
        return cast(Incidents, FakeIncidents(self))

    def in_order(self, keys: Iterable[RoomKey]) -> Orders:
        count = len(list(keys)) * MINUTE
        today = Order(570 * count, 590 * count, 600 * count)
        week = Order(1_600 * count, 1_600 * count, 2_000 * count)
        return Orders(today, week, Order(5_000 * count, 5_100 * count, 5_200 * count))

    def on_today(self, key: RoomKey) -> int | None:
        return self.minutes_on

    def canary(self) -> Canary:
        return self.canaried

    def scores(self) -> Sequence[Score]:
        return self.scored

    def audit_problem(self) -> str:
        return ""

    def ready(self) -> tuple[bool, str]:
        return self.able

    def counts(self) -> Mapping[tuple[str, str], int]:
        return self.counted

    def log_health(self) -> LogHealth | None:
        return self.healthy

    def rollups(self) -> Waiting:
        return self.rollups_waiting

    def alerts(self, wanted: Wanted) -> Stories:
        self.alerts_wanted.append(wanted)
        if self.alert_trouble:
            raise self.alert_trouble
        found, limit = self.stories, wanted.limit
        if wanted.number:
            of_number = [one for one in (*found.open, *found.over) if _number(one) == wanted.number]
            return replace(found, open=of_number, over=())
        there = [one for one in found.open if _is_at(one, wanted.place)]
        over = [one for one in found.over if _is_at(one, wanted.place)]
        counts = Counter(one.telling.alert.severity for one in there if not _hidden(one))
        groups = Counter(one.group for one in there)
        return replace(
            found,
            open=there[:limit],
            open_total=len(there),
            over=over[:limit],
            severities=dict(sorted(counts.items())),
            muted=groups["muted"],
            hidden=groups["hidden"],
            unacked=sum(not _hidden(one) and not one.ack for one in there),
            over_total=len(over),
        )

    def channels(self) -> Mapping[str, Health]:
        return self.healths

    def people(self) -> People:
        return self.acting

    def unconnected(self) -> Listed:
        if self.list_trouble:
            raise self.list_trouble
        return self.listed

    def supervision(self) -> Supervision:
        if self.list_trouble:
            raise self.list_trouble
        return self.supervised

    def account(self, question: Question) -> Account:
        """Answer `a_page` agents a page, whatever was asked for."""
        self.asked.append(question)
        if self.ledger_trouble:
            raise self.ledger_trouble
        named = (question.region, question.school, question.agent)
        there = [
            one
            for one in self.agents
            if all(word in ("", part) for word, part in zip(named, str(one.who).split("/")))
        ]
        page = there[question.after :][: self.a_page]
        after = question.after + self.a_page
        return Account(tuple(page), self.restores, after if after < len(there) else 0)


@dataclass(frozen=True, slots=True)
class FakeIncidents:
    """What a test sets, to be read and not to be judged."""

    source: FakeSource

    def listed(self, place: str = "") -> Sequence[Judged]:
        if self.source.list_trouble:
            raise self.source.list_trouble
        return [one for one in self.source.judged if one.incident.place.startswith(place)]

    def one(self, number: int) -> Judged | None:
        return next((one for one in self.listed() if one.incident.number == number), None)

    def draft(self, number: int, step: Step) -> str:
        found = self.one(number)
        assert found
        return pack.draft(found.incident, step, "", lambda place: place, SHANGHAI)


def _is_at(story: Story, place: str) -> bool:
    return f"{story.telling.alert.key.place}/".startswith(f"{place}/") or not place


def _hidden(story: Story) -> bool:
    return story.telling.alert.is_quiet


def _number(story: Story) -> int:
    return story.telling.alert.number


class MoodyStore(SqliteStore):
    """A real store that fails, or hangs, when it is asked something, as a test says."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.trouble: StoreError | None = None
        self.awake = threading.Event()
        self.awake.set()

    def range(self, query: RangeQuery) -> list[Series]:
        self._answer()
        return super().range(query)

    def last(self, measurement: str, tags: Mapping[str, str], since: int) -> list[LastValue]:
        self._answer()
        return super().last(measurement, tags, since)

    def _answer(self) -> None:
        self.awake.wait(30)
        if self.trouble:
            raise self.trouble


def agent(
    who: Identity = HERE, state: State = "up", cause: Cause = "", since: int = NOW - 12 * MINUTE
) -> AgentView:
    never = state == "never_seen"
    return AgentView(
        who=who,
        verdict=Verdict(state, cause, 0 if never else since),
        last_arrival=0 if never else NOW - (2 * SECOND if state == "up" else NOW - since),
        version="" if never else "0.1.0",
        started="" if never else "2026-11-21T23:58:02Z",
        held_batches=0,
    )


def school(
    *agents: AgentView,
    name: str = "试点学校",
    standing: Standing = "open",
    entry: School | None = None,
) -> SchoolView:
    """Return the school that *agents* belong to; its line is what they prove."""
    who = agents[0].who
    line = line_verdict(tuple(one.verdict for one in agents))
    return SchoolView(who.region, who.school, name, standing, line, agents, entry)


@contextmanager
def serving(source: FakeSource, port: int = 0, now: Clock = clock.now) -> Iterator[str]:
    """Serve *source* from a thread of its own, for who blocks; gives its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def done(work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)

    try:
        runner = done(serve(source, "127.0.0.1", port, language="zh", zone=SHANGHAI, now=now))
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        done(runner.cleanup())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def tagged(line: str, who: Identity = HERE) -> str:
    """Return *line* with the identity tags that the collector adds, as a whole line."""
    head, rest = line.split(" ", 1)
    return f"{head},region={who.region},school={who.school},agent={who.agent} {rest}\n"


def machine(at: int, who: Identity = HERE) -> str:
    """Return what a host's probes say at *at*, its numbers taken from the time."""
    return "".join(tagged(f"{line} {at}", who) for line in _lines(at / SECOND))


def history(first: int, last: int, step: int = 10 * SECOND, who: Identity = HERE) -> bytes:
    """Return the lines of a machine that was measured from *first* to *last*."""
    return "".join(machine(at, who) for at in range(first, last + 1, step)).encode()


def _lines(seconds: float) -> Iterator[str]:
    slow, quick = math.sin(seconds / 1900), math.sin(seconds / 37) * math.sin(seconds / 11)
    busy = max(1.5, 24 + 13 * slow + 9 * quick + (38 if seconds % 1700 < 90 else 0))
    yield f"cpu,cpu=cpu-total usage_idle={100 - min(busy, 100):.2f}"
    used = 58 + 6 * math.sin(seconds / 5200) + 0.6 * quick
    total = 16_662_224_896
    yield f"mem used_percent={used:.2f},used={int(total * used / 100)}i,total={total}i"
    for path, percent, size in (("/", 61.8, 250e9), ("/data", 92.4, 1e12), ("/boot", 23.1, 1e9)):
        free = int(size * (1 - percent / 100))
        fields = f"used_percent={percent},free={free}i,total={int(size)}i,used={int(size) - free}i"
        yield f"disk,path={path},device=sda,fstype=ext4,mode=rw {fields}"
    # Integrals of a rate, as counters are: always rising, now faster and now slower.
    received = int(2.1e6 * (seconds % 1e6) - 1.3e9 * math.cos(seconds / 1100))
    sent = int(3.2e5 * (seconds % 1e6) - 1.1e8 * math.cos(seconds / 700))
    zeros = "err_in=0i,err_out=0i,drop_in=3i,drop_out=0i"
    yield f"net,interface=eth0 bytes_recv={received}i,bytes_sent={sent}i,{zeros}"
    yield f"net,interface=lo bytes_recv={int(seconds)}i,bytes_sent={int(seconds)}i,{zeros}"
    for url, base in (("223.5.5.5", 8.2), ("gateway", 0.7)):
        time = base + abs(base * 0.3 * quick) + (14 if seconds % 2300 < 60 and base > 1 else 0)
        loss = 20.0 if seconds % 2300 < 60 and base > 1 else 0.0
        yield (
            f"ping,url={url} average_response_ms={time:.3f},percent_packet_loss={loss},"
            f"result_code=0i,outages={int(base > 1) * 2}i,outage_s={int(base > 1) * 310}i"
        )
