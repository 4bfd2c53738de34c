"""The engine and its dispatcher with a fuse at every step, and a receiver that outlives them.

A step is a transaction, before it and after it, and the call of a channel, before it and after it.
At the end of the fuse the process does nothing any more, as after kill -9.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alerts.dispatcher import Dispatcher
from alerts.outbox import Outbox, Parcel
from collector.alertground import AlertGround
from core.types import Event
from tests.alerts.stage import Stage
from tests.collector.making import A
from tests.model.stepping import Crash, Fuse
from tests.waiting import until


@dataclass
class Mortal(Fuse):
    """A fuse that remembers that the process is dead."""

    dead: bool = False

    def burn(self) -> None:
        if self.dead:
            raise Crash
        try:
            super().burn()
        except Crash:
            self.dead = True
            raise


class FusedGround(AlertGround):
    """The collector's ground, whose transactions burn the fuse."""

    def __init__(self, real: AlertGround, fuse: Mortal) -> None:
        self.__dict__ = real.__dict__
        self.fuse = fuse

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        self.fuse.burn()
        with super().transaction() as db:
            yield db
        self.fuse.burn()


@dataclass
class Copy:
    """One message as it reached the receiver."""

    number: int
    at: int
    reason: str
    repeat: bool
    rules: tuple[str, ...]


@dataclass
class Duty:
    """A channel whose receiver keeps everything."""

    fuse: Mortal
    copies: list[Copy]
    name: str = "duty"

    async def send(self, parcel: Parcel) -> None:
        self.fuse.burn()
        said = parcel.notification
        rules = tuple(telling.alert.key.rule for telling in said.alerts)
        self.copies.append(Copy(said.number, said.at, said.reason, parcel.repeat, rules))
        self.fuse.burn()

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class FusedStage(Stage):
    """A stage that dies where the fuse ends; `restart` begins the next process."""

    fuse: Mortal = field(default_factory=Mortal)
    copies: list[Copy] = field(default_factory=list)

    def make_ground(self) -> AlertGround:
        return FusedGround(super().make_ground(), self.fuse)

    def restart(self) -> None:
        self.fuse.dead = False
        super().restart()
        self.born()

    def begin(self, left: int) -> None:
        """Let the process die at the *left*th step from now."""
        self.fuse.left = left

    def deliver(self) -> None:
        """Run the dispatcher until nothing is on its way."""
        asyncio.run(self._deliver())

    async def _deliver(self) -> None:
        stopping = asyncio.Event()
        channels = [Duty(self.fuse, self.copies)]
        dispatcher = Dispatcher(
            Outbox(self.ground, self.channels), channels, lambda _name, _of: None, now=self.clock
        )
        running = asyncio.create_task(dispatcher.run(stopping))
        try:
            await until(lambda: running.done() or self.fuse.dead or not self.on_the_way(), 30)
        finally:
            stopping.set()
            dispatcher.kick()
            if self.fuse.dead:
                running.cancel()
            await asyncio.wait([running], timeout=30)
        if self.fuse.dead:
            raise Crash
        running.result()

    def on_the_way(self) -> list[tuple[int, str, str, int]]:
        return [one for one in self.outbox() if one[2] in ("queued", "sending")]


def check_copies(copies: Sequence[Copy]) -> None:
    """Hold that no message came twice unmarked, and that a copy says what the first said."""
    first: dict[int, Copy] = {}
    for copy in copies:
        known = first.setdefault(copy.number, copy)
        if known is not copy:
            assert copy.repeat, f"message {copy.number} came again, and nothing says so"
            assert (copy.at, copy.reason, copy.rules) == (known.at, known.reason, known.rules)
    numbers = Counter(copy.number for copy in copies)
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "a message is missing"


def survive(stage: FusedStage, *steps: "Step") -> None:
    """Do *steps*; where the process dies, start the next one and do the step again."""
    for step in steps:
        while True:
            try:
                step(stage)
                break
            except Crash:
                restarted(stage)


def restarted(stage: FusedStage) -> None:
    """Start again, also where the next process dies while it starts."""
    while True:
        try:
            stage.restart()
            return
        except Crash:
            continue


class Step:
    """Something that happens; done again it changes nothing."""

    def __call__(self, stage: FusedStage) -> None:
        raise NotImplementedError


@dataclass
class Says(Step):
    """An agent's batch arrives, and again after a crash, as agents do that had no receipt."""

    seq: int
    event: Event

    def __call__(self, stage: FusedStage) -> None:
        stage.say(self.event, epoch=A, seq=self.seq)
        stage.deliver()


@dataclass
class Waits(Step):
    """Time passes until *at* (ns)."""

    at: int

    def __call__(self, stage: FusedStage) -> None:
        stage.rows()
        while stage.clock.at < self.at:
            stage.clock.at = min(self.at, stage.clock.at + 10**9)
            stage.engine.tick()
        stage.engine.tick()
        stage.deliver()


def opened(folder: Path) -> FusedStage:
    """Return a stage on *folder*, its agent known."""
    stage = FusedStage(folder, messages=1_000)  # a storm is another test's
    stage.born()
    return stage
