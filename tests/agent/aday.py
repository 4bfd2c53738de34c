"""The agent of a file, whose schedule never waits: a day of rounds in minutes.

    python -m tests.agent.aday agent.toml ROUNDS [--leak memory|files|threads]

Everything is the real agent's: probes, schedule, recorder, filter, spool, uplink. Only the waiting
of the schedule is another: until the round under way has ended, instead of until the next is due;
and the clocks by which a probe waits or forgets go on by ten seconds a round.
After each tenth of the rounds all probes rest until the broker has everything, and one line of JSON
says what /proc tells of this process then.
"""

import argparse
import asyncio
import ctypes
import gc
import json
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TypeVar

import agent.schedule
from agent.app import Agent, build
from agent.config import read_agent
from agent.schedule import Job
from agent.spool import Spool
from core import clock
from core.types import Reading

T = TypeVar("T", int, float)

TENTHS: Final = 10
ROUND_S: Final = 10
SETTLE_S: Final = 60.0
LEAKED_BYTES: Final = 100 - sys.getsizeof(b"")
"""With the object's own head it makes 100."""
SELDOM: Final = 432
"""Rounds from one leaked file or thread to the next: twenty in a day."""


class Rounds:
    """Counts the rounds of each probe, and holds all of them together after each tenth."""

    def __init__(self, words: list[str], rounds: int) -> None:
        self.tenth = rounds // TENTHS
        self.done = Counter[str]()
        self.together = asyncio.Barrier(len(words) + 1)

    def later(self, word: str, read: Callable[[], T], a_round: int) -> Callable[[], T]:
        """Return a clock that is *a_round* later with each round of a probe."""
        return lambda: read() + a_round * self.done[word]

    async def sleep(self, _seconds: float) -> None:
        """Wait in the place of the schedule's own waiting, in the task of one probe."""
        task = asyncio.current_task()
        word = task.get_name().removeprefix("schedule of ") if task else ""
        running = [one for one in asyncio.all_tasks() if one.get_name() == f"probe {word}"]
        if not running:
            return  # the first round is still to come
        await asyncio.wait(running)
        self.done[word] += 1
        if not self.done[word] % self.tenth:
            await self.together.wait()  # until all are there, and the look begins
            await self.together.wait()  # until it is over


@dataclass(slots=True)
class Leaking:
    """A probe that keeps 100 bytes of every round, or a file or a thread of every few."""

    probe: Any
    what: str
    kept: list[object] = field(default_factory=list)
    rounds: int = 0

    async def measure(self) -> list[Reading]:
        """Return what the probe does, and lose something."""
        self.rounds += 1
        if self.what == "memory":
            self.kept.append(bytes(LEAKED_BYTES))
        elif self.rounds % SELDOM == 0 and self.what == "files":
            self.kept.append(os.open(os.devnull, os.O_RDONLY))
        elif self.rounds % SELDOM == 0:
            threading.Thread(target=threading.Event().wait, daemon=True).start()
        return list(await self.probe.measure())


def prepared(job: Job, turns: Rounds, ports: dict[str, int], leak: str) -> Job:
    """Return *job* with what no file can set: its server's port, and clocks that pass a day."""
    probe: Any = job.probe
    set_here: dict[str, Any] = {}
    if job.word in ports:
        set_here["port"] = ports[job.word]
    # What is kept of a time, or done again after a time, would be kept or not done here.
    for name, second in (("monotonic", 1), ("boottime", clock.SECOND)):
        if hasattr(probe, name):
            set_here[name] = turns.later(job.word, getattr(probe, name), ROUND_S * second)
    probe = replace(probe, **set_here)
    return replace(job, probe=Leaking(probe, leak) if leak and job.word == "mem" else probe)


async def look(running: Agent) -> dict[str, int]:
    """Return what /proc says once nothing is on its way any more; everything in bytes."""
    async with asyncio.timeout(SETTLE_S):
        # Twice, a second and more apart: what the recorder holds is in no batch yet.
        for _ in range(2):
            await asyncio.sleep(1.5)
            while (await running.spool.call(Spool.size))[0]:
                await asyncio.sleep(0.2)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    rollup = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    memory = {line.split(":")[0]: 1024 * int(line.split()[1]) for line in rollup}
    return {
        # What a leak takes: not the files of Python, which others map too or the kernel gives up.
        "memory": memory["Anonymous"] + memory["Swap"] + memory["Pss_Shmem"],
        "rss": memory["Rss"],
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
    }


async def main(file: Path, rounds: int, ports: dict[str, int], leak: str) -> None:
    """Run all rounds, and tell after each tenth."""
    running = build(read_agent(file))
    schedule = running.schedule
    turns = Rounds([job.word for job in schedule.jobs], rounds)
    schedule.jobs = [prepared(job, turns, ports, leak) for job in schedule.jobs]
    hurried = SimpleNamespace(**vars(asyncio) | {"sleep": turns.sleep})
    vars(agent.schedule)["asyncio"] = hurried
    life = asyncio.create_task(running.run())
    telling = asyncio.create_task(tell(running, turns))
    await asyncio.wait([life, telling], return_when=asyncio.FIRST_COMPLETED)
    running.stopping.set()
    await life
    await telling


async def tell(running: Agent, turns: Rounds) -> None:
    """Write a line for each tenth of the rounds."""
    counters = running.schedule.counters
    for tenth in range(1, TENTHS + 1):
        await turns.together.wait()
        told = await look(running)
        told |= {"rounds": tenth * turns.tenth, "errors": counters.probe_errors}
        told |= {"refused": counters.readings_refused + running.recorder.refused}
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        if tenth < TENTHS:
            await turns.together.wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    parser = argparse.ArgumentParser(description="A day of rounds, as fast as they go.")
    parser.add_argument("file", type=Path)
    parser.add_argument("rounds", type=int)
    parser.add_argument("--ports", type=json.loads, default={}, help="of the servers of a probe")
    parser.add_argument("--leak", choices=("memory", "files", "threads"), default="")
    told = parser.parse_args()
    asyncio.run(main(told.file, told.rounds, told.ports, told.leak))
