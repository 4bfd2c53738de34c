"""A district that is played: every agent is brought up to the played time, again and again."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from core import clock
from core.clock import SECOND
from simulator.course import SchoolCourse, course_of
from simulator.days import Days
from simulator.district import School
from simulator.faults import Troubles
from simulator.machine import Machine
from simulator.play.pace import Pace
from simulator.play.played import Played, Settings
from simulator.wired import check_number, workers_for

TURN_S: Final = 0.5
DAY_S: Final = 86_400
AT_ONCE: Final = 20
"""Agents that do something at the same time."""
LEAVING_S: Final = 3.0
"""One that is told to stop waits for no longer."""
RECEIPTS_S: Final = 30.0
"""At its end a play waits for so long without any receipt, then it is over without the others."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a play is; `played` in ns."""

    played: int
    agents: int
    alive: int
    connected: int
    readings: int
    waiting: int
    """Batches without a receipt, as last counted."""


Told = Callable[[Progress], None]


@dataclass(slots=True)
class Playing:
    """The agents of some schools of a district."""

    schools: list[School]
    troubles: Troubles
    days: Days
    pace: Pace
    settings: Settings
    agents: list[Played] = field(init=False)
    courses: list[SchoolCourse] = field(init=False)
    _waiting: int = 0
    _until: int = 0
    """Until when the courses are known."""
    _workers: list[ThreadPoolExecutor] = field(init=False)

    def __post_init__(self) -> None:
        total = sum(len(school.agents) for school in self.schools)
        check_number(total)
        self._workers = workers_for(total)
        self.courses, self.agents = [], []
        self._look_ahead(self.pace.start // SECOND)
        for course in self.courses:
            for name in course.school.agents:
                worker = self._workers[len(self.agents) % len(self._workers)]
                machine = Machine(course.school, self.days, name)
                self.agents.append(Played(machine, course, self.settings, worker))

    async def run(
        self, stopping: asyncio.Event, told: Told = lambda _: None, *, until_now: bool = False
    ) -> Progress:
        """Play until *stopping* is set; then all agents say that they stop.

        With *until_now* it ends when the present is played, and the collector has all of it that
        can get there. What is told of the end counts the batches that are left in the spools.
        """
        try:
            while not stopping.is_set():
                played = self.pace.played()
                await self._turn(played // SECOND)
                await self._tell(played, told)
                if until_now and self._is_present(played):
                    await self._receipts(RECEIPTS_S, played, told, stopping)
                    break
                await _rest(stopping)
            else:
                await self._receipts(LEAVING_S, self.pace.played(), told)
            end = self.progress(self.pace.played())
        finally:
            await asyncio.gather(*(agent.stop() for agent in self.agents), return_exceptions=True)
            for worker in self._workers:
                worker.shutdown()
        return replace(end, waiting=sum(agent.left for agent in self.agents))

    def progress(self, played: int) -> Progress:
        """Return how far it is at *played*."""
        return Progress(
            played,
            len(self.agents),
            sum(agent.alive for agent in self.agents),
            sum(agent.connected for agent in self.agents),
            sum(agent.readings for agent in self.agents),
            self._waiting,
        )

    def _is_present(self, played: int) -> bool:
        return self.pace.caught_up and played >= self.pace.played() - 5 * SECOND

    async def _receipts(
        self, patience_s: float, played: int, told: Told, stopping: asyncio.Event | None = None
    ) -> None:
        """Measure no more, and wait for the receipts of those who are connected.

        Not for longer than *patience_s* without any, nor once it is *stopping*.
        """
        await asyncio.gather(*(agent.seal() for agent in self.agents))
        least, since = await self._under_way(), clock.monotonic()
        never = asyncio.Event()
        while least and clock.monotonic() - since < patience_s:
            await _rest(stopping or never)
            if stopping and stopping.is_set():
                return
            await self._tell(played, told)
            if (now := await self._under_way()) < least:
                least, since = now, clock.monotonic()

    async def _under_way(self) -> int:
        connected = [agent for agent in self.agents if agent.connected]
        return sum(await asyncio.gather(*(agent.waiting() for agent in connected)))

    async def _tell(self, played: int, told: Told) -> None:
        self._waiting = await self.waiting()
        told(self.progress(played))

    async def waiting(self) -> int:
        """Return how many batches wait for a receipt, of all agents."""
        return sum(await asyncio.gather(*(agent.waiting() for agent in self.agents)))

    async def _turn(self, played_s: int) -> None:
        self._look_ahead(played_s)
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(agent: Played) -> None:
            async with limit:
                await agent.turn(played_s)

        await asyncio.gather(*map(one, self.agents))

    def _look_ahead(self, played_s: int) -> None:
        """Know what happens for at least the next hours."""
        if played_s < self._until - DAY_S // 2:
            return
        self._until = played_s + DAY_S
        start = self.pace.start // SECOND
        for number, school in enumerate(self.schools):
            course = course_of(self.troubles, school, self.days, start, self._until)
            if number < len(self.courses):
                self.courses[number].follow(course)
            else:
                self.courses.append(course)


async def _rest(stopping: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(TURN_S):
            await stopping.wait()
