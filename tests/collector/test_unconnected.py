"""The list of schools without a network: whole days replayed, restarts, and what is recorded."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.schooltime import SchoolTime
from collector.config import CollectorConfig, CollectorTable, UnconnectedConfig
from collector.outside import SchoolKey
from collector.picture import Picture, SchoolView
from collector.roster.school import School, Standing
from collector.unconnected import Entry, Listed, Told, look, told
from collector.unconnectedwatch import UnconnectedWatch
from collector.verdicts import Verdict
from core.clock import SECOND
from core.errors import StoreBusy
from core.types import Identity
from tests.collector.desk import Desk, open_desk
from tests.collector.making import REGION, A, Clock

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
MONDAY = datetime(2026, 11, 23, tzinfo=ZONE)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon2")


def ns(text: str) -> int:
    """Return `Tue 09:30` as a moment of the week that is played."""
    day, _, time = text.partition(" ")
    hours, minutes = map(int, time.split(":"))
    there = MONDAY + timedelta(days=DAYS.index(day), hours=hours, minutes=minutes)
    return int(there.timestamp()) * SECOND


def said(at: int) -> str:
    there = datetime.fromtimestamp(at / SECOND, ZONE)
    return f"{DAYS[(there.date() - MONDAY.date()).days]} {there:%H:%M}" if at else "-"


@pytest.mark.parametrize(
    ("since", "at", "minutes"),
    [
        ("Mon 07:00", "Mon 08:00", 0),
        ("Mon 07:00", "Mon 08:01", 1),
        ("Mon 17:29", "Tue 08:02", 3),
        ("Mon 00:00", "Tue 00:00", 570),
        ("Fri 17:00", "Mon2 08:30", 60),
        ("Sat 08:00", "Sun 17:30", 0),
        ("Mon 00:00", "Mon2 00:00", 5 * 570),
        ("Tue 09:00", "Mon 09:00", 0),
        ("Tue 12:00", "Tue 11:00", 0),
    ],
)
def test_school_time_is_monday_to_friday_by_day(since: str, at: str, minutes: int) -> None:
    assert SchoolTime(ZONE).lasting(ns(since), ns(at)) == minutes * MINUTE


NEVER = Told("unconnected", "unproven")
SILENT = Told("unconnected", "silent", ns("Mon 09:00"))
UP = Told("connected")
OURS = Told("unclear", "broker")

WEEK: Mapping[str, Sequence[tuple[str, Told | None]]] = {
    "never-seen": [("Mon 00:00", NEVER)],
    "silent": [("Mon 00:00", UP), ("Mon 09:03", SILENT), ("Thu 10:00", UP)],
    "we-were-away": [("Mon 00:00", NEVER), ("Tue 10:00", OURS), ("Tue 12:00", NEVER)],
    "came-back-in-time": [
        *(("Mon 00:00", UP), ("Mon 09:03", SILENT), ("Tue 17:00", UP)),
        ("Tue 17:10", Told("unconnected", "silent", ns("Tue 17:07"))),
    ],
    "new-in-the-roster": [("Tue 08:00", NEVER)],
    "left-the-roster": [("Mon 00:00", NEVER), ("Thu 09:00", None)],
    "left-in-time": [("Mon 00:00", NEVER), ("Tue 09:00", None)],
    "still-open-while-we-are-away": [("Mon 00:00", NEVER), ("Thu 09:00", OURS)],
}
BY_HAND = {
    ("never-seen", "Mon 00:00", "Wed 13:01", "-", ""),
    ("silent", "Mon 09:00", "Wed 14:01", "Thu 10:00", "connected"),
    ("we-were-away", "Mon 00:00", "Wed 15:01", "-", ""),
    ("new-in-the-roster", "Tue 08:00", "Thu 13:01", "-", ""),
    ("left-the-roster", "Mon 00:00", "Wed 13:01", "Thu 09:00", "merged"),
    ("still-open-while-we-are-away", "Mon 00:00", "Wed 13:01", "-", ""),
}


def minutes(first: str, last: str) -> Iterator[int]:
    return iter(range(ns(first), ns(last) + 1, MINUTE))


def looked(
    entries: Mapping[SchoolKey, Entry],
    found: Mapping[SchoolKey, Told],
    at: int,
    standing: Standing = "open",
) -> list[Entry]:
    times = SchoolTime(ZONE)
    return look(entries, found, at, after=24 * HOUR, times=times, standing=lambda _: standing)


def played(
    week: Mapping[str, Sequence[tuple[str, Told | None]]], moments: Iterator[int]
) -> list[Entry]:
    """Return every entry that was ever opened, as it was last."""
    ever: dict[tuple[SchoolKey, int], Entry] = {}
    for at in moments:
        now = {
            (REGION, school): [what for when, what in steps if ns(when) <= at][-1:]
            for school, steps in week.items()
        }
        found = {key: one[0] for key, one in now.items() if one and one[0]}
        entries = {entry.key: entry for entry in ever.values() if not entry.closed}
        for entry in looked(entries, found, at, "merged"):
            ever[entry.key, entry.began] = entry
    return [entry for entry in ever.values() if entry.opened]


def test_a_replayed_week_equals_the_list_made_by_hand() -> None:
    found = played(WEEK, minutes("Mon 00:00", "Thu 17:30"))
    assert {
        (one.school, said(one.since), said(one.opened), said(one.closed), one.ended)
        for one in found
    } == BY_HAND


def test_a_weekend_brings_no_school_onto_the_list() -> None:
    week = {"quiet": [("Thu 08:00", NEVER)]}
    assert played(week, minutes("Thu 08:00", "Mon2 12:59")) == []
    (entry,) = played(week, minutes("Thu 08:00", "Mon2 13:01"))
    assert said(entry.opened) == "Mon2 13:01"


def test_a_school_that_is_lost_again_after_its_recovery_is_a_second_entry() -> None:
    steps = [("Mon 00:00", NEVER), ("Wed 14:00", UP), ("Wed 15:00", NEVER)]
    found = played({"twice": steps}, minutes("Mon 00:00", "Mon2 17:00"))
    assert [(said(one.opened), said(one.closed)) for one in found] == [
        ("Wed 13:01", "Wed 14:00"),
        ("Mon2 10:31", "-"),
    ]


def test_a_clock_that_is_set_back_ends_no_entry_before_it_began() -> None:
    found = played({"back": [("Mon 00:00", NEVER)]}, minutes("Mon 00:00", "Wed 14:00"))
    entries = {entry.key: entry for entry in found}
    at = ns("Tue 09:00")
    (after,) = looked(entries, {(REGION, "back"): NEVER}, at)
    assert (after.counted, after.opened) == (found[0].counted, found[0].opened)
    (over,) = looked(entries, {(REGION, "back"): UP}, at)
    assert over.closed == over.opened


# With a ledger, a roster and agents.


class Play:
    """A collector of three schools of which one never reports; half an hour is long enough."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.folder = Clock(ns("Mon 08:00")), folder
        self.schools = [School(REGION, name, name.upper(), area="rural") for name in "abc"]
        self.talking = {"a", "b"}
        self.start()

    def start(self) -> None:
        self.desk: Desk = open_desk(self.folder, self.clock)
        self.desk.books.live.take_roster(self.schools)
        self.broker(there=True)
        table = CollectorTable(regions=(REGION,), folder=self.folder)
        config = CollectorConfig(collector=table, unconnected=UnconnectedConfig(after_h=0.5))
        self.watch = UnconnectedWatch(config, self.desk.books, SchoolTime(ZONE), self.clock)

    def broker(self, *, there: bool) -> None:
        door = self.desk.books.door
        for channel in ("readings", "state"):
            (door.connected if there else door.disconnected)(channel)

    def restart(self) -> None:
        books = self.desk.books
        books.ledger.keep_known(books.live.changed())
        books.ledger.close()
        self.start()

    async def until(self, moment: str) -> None:
        """Let time pass minute by minute; who talks is heard as long as the broker is there."""
        books = self.desk.books
        while self.clock.at < ns(moment):
            for _ in range(3):  # what sleeps for longer has been stopped
                self.clock.at += MINUTE // 3
                books.door.awake()
            opening = books.door.opening()
            for school in self.talking if opening.broker_connected else ():
                who = Identity(REGION, school, "host")
                books.live.heard(who, A, self.clock.at, opening)
            await self.watch.minute()

    def listed(self) -> Listed:
        return self.watch.listed()

    def open(self) -> dict[str, tuple[str, str]]:
        return {one.school: (said(one.opened), one.cause) for one in self.listed().open}

    def over(self) -> list[tuple[str, str, str]]:
        return [(one.school, said(one.closed), one.ended) for one in self.listed().over]

    def recorded(self) -> list[tuple[str, bool]]:
        self.desk.books.journal.sync()
        found: list[dict[str, Any]] = self.desk.audited("school_unconnected")
        return [(one["target"].rpartition("/")[2], one["active"]) for one in found]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


async def test_a_school_is_listed_and_recorded_and_so_is_its_recovery(play: Play) -> None:
    await play.until("Mon 09:00")
    assert play.open() == {"c": ("Mon 08:32", "unproven")}
    play.talking.add("c")
    await play.until("Mon 09:30")
    listed = play.listed()
    assert (listed.open, play.over()) == ((), [("c", "Mon 09:01", "connected")])
    assert listed.cleared == (29 * MINUTE,)
    assert (listed.median, listed.longest) == (29 * MINUTE, 29 * MINUTE)
    assert (listed.over[0].name, listed.over[0].area) == ("C", "rural")
    assert play.recorded() == [("c", True), ("c", False)]


async def test_an_agent_that_falls_silent_counts_from_its_last_word(play: Play) -> None:
    await play.until("Mon 09:00")
    play.talking.remove("b")
    await play.until("Mon 09:31")
    assert play.open()["b"] == ("Mon 09:31", "silent")
    assert {said(one.since) for one in play.listed().open if one.school == "b"} == {"Mon 09:00"}


async def test_an_outage_of_the_broker_puts_nobody_on_the_list_and_takes_nobody_off(
    play: Play,
) -> None:
    await play.until("Mon 08:20")
    play.broker(there=False)
    await play.until("Mon 12:00")
    assert (play.open(), play.recorded()) == ({}, [])
    play.broker(there=True)
    await play.until("Mon 13:00")
    assert set(play.open()) == {"c"}
    play.broker(there=False)
    await play.until("Mon 15:00")
    assert set(play.open()) == {"c"}
    assert play.recorded() == [("c", True)]


async def test_a_region_that_falls_silent_at_once_is_no_list_of_schools(play: Play) -> None:
    play.schools += [School(REGION, name) for name in "defg"]
    play.talking |= {"c", "d", "e", "f"}
    play.start()
    await play.until("Mon 08:10")
    play.talking.clear()
    await play.until("Mon 12:00")
    assert play.open() == {}
    play.talking |= set("abcdef")
    await play.until("Mon 13:00")
    assert set(play.open()) == {"g"}


async def test_a_restart_goes_on_with_the_list_and_the_time_away_does_not_count(
    play: Play,
) -> None:
    await play.until("Mon 08:25")
    play.clock.at = ns("Mon 12:00")
    play.restart()
    await play.until("Mon 12:05")
    assert play.open() == {}
    await play.until("Mon 12:20")
    before = play.open()
    assert set(before) == {"c"}
    play.restart()
    assert play.open() == before
    await play.until("Mon 12:30")
    assert play.open() == before
    assert play.recorded() == [("c", True)]
    play.talking.add("c")
    await play.until("Mon 12:31")
    play.restart()
    await play.until("Mon 12:40")
    assert (play.open(), play.over()) == ({}, [("c", "Mon 12:31", "connected")])


async def test_a_school_that_closes_or_leaves_is_off_the_list_with_that_reason(play: Play) -> None:
    play.talking.clear()
    await play.until("Mon 09:00")
    assert set(play.open()) == {"a", "b", "c"}
    closed = School(REGION, "c", "C", status="merged")
    play.desk.books.live.take_roster([*play.schools[:2], closed])
    await play.until("Mon 09:01")
    assert play.over() == [("c", "Mon 09:01", "merged")]
    assert play.listed().cleared == ()
    play.desk.books.live.take_roster(play.schools[1:2])
    await play.until("Mon 09:02")
    assert ("a", "Mon 09:02", "unlisted") in play.over()
    assert set(play.open()) == {"b"}


async def test_a_minute_that_the_database_refuses_is_made_up_for_by_the_next(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    await play.until("Mon 08:31")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(play.desk.books.journal, "add", full)
        with pytest.raises(sqlite3.OperationalError):
            await play.until("Mon 08:32")
        assert (play.open(), play.recorded()) == ({}, [])
    await play.until("Mon 08:33")
    assert set(play.open()) == {"c"}
    assert play.recorded() == [("c", True)]


async def test_a_list_that_cannot_be_read_is_not_an_empty_one(play: Play) -> None:
    with play.desk.books.ledger.transaction() as db:
        db.execute("ALTER TABLE unconnected RENAME TO elsewhere")
    with pytest.raises(StoreBusy, match="cannot be read now"):
        play.listed()
    with play.desk.books.ledger.transaction() as db:
        db.execute("ALTER TABLE elsewhere RENAME TO unconnected")
    assert play.listed().open == ()


# What one picture tells.


@pytest.mark.parametrize(
    ("line", "broker", "says"),
    [
        (Verdict("up", "", 1), True, ("connected", "")),
        (Verdict("up", "outside_only", 1), True, ("connected", "outside_only")),
        (Verdict("degraded", "loss", 1), True, ("connected", "loss")),
        (Verdict("down", "no_answer", 1), True, ("unconnected", "no_answer")),
        (Verdict("unknown", "will", 1), True, ("unconnected", "will")),
        (Verdict("unknown", "", 1), True, ("unconnected", "all_stopped")),
        (Verdict("unknown", "own_line", 1), True, ("unclear", "own_line")),
        (Verdict("unknown", "region", 1), True, ("unclear", "region")),
        (Verdict("unknown", "unproven", 0), False, ("unclear", "unproven")),
        (Verdict("down", "no_answer", 1), False, ("unconnected", "no_answer")),
    ],
)
def test_unknown_is_not_connected_unless_the_fault_is_ours(
    line: Verdict, broker: bool, says: tuple[str, str]
) -> None:
    view = SchoolView(REGION, "a", "A", "open", line, ())
    (one,) = told(Picture(9, "d1", broker, (view,))).values()
    assert (one.state, one.cause) == says


def test_a_school_that_does_not_count_is_not_looked_at() -> None:
    line = Verdict("unknown", "silent", 1)
    standings: tuple[Standing, ...] = ("open", "closed", "unlisted")
    views = tuple(SchoolView(REGION, one, "", one, line, ()) for one in standings)
    assert set(told(Picture(9, "d1", True, views))) == {(REGION, "open")}
    assert len(told(Picture(9, "d1", True, views, roster=False))) == 3
