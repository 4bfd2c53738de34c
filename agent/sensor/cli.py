"""`schoolwatch sensor …`: what the agent starts, and what reads captures."""

import sys
from collections.abc import Sequence

HELP = """\
schoolwatch sensor — attacks on a school's network

  schoolwatch sensor run   the process that the agent starts where [sensor] names an interface
"""


def main(words: Sequence[str]) -> int:
    """Run the command that *words* name; returns the exit code."""
    match words[:1]:
        case ["run"]:
            from agent.sensor.live import main as live_main  # noqa: PLC0415

            return live_main(words[1:])
        case [] | ["--help"] | ["-h"]:
            sys.stdout.write(HELP)
            return 0 if words else 2
        case _:
            sys.stderr.write(f"schoolwatch sensor has no command {words[0]!r}.\n\n{HELP}")
            return 2
