"""`schoolwatch sensor …`: what attacks a network, from a capture or an interface."""

import importlib
import sys
from collections.abc import Sequence
from typing import Final

COMMANDS: Final = {"read": "agent.sensor.readcli", "run": "agent.sensor.live"}
"""The modules of the commands; each has `main(words)`."""

HELP: Final = """\
schoolwatch sensor — what attacks a school's network, seen from inside it

  schoolwatch sensor read FILE…    what a capture shows: one line for each attack, --json for
                                   programs, --explain for why
  schoolwatch sensor run           the process that the agent starts where [sensor] says so
"""


def main(words: Sequence[str]) -> int:
    """Run the command that *words* name; returns the exit code."""
    match words[:1]:
        case [word] if word in COMMANDS:
            module = importlib.import_module(COMMANDS[word])
            return int(module.main(words[1:]))
        case [] | ["--help"] | ["-h"]:
            sys.stdout.write(HELP)
            return 0 if words else 2
        case _:
            sys.stderr.write(f"schoolwatch sensor has no command {words[0]!r}.\n\n{HELP}")
            return 2
