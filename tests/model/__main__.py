"""Explores the model for as long as one likes, with other schedules every time.

python -m tests.model 50000

A schedule that breaks a statement is shrunk, printed, and ends the run with a traceback. What the
suite plays with every run are always the same ones, so that it fails for a change and not by
chance; its slow part plays new ones for some minutes.
"""

import logging
import sys

from tests.model.explore import rounds

SCHEDULES = 3_000


def main(words: list[str]) -> None:
    """Play at least as many schedules as the first word says."""
    logging.disable(logging.CRITICAL)  # the programs log every fault
    wanted = int(words[0]) if words else SCHEDULES
    next(played for played in rounds() if played >= wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
