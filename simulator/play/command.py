"""`schoolwatch simulate run`: the play as a command, from its options to its last word."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from core import clock
from core.clock import SECOND
from core.errors import StartError
from core.lock import hold
from core.mqtt.configured import broker_of
from core.stopping import at_signal
from simulator.course import course_of
from simulator.faults import Troubles
from simulator.play.pace import Pace
from simulator.play.parts import WHOLE, Children, Part, processes_for
from simulator.play.played import Settings
from simulator.play.playing import Playing, Progress, Told
from simulator.roster import write_roster
from simulator.scenario import Scenario
from simulator.truthfile import truth, write_truth

LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Run:
    """What is played: from `start` (ns) on at `speed`, for `length_s` at the most where not 0."""

    scenario: Scenario
    folder: Path
    start: int
    speed: float
    seal_after_s: float
    length_s: float = 0.0
    until_now: bool = False
    roster: Path | None = None
    truth: Path | None = None
    part: Part = WHOLE


def run(asked: Run, words: list[str]) -> dict[str, Any]:
    """Play until told to stop, and return what came of it; *words* start a part of it alone.

    Raises StartError where another play uses the folder, or a part of this one failed.
    """
    schools = asked.scenario.schools()
    if asked.roster:
        write_roster(asked.roster, schools)
    several = processes_for(schools) if asked.part == WHOLE else 1
    lock = f"simulate-{asked.part.number}.lock" if asked.part != WHOLE else "simulate.lock"
    with hold(asked.folder / lock, "schoolwatch simulate run", "--folder"):
        if several > 1:
            done = asyncio.run(_apart(asked, Children(words, several)))
        else:
            done = asyncio.run(_alone(asked))
    if asked.truth:
        _write_truth(asked)
    return done


async def _alone(asked: Run) -> dict[str, Any]:
    schools, days = asked.scenario.schools(), asked.scenario.calendar()
    troubles = Troubles(asked.scenario, schools, days, asked.start // SECOND)
    broker = broker_of(asked.scenario.broker)
    within = asked.scenario.broker.reconnect_within_s
    settings = Settings(asked.folder, broker, asked.seal_after_s, within)
    pace = Pace(asked.start, asked.speed)
    playing = Playing(asked.part.schools(schools), troubles, days, pace, settings)
    stopping = asyncio.Event()
    at_signal(stopping)
    watching = asyncio.create_task(_end(asked, stopping))
    with shown(days.local) as told:
        end = await playing.run(stopping, told, until_now=asked.until_now)
    watching.cancel()
    return {"agents": end.agents, "readings": end.readings, "waiting": end.waiting}


async def _end(asked: Run, stopping: asyncio.Event) -> None:
    """Set *stopping* when the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(asked.length_s or None):
            await stopping.wait()
    stopping.set()


async def _apart(asked: Run, children: Children) -> dict[str, Any]:
    stopping = asyncio.Event()
    at_signal(stopping)
    children.start()
    while not children.over():
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await stopping.wait()
                break
    done = await asyncio.to_thread(children.stop)
    if children.failed():
        raise StartError("a process of the play failed; what it said stands above")
    return done


def _write_truth(asked: Run) -> None:
    schools, days = asked.scenario.schools(), asked.scenario.calendar()
    start, stop = asked.start // SECOND, clock.now() // SECOND
    troubles = Troubles(asked.scenario, schools, days, start)
    courses = [course_of(troubles, school, days, start, stop) for school in schools]
    write_truth(asked.truth or Path(), truth(courses, days, start, stop))


@contextmanager
def shown(local: Any) -> Iterator[Told]:
    """Show how far the play is, where somebody looks on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("playing", total=None)

        def told(now: Progress) -> None:
            there = local(now.played / SECOND).strftime("%Y-%m-%d %H:%M:%S")
            bar.update(
                task,
                description=f"{there}  {now.connected} of {now.agents} agents connected, "
                f"{now.agents - now.alive} off, {now.waiting} batches wait, "
                f"{now.readings:,} readings",
            )

        yield told
