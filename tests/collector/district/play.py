"""A district that is played minute by minute: real ledger and stores, a clock that a test moves."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts.schooltime import SchoolTime
from alerts.step import Case
from alerts.targets.indicators import Indicator
from collector.config import CollectorConfig, CollectorTable, TargetsConfig
from collector.district.writer import District
from collector.outside import Proof, SchoolKey
from collector.roster.school import School
from collector.store.base import RangeQuery, Store
from collector.store.sqlite import SqliteStore
from collector.verdicts import Outside
from core.clock import SECOND
from core.mqtt import Message
from core.types import Identity, Value
from tests.collector.desk import Desk, Failing, open_desk
from tests.collector.making import REGION, A, Clock, batch, readings

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
MONDAY = datetime(2026, 11, 23, tzinfo=ZONE)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon2", "Tue2")


def ns(text: str) -> int:
    """Return `Tue 09:30` as a moment of the week that is played."""
    day, _, time = text.partition(" ")
    hours, minutes = map(int, time.split(":"))
    there = MONDAY + timedelta(days=DAYS.index(day), hours=hours, minutes=minutes)
    return int(there.timestamp()) * SECOND


def said(at: int) -> str:
    there = datetime.fromtimestamp(at / SECOND, ZONE)
    return f"{DAYS[(there.date() - MONDAY.date()).days]} {there:%H:%M}"


def host(school: str) -> Identity:
    return Identity(REGION, school, "host")


class Play:
    """`talking` schools send heartbeats, `answers` says what outside probes find of a line."""

    def __init__(
        self,
        folder: Path,
        at: str = "Mon 07:55",
        schools: Iterable[School] | None = None,
        stores: Callable[[], tuple[Store, Store]] | None = None,
    ) -> None:
        """Play with SQLite, or with what *stores* opens: raw, and days."""
        self._stores = stores
        self.clock, self.folder = Clock(ns(at)), folder
        self.schools = list(schools or (rural(name) for name in "abc"))
        self.talking = {one.school for one in self.schools}
        self.answers: dict[str, Outside] = {}
        self.cases: list[Case] = []
        self.platforms: tuple[str, ...] = ()
        self._seq = 0
        self.start()

    def start(self) -> None:
        self.desk: Desk = open_desk(self.folder, self.clock)
        live = self.desk.books.live
        live.take_roster(self.schools)
        live.proof = self._proof
        self.broker(there=True)
        self.daily = Failing(SqliteStore(self.folder / "store_1d.db", now=self.clock))
        if self._stores:
            self.desk.store._real, self.daily._real = self._stores()
        table = CollectorTable(regions=(REGION,), folder=self.folder)
        targets = TargetsConfig(platforms=self.platforms)
        self.district = District(
            CollectorConfig(collector=table, targets=targets),
            (self.desk.store, self.daily),
            self.desk.books,
            lambda: self.cases,
            SchoolTime(ZONE),
            now=self.clock,
        )
        self.desk.readings.tell = self.district.heard
        self.desk.readings.wanted = self.district.wanted

    def broker(self, *, there: bool) -> None:
        door = self.desk.books.door
        for channel in ("readings", "state"):
            (door.connected if there else door.disconnected)(channel)

    def stop(self, *, clean: bool = True) -> None:
        books = self.desk.books
        books.ledger.keep_known(books.live.changed())
        if clean:
            self.district.close()
        else:
            self.daily.close()
        books.ledger.close()
        self.desk.store.close()

    def restart(self, at: str = "", *, clean: bool = True) -> None:
        """Stop, and go on at another time."""
        self.stop(clean=clean)
        self.clock.at = ns(at) if at else self.clock.at
        self.start()

    async def until(self, moment: str, step: int = 1) -> None:
        """Let time pass minute by minute, or *step* minutes at once; who talks is heard each minute
        as long as the broker is there. The last turn works everything out.
        """
        while self.clock.at < ns(moment):
            for _ in range(step):
                self._minute()
            if self.clock.at >= ns(moment):
                self.district._scored_at = self.district._ledger_at = 0
            await self.district.minute()

    async def pass_by(self) -> None:
        """Let one minute pass, in which nothing is worked out that is not due."""
        self._minute()
        await self.district.minute()

    def _minute(self) -> None:
        books = self.desk.books
        for _ in range(3):  # what sleeps for longer has been stopped
            self.clock.at += MINUTE // 3
            books.door.awake()
        opening = books.door.opening()
        for school in self.talking if opening.broker_connected else ():
            books.live.heard(host(school), A, self.clock.at, opening)

    def cut(self, *schools: str) -> None:
        """Cut lines: agents fall silent, and outside probes prove why."""
        self.talking -= set(schools)
        for one in schools:
            self.answers[one] = Outside(answers=False, since=self.clock.at + MINUTE)

    def mend(self, *schools: str) -> None:
        self.talking |= set(schools)
        for one in schools:
            del self.answers[one]

    async def send(self, school: str, *lines: str) -> None:
        """Send lines of an agent in a batch; `@Mon 08:00` in one is its time in ns."""
        self._seq += 1
        ready = [self._timed(line) for line in lines]
        message = readings(batch(seq=self._seq, lines=ready), host(school))
        await self.desk.take(message)

    async def take(self, message: Message) -> None:
        await self.desk.take(message)

    def _timed(self, line: str) -> bytes:
        head, _, when = line.partition("@")
        return f"{head}{ns(when) if when else self.clock.at}".encode()

    # What is there afterwards.

    def school(self, school: str, name: str) -> list[tuple[str, Value]]:
        """Return what the series `school` has of one field."""
        return [
            (said(at), value)
            for at, value in points(self.desk.store, "school", name, school=school)
        ]

    def indicator(
        self, of: str, window: str = "live", field: str = "value", **tags: str
    ) -> dict[str, Value]:
        store = self.desk.store if window == "live" else self.daily
        wanted = {"indicator": of, "window": window, "region": "all", "area": "all", **tags}
        return {said(at): value for at, value in points(store, "indicator", field, **wanted)}

    def score(self, of: str, window: str = "day", area: str = "all") -> Indicator:
        """Return what was worked out last."""
        return next(
            one.found
            for one in self.district.scores
            if (one.found.id, one.window, one.group) == (of, window, ("all", area))
        )

    def minutes(self, of: str = "I-03", window: str = "day") -> tuple[int, int]:
        found = self.score(of, window)
        return found.numerator // MINUTE, found.denominator // MINUTE

    def _proof(self) -> Proof:
        found: dict[SchoolKey, Outside] = {
            (REGION, school): outside for school, outside in self.answers.items()
        }
        return Proof(found, {})


def rural(name: str) -> School:
    return School(REGION, name, name.upper(), area="rural", type="primary", target_mbps=100.0)


def points(store: Store, measurement: str, field: str, **tags: str) -> list[tuple[int, Value]]:
    found = store.range(RangeQuery(measurement, field, 0, 2**62, tags=tags))
    return sorted(point for series in found for point in series.points)
