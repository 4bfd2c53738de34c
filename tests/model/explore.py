"""Schedules that nobody has played yet."""

from collections.abc import Iterator
from itertools import count

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Protocol

ROUND = 100
"""Schedules of one run of hypothesis, which remembers every choice of it in memory."""
NEW = settings(
    max_examples=ROUND,
    stateful_step_count=60,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


def rounds() -> Iterator[int]:
    """Play round after round, other schedules every time; return how many were played.

    One that breaks a statement is shrunk and raised: the traceback has it as calls of the machine,
    and as a blob for `reproduce_failure`.
    """
    for number in count(1):
        run_state_machine_as_test(Protocol, settings=NEW)
        yield number * ROUND
