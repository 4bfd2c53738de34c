"""How many programs the machine runs, by what they wait for.

Source: /proc/PID/stat, of which two numbers are kept; whose programs they are, and what they are
called, is not looked at. `blocked` ones wait for a disk, `zombies` for a parent that forgot them.
Watch it work: schoolwatch agent probe processes
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.errors import NotPermitted, TargetUnreachable
from core.threads import OneAtATime
from core.types import Reading, Value

PROC: Final = Path("/proc")

STATES: Final = {
    "R": "running",
    "S": "sleeping",
    "I": "idle",
    "D": "blocked",
    "Z": "zombies",
    "X": "dead",
    "T": "stopped",
    "t": "stopped",
}
"""proc(5) on the third word of stat, and Telegraf's names; any other letter is `unknown`."""

STATE, THREADS = 0, 17
"""Places of the two words, counted after the program's name in brackets."""

HIDDEN: Final = (
    "the system shows this process only its own (/proc is mounted with hidepid); to count all, "
    "let the agent's group see them: mount -o remount,gid=GROUP /proc"
)


def _stats() -> list[str]:
    """Return the stat line of every process; raises NotPermitted where some are hidden."""
    found = []
    if not PROC.is_dir():
        raise TargetUnreachable(f"processes are counted in {PROC}, which this system lacks")
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            try:
                found.append((folder / "stat").read_text(errors="replace"))
            except PermissionError:
                raise NotPermitted(HIDDEN) from None
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
    if not any(line.startswith("1 ") for line in found):  # there is always a first one
        raise NotPermitted(HIDDEN)
    return found


@probes.add("processes")
@dataclass(frozen=True, slots=True)
class ProcessesProbe:
    """Counts of processes, in one reading (Linux)."""

    INTERVAL_S: ClassVar[float] = 60.0

    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 10.0
    stats: Callable[[], Iterable[str]] = field(default=_stats, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    threads: OneAtATime = field(default_factory=OneAtATime, metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading; raises NotPermitted where the system hides what others run."""
        lines = await self.threads.call("processes", self.stats, self.timeout_s)
        return [Reading("processes", counts(lines), self.now())]


def counts(lines: Iterable[str]) -> dict[str, Value]:
    """Return how many of the stat *lines* are in each state, and the threads of them all."""
    states: Counter[str] = Counter()
    threads = 0
    for line in lines:
        # A program may call itself anything, with blanks and brackets in it.
        words = line.rpartition(")")[2].split()
        states[STATES.get(words[STATE], "unknown")] += 1
        threads += int(words[THREADS])
    names = [*dict.fromkeys(STATES.values()), "unknown"]
    fields: dict[str, Value] = {name: states[name] for name in names}
    return fields | {"total": states.total(), "total_threads": threads}
