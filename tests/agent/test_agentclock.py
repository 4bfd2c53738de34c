"""Steps, checks and corrections: timelines of two clocks that a test sets."""

from dataclasses import dataclass, field

from agent.agentclock import CHECK_HOLDS, AgentClock
from core.clock import SECOND, boottime

AT = 1_795_374_585 * SECOND
HOUR = 3600 * SECOND


@dataclass
class Machine:
    """`wall` is what somebody set, `boot` what has passed; `time` looks at both."""

    wall: int = AT
    boot: int = 100 * SECOND
    time: AgentClock = field(init=False)

    def __post_init__(self) -> None:
        self.time = AgentClock(lambda: self.wall, lambda: self.boot)

    def passes(self, ns: int) -> None:
        self.wall += ns
        self.boot += ns

    def check(self, now: int, either_way: int = SECOND // 10) -> int:
        return self.time.check(now - either_way, now + either_way)


def test_a_check_that_agrees_changes_nothing_and_makes_it_checked() -> None:
    m = Machine()
    assert m.time.unchecked()
    assert m.check(AT + SECOND // 20) == 0
    assert not m.time.unchecked()
    assert m.time.now() == AT
    assert m.time.offset_ms() == 0.0


def test_a_machine_that_wakes_in_1970_follows_the_clock_that_ntp_sets() -> None:
    m = Machine(wall=HOUR)
    m.wall = AT
    assert m.time.look() == AT - HOUR
    assert m.time.now() == AT
    assert m.time.unchecked()
    assert m.time.restarts == 0


def test_after_a_check_no_step_reaches_the_readings() -> None:
    m = Machine()
    m.check(AT)
    m.wall += HOUR
    m.passes(SECOND)
    assert m.time.now() == AT + SECOND
    assert m.time.unchecked(), "seen before anybody looks"
    assert m.time.look() == HOUR
    assert m.time.unchecked()

    assert m.check(AT + SECOND) == 0
    assert not m.time.unchecked()
    assert m.time.offset_ms() == 3_600_000.0


def test_slewing_and_drift_are_no_steps() -> None:
    m = Machine()
    m.check(AT)
    for _ in range(100):
        m.wall += SECOND // 10
        assert m.time.look() == 0
    assert not m.time.unchecked()


def test_a_large_correction_is_believed_when_the_next_check_agrees() -> None:
    m = Machine(wall=AT + HOUR)
    assert m.check(AT) == -HOUR
    assert m.time.now() == AT
    assert m.time.restarts == 1
    assert m.time.unchecked()

    m.passes(30 * SECOND)
    assert m.check(AT + 30 * SECOND) == 0
    assert not m.time.unchecked()


def test_a_small_correction_back_restarts_nothing() -> None:
    m = Machine(wall=AT + SECOND // 2)
    assert m.check(AT) == -SECOND // 2
    assert not m.time.unchecked()
    assert m.time.restarts == 0


def test_a_step_back_that_is_followed_restarts_the_series() -> None:
    m = Machine()
    m.wall -= HOUR
    m.time.look()
    assert m.time.restarts == 1


def test_a_check_holds_for_a_day() -> None:
    m = Machine()
    m.check(AT)
    m.passes(CHECK_HOLDS)
    m.time.look()
    assert not m.time.unchecked()
    m.passes(SECOND)
    assert m.time.unchecked()
    assert m.time.known


def test_the_real_clocks_agree_with_each_other() -> None:
    real = AgentClock()
    assert real.look() == 0
    assert boottime() <= real.boot()
    assert real.unchecked()
