"""What the last word of an agent is, whatever order the words come in."""

import pytest

from collector import births
from collector.births import AgentState
from collector.ranges import Ranges
from collector.verdicts import Known
from core.messages import Death, EpochReport
from core.types import LANES, BatchKey
from tests.collector.making import NOW, A, B, C, birth, report


def born(state: AgentState | None = None, **words: object) -> AgentState:
    made = birth(**words)  # type: ignore[arg-type]
    return births.after_birth(state or AgentState(), made, NOW, was_up=False)


def died(state: AgentState, kind: str = "down", epoch: str = A, conn: int = 1) -> AgentState | None:
    return births.after_death(state, Death(kind, epoch, conn), NOW + 1)  # type: ignore[arg-type]


def test_a_will_of_an_earlier_connect_or_process_says_nothing() -> None:
    state = born(conn=4)
    assert died(state, conn=3) is None
    assert died(state, epoch=B, conn=4) is None
    assert died(AgentState()) is None
    assert died(state, conn=4)


def test_a_will_counts_once_and_a_stop_ends_it() -> None:
    dead = died(born())
    assert dead
    assert dead.known == Known(NOW, NOW + 1, dead=True)
    assert died(dead) is None
    stopped = died(dead, "stopped")
    assert stopped
    assert stopped.known.stopped
    assert died(stopped, "stopped") is None
    assert died(stopped) is None, "a will after a stop of the same connect is a broker's echo"


def test_a_batch_of_the_living_epoch_proves_life_after_a_will() -> None:
    dead = died(born())
    assert dead
    alive = births.after_arrival(dead, A, NOW + 2, was_up=False)
    assert alive.known == Known(NOW + 2, NOW + 2)


@pytest.mark.parametrize("kind", ["down", "stopped"])
def test_a_batch_of_an_older_process_proves_nothing(kind: str) -> None:
    state = born(born(epoch=B), epoch=A, no=1)
    gone = died(state, kind)
    assert gone
    assert births.after_arrival(gone, B, NOW + 2, was_up=False) == gone


def test_the_last_batches_of_a_process_that_stopped_do_not_wake_it() -> None:
    stopped = died(born(), "stopped")
    assert stopped
    assert births.after_arrival(stopped, A, NOW + 2, was_up=False) == stopped
    assert not births.after_arrival(stopped, B, NOW + 2, was_up=False).known.stopped


def test_a_birth_that_comes_again_is_a_repeat_unless_it_answers_our_request() -> None:
    state = born(born(born(epoch=A, no=7), epoch=B, no=1), epoch=B, no=2)
    assert births.is_repeat(state, birth(B, no=2), asked=0)
    assert births.is_repeat(state, birth(A, no=7), asked=0)
    assert not births.is_repeat(state, birth(A, no=8), asked=0)
    assert not births.is_repeat(state, birth(C, no=1), asked=0)
    assert not births.is_repeat(state, birth(B, no=2, asked=99), asked=99)
    assert births.is_repeat(state, birth(B, no=2, asked=98), asked=99)


def test_only_some_epochs_are_remembered_and_the_last_is_among_them() -> None:
    state = AgentState()
    for number in range(100):
        state = born(state, epoch=f"{number:016}")
    assert list(state.seen) == [f"{number:016}" for number in range(84, 100)]


def test_an_epoch_is_closed_when_nothing_of_it_is_expected() -> None:
    held = [
        report(A, [(3, 4)]),
        report(A, [(1, 1)], lane="events"),
        report(B, []),
        report(C, [(9, 9)]),
    ]
    state = AgentState(
        birth=birth(C, epochs=held),
        expected={(r.epoch, r.lane): births.held(r) for r in held},
    )
    assert births.closed(state) == [B]
    assert births.has_backlog(state)
    for key in (BatchKey(A, "readings", 3), BatchKey(A, "readings", 4)):
        state = births.after_batch(state, key)
    assert births.closed(state) == [B]
    assert not births.has_backlog(state), "the backlog is of readings"
    state = births.after_batch(state, BatchKey(A, "events", 1))
    assert births.closed(state) == [A, B]
    assert births.waiting(state) == 1


def test_more_than_a_window_of_the_current_epoch_is_a_backlog() -> None:
    for last, expected in ((births.WINDOW, False), (births.WINDOW + 1, True)):
        waits = {(A, "readings"): Ranges.of([(1, last)])}
        state = AgentState(birth=birth(A), expected=waits)  # type: ignore[arg-type]
        assert births.has_backlog(state) is expected


def test_an_epoch_that_the_spool_lists_is_no_new_process() -> None:
    state = born(epoch=B, epochs=[report(A, [(1, 1)])])
    assert [births.is_told_of(state, epoch) for epoch in (A, B, C)] == [True, True, False]
    gone = died(state, epoch=B)
    assert gone
    assert births.after_arrival(gone, A, NOW + 2, was_up=False) == gone
    assert births.after_arrival(gone, C, NOW + 2, was_up=False) != gone


def test_a_batch_that_nobody_waits_for_changes_nothing() -> None:
    state = AgentState(expected={(A, "readings"): Ranges.of([(1, 1)])})
    assert births.after_batch(state, BatchKey(A, "readings", 2)) is state
    assert births.after_batch(state, BatchKey(B, "readings", 1)) is state


@pytest.mark.parametrize(
    "report",
    [
        EpochReport(A, "readings", 10**15),
        EpochReport(A, "readings", -1),
        EpochReport(A, "readings", 5, [3, 2]),
        EpochReport(A, "readings", 5, [0, 2]),
        EpochReport(A, "readings", 5, [1, 10**30]),
        EpochReport(A, "readings", 5, [], [(1, 2, "x" * 101)]),
    ],
)
def test_a_birth_with_impossible_numbers_is_refused(report: EpochReport) -> None:
    assert births.mistake(birth(epochs=[report]))


def test_a_birth_is_refused_for_what_could_not_be_kept() -> None:
    assert births.mistake(birth(no=10**18))
    assert births.mistake(birth(conn=-1))
    assert births.mistake(birth(epochs=[report(f"{n:016}", []) for n in range(201)]))
    both_lanes = [report(f"{n:016}", [], lane=lane) for n in range(200) for lane in LANES]
    assert births.mistake(birth(epochs=both_lanes)) == ""
