"""The live picture: unknown is not down, and nobody is down because we are."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from collector import births
from collector.births import AgentState
from collector.door import ASLEEP_AFTER, HELD_UP_AFTER, Door, Opening
from collector.live import Live, was_up
from collector.picture import SchoolView
from collector.roster.school import Address, Person, School, Status
from collector.verdicts import SILENT_AFTER, Known, Verdict
from collector.web import board
from collector.web.causes import CAUSES
from core.clock import SECOND, local
from core.messages import ClockReport, Death
from core.types import BatchKey, Identity
from tests.collector.making import NOW, OTHER, REGION, WHO, A, B, Clock, birth, report

OPEN = Opening(NOW - 3_600 * SECOND, "", 0, broker_connected=True)
ROSTER = [
    School(REGION, "school-1", "第一小学", "open"),
    School(REGION, "school-3", "第三小学", "open"),
    School(REGION, "school-4", "旧校", "closed"),
    School("999999", "school-1", "别处", "open"),
]


SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = 86_400 * SECOND
TODAY = local(NOW, SHANGHAI).date()
MIDNIGHT = int(datetime.combine(TODAY + timedelta(1), time(), SHANGHAI).timestamp()) * SECOND


def live(schools: Iterable[School] | None = ROSTER) -> Live:
    return Live("d1", [REGION], schools, {}, SHANGHAI)


def born(live: Live, who: Identity = WHO, at: int = NOW, **words: object) -> AgentState:
    made = birth(**words)  # type: ignore[arg-type]
    before = live.state(who)
    state = births.after_birth(before, made, at, was_up=was_up(before.known, at, OPEN))
    expected = {(r.epoch, r.lane): births.held(r) for r in made.epochs}
    live.put(who, structs.replace(state, expected=expected))
    return live.state(who)


def school(live: Live, at: int, opening: Opening = OPEN, name: str = "school-1") -> SchoolView:
    found = [s for s in live.picture(at, opening).schools if s.school == name]
    assert len(found) == 1
    return found[0]


def verdict(live: Live, at: int, opening: Opening = OPEN) -> Verdict:
    return school(live, at, opening).agents[0].verdict


def test_schools_of_the_roster_are_shown_before_they_report_and_others_are_marked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = live()
    born(seen, OTHER)
    born(seen, structs.replace(OTHER, agent="second"))
    picture = seen.picture(NOW, OPEN)
    assert [(s.school, s.name, s.standing) for s in picture.schools] == [
        ("school-1", "第一小学", "open"),
        ("school-2", "", "unlisted"),
        ("school-3", "第三小学", "open"),
    ]
    assert [s.school for s in picture.counted] == ["school-1", "school-3"]
    assert seen.unknown_schools() == [(REGION, "school-2")]
    assert school(seen, NOW).line == Verdict("unknown", "unproven", 0)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_silence_makes_an_agent_unknown_and_a_batch_makes_it_up_again() -> None:
    seen = live()
    born(seen)
    assert verdict(seen, NOW + SILENT_AFTER) == Verdict("up", "", NOW)
    later = NOW + SILENT_AFTER + 1
    assert verdict(seen, later) == Verdict("unknown", "silent", NOW)
    assert school(seen, later).line == Verdict("unknown", "silent", NOW)
    seen.heard(WHO, A, later, OPEN)
    assert verdict(seen, later) == Verdict("up", "", later)
    assert school(seen, later).line == Verdict("up", "", later)


def test_an_agent_that_goes_on_reporting_stays_up_since_its_first_word() -> None:
    seen = live()
    born(seen)
    for minute in range(1, 60):
        seen.heard(WHO, A, NOW + minute * 60 * SECOND, OPEN)
    born(seen, at=NOW + 3_600 * SECOND, conn=2, no=2)
    assert verdict(seen, NOW + 3_601 * SECOND) == Verdict("up", "", NOW)


@pytest.mark.parametrize(
    ("kind", "expected"), [("down", ("unknown", "will")), ("stopped", ("stopped", ""))]
)
def test_a_last_word_is_shown_at_once_and_ends_with_the_next_birth(
    kind: str, expected: tuple[str, str]
) -> None:
    seen = live()
    state = born(seen)
    gone = births.after_death(state, Death(kind, A, 1), NOW + 9)  # type: ignore[arg-type]
    assert gone
    seen.put(WHO, gone)
    assert verdict(seen, NOW + 10) == Verdict(*expected, NOW + 9)  # type: ignore[arg-type]
    born(seen, at=NOW + 20, epoch=B)
    assert verdict(seen, NOW + 21) == Verdict("up", "", NOW + 20)


def test_while_nothing_is_taken_in_nobody_is_silent_and_the_cause_is_ours() -> None:
    seen, clock = live(), Clock()
    door = Door(clock)
    born(seen)
    assert verdict(seen, NOW, door.opening()) == Verdict("unknown", "broker", NOW)
    for name in ("state", "readings"):
        door.connected(name)
    door.troubled("readings", "disk full")
    clock.at += HELD_UP_AFTER
    assert verdict(seen, clock.at, door.opening()).state == "up", "a moment holds nobody up"
    clock.at += 3_600 * SECOND
    assert verdict(seen, clock.at, door.opening()) == Verdict("unknown", "collector", NOW)
    door.troubled("readings", "")
    assert verdict(seen, clock.at, door.opening()) == Verdict("unknown", "collector", clock.at)
    clock.at += SILENT_AFTER + 1
    assert verdict(seen, clock.at, door.opening()).cause == "silent"
    door.disconnected("readings")
    cut_off, clock.at = clock.at, clock.at + 3_600 * SECOND
    assert verdict(seen, clock.at, door.opening()) == Verdict("unknown", "broker", cut_off)
    door.connected("readings")
    assert verdict(seen, clock.at, door.opening()) == Verdict("unknown", "collector", clock.at)


@pytest.mark.parametrize("away", [0, 10, 3_600])
@pytest.mark.parametrize("how", ["broker", "disk", "asleep", "restart"])
def test_an_agent_that_was_silent_before_the_collector_was_away_is_up_since_its_return(
    away: int, how: str
) -> None:
    seen, clock = live(), Clock()
    door = Door(clock)
    for name in ("state", "readings"):
        door.connected(name)
    born(seen)
    born(seen, OTHER)
    clock.at += SILENT_AFTER + 60 * SECOND
    seen.heard(OTHER, A, clock.at - 61 * SECOND, door.opening())
    seen.heard(OTHER, A, clock.at, door.opening())
    assert verdict(seen, clock.at, door.opening()).cause == "silent"
    for _ in range(2):  # a short return in between proves nothing
        door.awake()
        if how == "broker":
            door.disconnected("readings")
        elif how == "disk":
            door.troubled("readings", "disk full")
        clock.at += HELD_UP_AFTER + SECOND + away * SECOND
        if how == "restart":
            door = Door(clock, heard_until=seen.state(OTHER).known.last_arrival)
            door.connected("readings")
        door.connected("readings")
        door.troubled("readings", "")
        door.awake()
        clock.at += 5 * SECOND
    for who, since in ((WHO, clock.at), (OTHER, NOW)):
        for _ in range(2):
            seen.heard(who, A, clock.at, door.opening())
            assert seen.state(who).known == Known(clock.at, since)


def test_the_text_of_the_collectors_own_fault_is_true_of_its_disk_as_of_its_return() -> None:
    seen, clock = live(), Clock()
    door = Door(clock)
    born(seen)
    for name in ("state", "readings"):
        door.connected(name)
    door.troubled("readings", "disk full")
    clock.at += 3_600 * SECOND
    held_up = verdict(seen, clock.at, door.opening()).cause
    door.troubled("readings", "")
    back = verdict(seen, clock.at, door.opening()).cause
    for cause, chinese, english in (
        (held_up, "暂时无法接收", "cannot take anything in"),
        (back, "刚刚恢复", "just come back"),
    ):
        text = CAUSES[f"cause_{cause}"]
        assert chinese in text.zh
        assert english in text.en
    assert "磁盘" in CAUSES[f"next_{held_up}"].zh


def test_a_collector_that_was_stopped_for_a_while_has_to_hear_everybody_again() -> None:
    seen, clock = live(), Clock()
    door = Door(clock)
    for name in ("state", "readings"):
        door.connected(name)
    born(seen)
    door.awake()
    clock.at += ASLEEP_AFTER
    door.awake()
    assert door.opening().since == NOW
    clock.at += SILENT_AFTER
    door.awake()
    assert verdict(seen, clock.at, door.opening()) == Verdict("unknown", "collector", clock.at)
    clock.at += SILENT_AFTER + 1
    assert verdict(seen, clock.at, door.opening()).cause == "silent"


def test_the_door_says_whether_both_connections_are_there() -> None:
    door = Door(Clock())
    door.connected("readings")
    assert not door.opening().broker_connected
    door.connected("state")
    assert door.opening().broker_connected
    door.disconnected("state")
    assert door.opening() == Opening(NOW, "", 0, broker_connected=False)
    assert door.trouble == ""
    door.troubled("state", "no room")
    assert door.trouble == "no room"


def test_the_picture_tells_version_clock_and_what_waits_in_the_spool() -> None:
    seen = live()
    state = born(seen, epochs=[report(B, [(1, 9)]), report(A, [(1, 1)])])
    assert state.birth
    clock = ClockReport(12.5, checked=True)
    seen.put(WHO, structs.replace(state, birth=structs.replace(state.birth, clock=clock)))
    assert seen.backlogs() == 1
    view = school(seen, NOW).agents[0]
    assert (view.version, view.held_batches, view.clock.offset_ms) == ("0.1.0", 10, 12.5)
    assert view.clock.state == "fine"
    closed = [seen.received(WHO, BatchKey(B, "readings", seq)) for seq in range(1, 10)]
    assert closed == [[]] * 8 + [[B]]
    assert school(seen, NOW).agents[0].held_batches == 1
    assert seen.backlogs() == 0


def test_a_restart_shows_what_was_known() -> None:
    seen = live()
    state = born(seen)
    assert seen.changed() == {WHO: state.known}
    assert seen.changed() == {}
    elsewhere = Identity("110000", "school-9", "host")
    again = Live("d1", [REGION], ROSTER, {WHO: state, elsewhere: state})
    assert verdict(again, NOW + 1) == Verdict("up", "", NOW)
    assert again.agents() == [WHO], "regions that are not served any more are not shown"
    assert again.changed() == {}


def test_a_publisher_without_a_header_is_up_by_its_lines_alone() -> None:
    seen = live()
    seen.heard(WHO, None, NOW, OPEN)
    assert verdict(seen, NOW) == Verdict("up", "", NOW)
    assert seen.state(WHO).known == Known(NOW, NOW)
    assert school(seen, NOW).agents[0].version == ""
    assert school(seen, NOW).agents[0].unaccounted
    assert (seen.agents(), seen.answering()) == ([WHO], [])
    born(seen, at=NOW + 1)
    assert not school(seen, NOW + 1).agents[0].unaccounted
    assert seen.answering() == [WHO]


def standings(live: Live, at: int) -> dict[str, str]:
    return {s.school: s.standing for s in live.picture(at, OPEN).schools}


@pytest.mark.parametrize("status", ["merged", "closed"])
def test_a_school_counts_until_the_midnight_of_the_district_that_closes_it(status: Status) -> None:
    seen = live([School(REGION, "school-1", status=status, closed=TODAY + timedelta(1))])
    born(seen, at=MIDNIGHT - SECOND)
    assert standings(seen, MIDNIGHT - SECOND) == {"school-1": "open"}
    assert seen.closed_agents(MIDNIGHT - SECOND) == []
    assert standings(seen, MIDNIGHT) == {"school-1": status}
    assert seen.picture(MIDNIGHT, OPEN).counted == ()
    assert seen.closed_agents(MIDNIGHT) == [WHO]
    assert seen.unknown_schools() == [], "the roster knows it well"


def test_a_closed_school_is_shown_only_while_it_still_reports() -> None:
    seen = live([School(REGION, "school-1", status="merged")])
    assert standings(seen, NOW) == {}
    born(seen)
    assert standings(seen, NOW + DAY - 1) == {"school-1": "merged"}
    assert standings(seen, NOW + DAY) == {}
    seen.heard(WHO, A, NOW + 2 * DAY, OPEN)
    assert standings(seen, NOW + 2 * DAY) == {"school-1": "merged"}


def test_a_school_counts_from_the_day_on_which_it_opens() -> None:
    seen = live([School(REGION, "school-1", opened=TODAY + timedelta(1))])
    assert standings(seen, MIDNIGHT - SECOND) == {}
    assert standings(seen, MIDNIGHT) == {"school-1": "open"}


def test_without_a_roster_everybody_who_reports_counts() -> None:
    seen, nobody = live(None), live([])
    for one in (seen, nobody):
        born(one)
    assert [s.school for s in seen.picture(NOW, OPEN).counted] == ["school-1"]
    assert nobody.picture(NOW, OPEN).counted == (), "a roster may well have no school of ours"
    assert standings(seen, NOW + 2 * DAY) == {"school-1": "unlisted"}, "and is never forgotten"


def test_another_roster_is_taken_whole_and_what_agents_said_stays() -> None:
    seen = live()
    born(seen)
    full = School(REGION, "school-1", "一小", outside=(Address("192.0.2.7", 443),))
    seen.take_roster([full, School(REGION, "school-9", "九小"), School("999999", "x")])
    assert standings(seen, NOW) == {"school-1": "open", "school-9": "open"}
    assert school(seen, NOW).entry == full
    assert (school(seen, NOW).name, verdict(seen, NOW).state) == ("一小", "up")
    seen.take_roster([])
    assert standings(seen, NOW) == {"school-1": "unlisted"}


def test_an_owner_whom_nobody_could_call_is_none() -> None:
    people = (Person("authority", "王主任", "0571-1"), Person("operator", "李工"))
    entry = School(REGION, "school-1", people=people)
    assert entry.missing_owners == ("operator", "user")
    assert entry.without() == ("operator", "user", "leader", "person")


def test_the_days_of_a_school_are_looked_at_one_by_one() -> None:
    entry = School(REGION, "s", status="merged", opened=date(2001, 9, 1), closed=date(2024, 7, 1))
    days = [date(2001, 8, 31), date(2001, 9, 1), date(2024, 6, 30), date(2024, 7, 1)]
    assert [entry.standing(day) for day in days] == ["not_yet", "open", "open", "merged"]


ENTRIES = st.builds(
    School,
    st.just(REGION),
    st.sampled_from([f"school-{n}" for n in range(6)]),
    status=st.sampled_from(["open", "merged", "closed"]),
    opened=st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31)),
    closed=st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31)),
)
VISITORS = st.lists(
    st.tuples(st.sampled_from([f"school-{n}" for n in range(9)]), st.integers(0, 5))
)


@given(st.lists(ENTRIES, min_size=1), VISITORS, st.integers(-40, 40))
def test_the_counts_by_state_add_up_to_the_open_schools_of_the_roster(
    entries: list[School], visitors: list[tuple[str, int]], days: int
) -> None:
    seen, at = live(entries), NOW + days * DAY
    for name, minutes in visitors:
        seen.heard(Identity(REGION, name, "pc"), A, at - minutes * 60 * SECOND, OPEN)
    day = local(at, SHANGHAI).date()
    roster = {school.school: school for school in entries}
    expected = sum(school.standing(day) == "open" for school in roster.values())
    picture = seen.picture(at, replace(OPEN, since=at - DAY))
    counted = board.tally(row.state for row in board.rows(picture) if row.counts)
    assert sum(counted.values()) == expected
