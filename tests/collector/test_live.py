"""The live picture: unknown is not down, and nobody is down because we are."""

import logging
from collections.abc import Collection
from dataclasses import replace

import msgspec
import pytest

from collector import births
from collector.births import AgentState
from collector.door import HELD_UP_AFTER, Door, Opening
from collector.live import Live, was_up
from collector.picture import SILENT_AFTER, Known, SchoolView, Verdict
from collector.roster import School
from core.clock import SECOND
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


def live(schools: Collection[School] = ROSTER) -> Live:
    return Live("d1", [REGION], schools, {})


def born(live: Live, who: Identity = WHO, at: int = NOW, **words: object) -> AgentState:
    made = birth(**words)  # type: ignore[arg-type]
    before = live.state(who)
    state = births.after_birth(before, made, at, was_up=was_up(before.known, at, OPEN))
    expected = {(r.epoch, r.lane): births.held(r) for r in made.epochs}
    live.put(who, replace(state, expected=expected))
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
    born(seen, replace(OTHER, agent="second"))
    shown = [(s.school, s.name, s.in_roster) for s in seen.picture(NOW, OPEN).schools]
    assert shown == [
        ("school-1", "第一小学", True),
        ("school-2", "", False),
        ("school-3", "第三小学", True),
    ]
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
    assert verdict(seen, clock.at, door.opening()) == Verdict("up", "", NOW)
    clock.at += SILENT_AFTER + 1
    assert verdict(seen, clock.at, door.opening()).cause == "silent"
    door.disconnected("readings")
    cut_off, clock.at = clock.at, clock.at + 3_600 * SECOND
    assert verdict(seen, clock.at, door.opening()) == Verdict("unknown", "broker", cut_off)
    door.connected("readings")
    assert verdict(seen, clock.at, door.opening()).state == "up"


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
    seen.put(WHO, replace(state, birth=msgspec.structs.replace(state.birth, clock=clock)))
    assert seen.backlogs() == 1
    view = school(seen, NOW).agents[0]
    assert (view.version, view.held_batches, view.clock_offset_ms) == ("0.1.0", 10, 12.5)
    assert view.clock_checked
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
