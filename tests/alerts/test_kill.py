"""kill -9 between every two steps of an alert's life: nothing is lost, and a copy says so."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.alertkinds import DELIVERED, RAISED, TOLD
from core.clock import SECOND
from core.types import Event
from tests.alerts.fused import FusedStage, Says, Step, Waits, check_copies, opened, survive
from tests.alerts.test_recorded import recorded
from tests.chance import examples
from tests.collector.making import NOW


def said(kind: str, seconds: int, *, active: bool = True, port: int = 5) -> Event:
    return Event(kind, "switch-2", f"switch-2/port-{port}", active, NOW + seconds * SECOND)


def life(kind: str) -> list[Step]:
    """An alert that begins at once or after its hold, and ends a minute later."""
    return [
        Says(1, said(kind, 0)),
        Waits(NOW + 40 * SECOND),
        Says(2, said(kind, 60, active=False)),
        Waits(NOW + 100 * SECOND),
    ]


def lives(stage: FusedStage, kind: str) -> None:
    """Hold that the receiver heard once of the beginning and once of the end, in that order."""
    check_copies(stage.copies)
    first = {copy.number: copy.reason for copy in reversed(stage.copies)}
    assert [first[n] for n in sorted(first)] == ["FIRST", "ALL_RESOLVED"]
    assert {copy.rules for copy in stage.copies} == {(kind,)}
    order = list(dict.fromkeys(copy.number for copy in stage.copies))
    assert order == [1, 2], "the end overtook the beginning"
    assert stage.on_the_way() == []
    recorded_once(stage, [*range(1, 3)])


def recorded_once(stage: FusedStage, messages: list[int]) -> None:
    """Hold that the audit log has each state and each message once, whatever was done again."""
    stage.journal.sync()
    lines = recorded(stage.folder)
    assert [(one["active"], one["subject"]) for one in lines if one["kind"] == RAISED] == [
        (True, "alert/1"),
        (False, "alert/1"),
    ]
    for kind in (TOLD, DELIVERED):
        assert [one["subject"] for one in lines if one["kind"] == kind] == [
            f"message/{number}" for number in messages
        ]


@pytest.mark.parametrize("kind", ["spool_dropping", "link_down"])
def test_a_kill_at_any_step_loses_nothing_and_repeats_nothing_unmarked(
    kind: str, tmp_path: Path
) -> None:
    repeats = 0
    for step in range(1, 1_000):
        stage = opened(tmp_path / f"{step}")
        stage.begin(step)
        survive(stage, *life(kind))
        lives(stage, kind)
        repeats += len(stage.copies) - 2
        stage.ledger.close()
        if stage.fuse.left:
            break
    assert step > 10
    assert repeats > 0, "no kill fell between the call and its record"


KINDS_OF_STEP = st.sampled_from(["on", "off", "wait", "kill"])
STEPS = st.lists(st.tuples(KINDS_OF_STEP, st.integers(5, 6), st.integers(1, 90)), max_size=14)


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS, st.sampled_from(["spool_dropping", "link_down"]))
def test_every_alert_begins_once_and_ends_once_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], kind: str
) -> None:
    stage = opened(tmp_path_factory.mktemp("life") / "d1")
    seq, at = 0, 0
    for what, port, number in steps:
        if what == "kill":
            stage.begin(number % 12 + 1)
            continue
        at += number
        survive(stage, Waits(NOW + at * SECOND))
        if what != "wait":
            seq += 1
            survive(stage, Says(seq, said(kind, at, active=what == "on", port=port)))
    survive(stage, Waits(NOW + (at + 700) * SECOND))
    check_copies(stage.copies)
    check_told(stage)
    stage.ledger.close()


def check_told(stage: FusedStage) -> None:
    """Hold that each alert that fired was told once, once more when it ended, and not else."""
    told: dict[int, list[str]] = {}
    for message in stage.messages_made():
        for telling in message.alerts:
            told.setdefault(telling.alert.number, []).append(message.reason)
    with stage.ledger.transaction() as db:
        query = "SELECT number, state FROM alert WHERE fired_at > 0"
        states = dict(db.execute(query).fetchall())
    wanted = {"firing": ["FIRST"], "ended": ["FIRST", "ALL_RESOLVED"]}
    assert told == {number: wanted[state] for number, state in states.items()}
    assert stage.on_the_way() == []
