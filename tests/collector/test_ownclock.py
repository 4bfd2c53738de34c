"""The collector's time while its machine's clock is set: timelines of two clocks."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector.clockwatch import ClockWatch
from collector.ownclock import BELIEVED_AFTER, LENIENT_FOR, Change, OwnClock
from core.clock import SECOND
from tests.collector.desk import open_desk
from tests.collector.making import A, Clock, batch, birth, event, event_batch, events_of, readings
from tests.collector.making import state as stated

AT = 1_795_374_585 * SECOND
DAY = 86_400 * SECOND


@dataclass
class Machine:
    """`wall` is what somebody set, `boot` what has passed; `time` looks at both."""

    wall: int = AT
    boot: int = 100 * SECOND
    time: OwnClock = field(init=False)

    def __post_init__(self) -> None:
        self.time = OwnClock(lambda: self.wall, lambda: self.boot)

    def passes(self, ns: int) -> list[Change]:
        """Let time pass, with a look each second of the first and the last."""
        found: list[Change] = []
        for part in (SECOND, ns - 2 * SECOND, SECOND):
            self.wall += part
            self.boot += part
            found += self.time.look()
        return found


def test_without_a_step_it_is_the_machines_clock_and_drift_is_followed() -> None:
    m = Machine()
    for _ in range(100):
        m.wall += SECOND // 10
        assert m.passes(60 * SECOND) == []
        assert m.time.now() == m.time.told() == m.wall


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_a_step_that_is_undone_reaches_nobody(by: int) -> None:
    m = Machine()
    m.wall += by
    assert m.time.now() == AT, "seen before anybody looks"
    assert m.passes(BELIEVED_AFTER // 2) == [Change("set", by)]
    assert (m.time.now(), m.time.told()) == (AT + BELIEVED_AFTER // 2, 0)
    m.wall -= by
    assert m.passes(60 * SECOND) == [Change("undone", by)]
    assert m.time.now() == m.time.told() == m.wall
    assert m.time.leeway() == 0


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_a_step_that_lasts_is_believed(by: int) -> None:
    m = Machine()
    m.wall += by
    assert m.passes(BELIEVED_AFTER + 3 * SECOND) == [Change("set", by), Change("believed", by)]
    assert m.time.now() == m.time.told() == m.wall


def test_a_clock_that_is_set_again_has_to_stand_anew() -> None:
    m = Machine()
    m.wall += DAY
    m.passes(BELIEVED_AFTER // 2)
    m.wall += DAY
    assert m.passes(BELIEVED_AFTER * 3 // 4) == [Change("set", DAY)]
    assert m.passes(BELIEVED_AFTER) == [Change("believed", 2 * DAY)]


def test_a_machine_that_wakes_in_1970_is_believed_as_soon_as_its_clock_is_set() -> None:
    m = Machine(wall=DAY)
    m.wall = AT
    changes = m.passes(3 * SECOND)
    assert [change.what for change in changes] == ["set", "believed"]
    assert m.time.now() == m.wall


def test_what_was_right_before_the_clock_was_set_back_is_right_for_a_day() -> None:
    m = Machine()
    m.wall -= DAY
    m.passes(BELIEVED_AFTER + 3 * SECOND)
    assert m.time.leeway() == DAY
    m.passes(LENIENT_FOR)
    assert m.time.leeway() == 0


def test_while_it_is_in_doubt_what_the_machine_says_may_be_right_too() -> None:
    m = Machine()
    m.wall += DAY
    m.passes(BELIEVED_AFTER // 2)
    assert m.time.leeway() == DAY
    m.passes(BELIEVED_AFTER)
    assert m.time.leeway() == 0


async def test_readings_and_events_within_the_leeway_are_taken(tmp_path: Path) -> None:
    for leeway, stored in ((0, 0), (DAY, 1)):
        clock = Clock()
        desk = open_desk(tmp_path / str(leeway), clock, leeway=lambda: leeway)  # noqa: B023
        ahead = clock() + DAY
        await desk.take(
            readings(batch(A, 1, [b"mem used=1i %d" % ahead])),
            events_of(event_batch(A, 1, event(at=ahead))),
        )
        assert len(desk.stored()) == len(desk.audited("link_down")) == stored
        assert len(desk.letters()) == 2 - 2 * stored


@pytest.mark.parametrize("by", [DAY, -DAY])
async def test_a_believed_step_is_in_the_audit_log_and_moves_what_was_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, by: int
) -> None:
    m, clock = Machine(), Clock(AT)
    desk = open_desk(tmp_path, clock)
    await desk.take(stated(birth(A)))
    watch = ClockWatch("d1", m.time, desk.books)
    m.wall += by
    for _ in range(3):
        await watch.look()
        m.wall += BELIEVED_AFTER
        m.boot += BELIEVED_AFTER
    told = [(r["kind"], r["active"]) for r in desk.audited("clock_step", "clock_back")]
    back = [("clock_back", True), ("clock_back", False)] if by < 0 else []
    assert told == [("clock_step", True), ("clock_step", False), *back]
    assert "was set by" in caplog.text
    (heard,) = desk.books.live.changed().values()
    assert heard.last_arrival == heard.changed_at == AT + by


async def test_after_a_start_nobody_was_heard_of_later_than_now(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, Clock(AT + DAY))
    await desk.take(stated(birth(A)), readings(batch(A, 1)))
    desk.books.ledger.keep_known(desk.books.live.changed())
    desk.books.ledger.close()
    after = open_desk(tmp_path, Clock(AT))
    (agent,) = after.books.live.agents()
    assert after.books.live.state(agent).known.last_arrival == AT


async def test_a_clock_that_was_set_back_while_nothing_ran_is_in_the_audit_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(tmp_path, Clock(AT + DAY))
    await desk.take(stated(birth(A)), events_of(event_batch()))
    desk.books.ledger.close()
    m = Machine()
    after = open_desk(tmp_path, Clock(AT))
    for _ in range(2):
        await ClockWatch("d1", m.time, after.books).look()
    told = after.audited("clock_back")
    assert [(r["agent"], r["active"]) for r in told] == [
        ("collector/d1", True),
        ("collector/d1", False),
    ]
    assert told[0]["details"] == {"corrected_ms": -DAY // 1_000_000}
    assert "86400 s behind the last record" in caplog.text
