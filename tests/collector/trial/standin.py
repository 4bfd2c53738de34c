"""A trial of small shell scripts, run as a process of its own so that tests can send it signals.

python -m tests.collector.trial.standin FOLDER PATIENCE NAME=KIND…
"""

import sys
from pathlib import Path

from collector.trial.children import Part
from collector.trial.supervise import Wish, supervise
from collector.trial.terminal import say
from core.errors import MonitorError

WAIT = "while :; do sleep 0.05; done"
KINDS = {
    "good": "trap 'echo {name} >>stopped; exit 0' TERM; touch {name}.up; " + WAIT,
    "deaf": "trap '' TERM; touch {name}.up; " + WAIT,
    "slow": "echo still thinking; " + WAIT,
    "dying": "echo the disk is full; exit 3",
}


def part(folder: Path, name: str, kind: str) -> Part:
    script = f"cd '{folder}'; echo $$ >{name}.pid; {KINDS[kind].format(name=name)}"
    up = folder / f"{name}.up"
    return Part(name, ["/bin/sh", "-c", script], folder / f"{name}.log", lambda _: up.exists())


def all_up(folder: Path) -> None:
    say("all up")
    (folder / "all up").touch()


def main(folder: Path, patience: float, *words: str) -> int:
    wish = Wish()
    wish.listen()
    parts = [part(folder, *word.split("=")) for word in words]
    try:
        supervise(parts, wish, say, lambda: all_up(folder), patience)
    except MonitorError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]))
