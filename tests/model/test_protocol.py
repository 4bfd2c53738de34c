"""Random schedules of faults against the real programs (docs/decisions/004-the-model.md)."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chance import examples
from tests.model.machine import Protocol, only
from tests.model.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
QUICK = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    # Shrinking makes a counterexample short; that there is one is enough here.
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
LONG = settings(QUICK, max_examples=800, stateful_step_count=60)
BROKEN = (
    "nowhere|still not delivered|no reason for|no new epoch|two contents"
    "|sealed after a conflict|window stays closed|not delivered at once|still expected"
    "|differs from the audit log|stands in the place|twice in the audit log|is no record"
    "|that the audit log has not|no points of|the start refuses"
)
"""What the statements say where they do not hold (tests/model/world.py, tests/model/ghost.py)."""


RARE = {
    "a_birth_takes_back_the_request",
    "nothing_is_sent_again",
    "nothing_is_sent_again_after_a_reconnect",
    "what_is_parked_stays_parked",
}
"""Mutants that are found only after many schedules: for --slow."""


def mutated(mutant: Mutant) -> object:
    name = mutant.take_out.__name__
    return pytest.param(mutant, id=name, marks=[pytest.mark.slow] if name in RARE else [])


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The programs log every fault, and nothing else happens here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_no_schedule_of_faults_loses_a_reading() -> None:
    drawn = settings(QUICK, max_examples=examples(QUICK.max_examples))
    run_state_machine_as_test(Protocol, settings=drawn)


@pytest.mark.slow
def test_no_longer_schedule_of_faults_loses_a_reading() -> None:
    """The same schedules each time; `python -m tests.model` plays new ones.

    In a process of its own: Hypothesis also draws from the constants of every module that happens
    to be loaded.
    """
    played = (
        "import logging; logging.disable(logging.CRITICAL);"
        "from hypothesis.stateful import run_state_machine_as_test as run;"
        "from tests.model.test_protocol import LONG, Protocol; run(Protocol, settings=LONG)"
    )
    done = subprocess.run(
        [sys.executable, "-c", played], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("faults", sorted({m.faults for m in MUTANTS if m.faults}), ids="+".join)
def test_with_every_rule_in_place_the_faults_that_show_a_mutant_break_nothing(
    faults: tuple[str, ...],
) -> None:
    run_state_machine_as_test(only(*faults), settings=QUICK)


@pytest.mark.parametrize("mutant", [mutated(one) for one in MUTANTS])
def test_the_model_finds_what_breaks_without_the_rule(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.take_out(monkeypatch)
    machine = only(*mutant.faults) if mutant.faults else Protocol
    with pytest.raises(AssertionError, match=BROKEN):
        run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=400))
