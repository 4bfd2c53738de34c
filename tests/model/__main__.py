"""Explores the model for as long as one likes, with other schedules every time.

python -m tests.model 50000

A schedule that breaks a statement is shrunk, printed, and ends the run with a traceback. The suite
plays the same schedules every time, so that it fails for a change and not by chance.
"""

import logging
import sys

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Protocol

EXAMPLES = 3_000


def main(words: list[str]) -> None:
    """Play as many schedules as the first word says."""
    logging.disable(logging.CRITICAL)  # the programs log every fault
    long = settings(
        max_examples=int(words[0]) if words else EXAMPLES,
        stateful_step_count=60,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(Protocol, settings=long)


if __name__ == "__main__":
    main(sys.argv[1:])
