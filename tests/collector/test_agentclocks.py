"""How far a clock is off, as births and heartbeats say it, and since when."""

from pathlib import Path

import msgspec
import pytest

from collector.agentclocks import NOT_KNOWN, ClockVerdict, clock_verdict, reported
from collector.ledger import LaneKey
from core.clock import SECOND
from core.messages import ClockReport
from tests.collector.desk import Desk, open_desk
from tests.collector.making import (
    NOW,
    WHO,
    A,
    batch,
    birth,
    event,
    event_batch,
    events_of,
    readings,
    state,
)


def heartbeat(offset: str, at: int = NOW) -> bytes:
    return b'agent version="0.1.0",clock_offset_ms=%s,uptime_s=60i %d' % (offset.encode(), at)


def clock(desk: Desk) -> ClockVerdict:
    (school,) = desk.books.live.picture(NOW, desk.books.door.opening()).schools
    return school.agents[0].clock


@pytest.mark.parametrize(
    ("offset_ms", "state"),
    [
        (0.0, "fine"),
        (1_000.0, "fine"),
        (1_000.1, "warn"),
        (-1_000.1, "warn"),
        (5_000.0, "warn"),
        (5_000.1, "bad"),
        (-3_600_000.0, "bad"),
    ],
)
def test_over_one_second_is_a_warning_and_over_five_is_bad(offset_ms: float, state: str) -> None:
    assert clock_verdict(ClockReport(offset_ms, checked=True), NOW).state == state


def test_a_clock_that_nobody_checked_is_unknown_whatever_it_says() -> None:
    assert clock_verdict(ClockReport(9_000.0, checked=False), NOW).state == "unknown"


def test_it_is_off_since_it_was_first_said_to_be() -> None:
    bad = clock_verdict(ClockReport(6_000.0, checked=True), NOW)
    still = clock_verdict(ClockReport(7_000.0, checked=True), NOW + SECOND, bad)
    assert still == ClockVerdict("bad", 7_000.0, NOW)
    fine = clock_verdict(ClockReport(1.0, checked=True), NOW + 2 * SECOND, still)
    assert fine == ClockVerdict("fine", 1.0, NOW + 2 * SECOND)


def test_the_last_heartbeat_counts_and_what_only_looks_like_one_does_not() -> None:
    lines = [
        heartbeat("6000.5"),
        b"agents clock_offset_ms=1 1",
        b'agent,agent=host clock_offset_ms=-7.25,version="clock_offset_ms=9" 2',
        b'agent version="clock_offset_ms=8" 3',
        b"agent clock_offset_ms=true 4",
        b"cpu clock_offset_ms=5 5",
    ]
    assert reported(lines) == ClockReport(-7.25, checked=True)
    assert reported(lines[3:]) is None


async def test_a_heartbeat_says_it_between_births_and_the_next_birth_too(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch(A, 1, [heartbeat("6000.5")])))
    assert clock(desk) == ClockVerdict("bad", 6000.5, NOW)
    unchecked = birth()
    await desk.take(state(unchecked))
    assert clock(desk).state == "unknown"
    await desk.take(readings(batch(A, 2, [heartbeat("-1500")])))
    assert (clock(desk).state, clock(desk).offset_ms) == ("warn", -1500.0)
    told = msgspec.structs.replace(birth(no=2), clock=ClockReport(3.0, checked=True))
    await desk.take(state(told))
    assert (clock(desk).state, clock(desk).offset_ms) == ("fine", 3.0)
    again = open_desk(tmp_path)
    assert clock(again).state == "fine"


async def test_a_late_heartbeat_says_nothing_of_the_present(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch(A, 1, [heartbeat("6000", NOW - 121 * SECOND)])))
    assert clock(desk) == NOT_KNOWN
    await desk.take(readings(batch(A, 2, [heartbeat("2")])))
    assert clock(desk).state == "fine"


async def test_when_it_was_received_is_kept_whatever_the_agents_clock_says(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    wrong = NOW - 7_200 * SECOND
    await desk.take(
        readings(batch(A, 1, [heartbeat("0", wrong)])),
        events_of(event_batch(A, 1, event("link_down", at=wrong))),
    )
    desk.clock.at += SECOND
    await desk.take(readings(batch(A, 2, [heartbeat("0", wrong + 1)])))
    assert [(r["at"], r["received"]) for r in desk.audited("link_down")] == [(wrong, NOW)]
    key = LaneKey(WHO, A, "readings")
    row = desk.books.ledger.rows([key])[key]
    assert (row.first_at, row.last_at) == (NOW, NOW + SECOND)
