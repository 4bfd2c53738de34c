"""The outbox and its dispatcher in time that a test moves: a day passes in a moment."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alerts.channels.base import Channel
from alerts.channels.fallback import Fallback
from alerts.channels.health import Health
from alerts.channels.probing import Probing
from alerts.dispatcher import Dispatcher
from alerts.outbox import Outbox, Parcel
from core.clock import SECOND
from core.types import Event
from tests.alerts.stage import Stage
from tests.collector.making import Clock

NEVER_ENDS = 30.0


@dataclass
class Scripted:
    """A channel that does what *does* says, given the time; what it takes it keeps."""

    name: str
    clock: Clock
    does: Callable[[Parcel], Exception | None] = lambda _: None
    took: list[Parcel] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)

    async def send(self, parcel: Parcel) -> None:
        self.tried.append(self.clock.at)
        trouble = self.does(parcel)
        if trouble:
            raise trouble
        self.took.append(parcel)

    async def close(self) -> None:
        """Nothing is open."""

    def got(self) -> list[tuple[int, str, bool]]:
        """Number, where it came from, and whether it is marked, of each message."""
        return [(one.notification.number, one.via, one.repeat) for one in self.took]


@dataclass
class Day:
    """Runs dispatchers one after another, each as a process of its own, on one database."""

    folder: Path
    fallback: Fallback = field(default_factory=Fallback)
    probing: Callable[[], Probing] = Probing
    clock: Clock = field(default_factory=Clock)
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    healths: dict[str, Health] = field(default_factory=dict)
    look: Callable[[Dispatcher], None] = lambda _: None

    def __post_init__(self) -> None:
        self.stage = Stage(self.folder, clock=self.clock, messages=1_000)

    def tell(self, subject: str = "spool", *, active: bool = True, kind: str = "") -> None:
        """Have an alert begin or end: P2."""
        event = Event(kind or "spool_dropping", "host", subject, active, self.clock.at)
        self.stage.say(event)

    def set_up(self, channels: Sequence[Channel]) -> None:
        """Have the engine write for *channels*."""
        self.channels = list(channels)
        self.stage.channels = tuple(one.name for one in channels)
        self.stage.restart()

    async def run(self, seconds: float) -> Dispatcher:
        """Let time pass with a dispatcher at work, then end it."""
        end, stopping = self.clock.at + int(seconds * SECOND), asyncio.Event()

        async def pause(event: asyncio.Event, wait: float) -> None:
            for _ in range(3):
                await asyncio.sleep(0)
            if dispatcher.is_sending and not event.is_set():
                await asyncio.wait_for(event.wait(), NEVER_ENDS)
            if event.is_set():
                return
            self.look(dispatcher)
            left = end - self.clock.at
            if left <= 0:
                stopping.set()
            self.clock.at += min(left, max(1, int(wait * SECOND)))

        names = [one.name for one in self.channels]
        dispatcher = Dispatcher(
            Outbox(self.stage.ground, names, fallback=self.fallback),
            self.channels,
            self._count,
            now=self.clock,
            probing=self.probing(),
            pause=pause,
        )
        await dispatcher.run(stopping)
        self.healths = dict(dispatcher.healths())
        return dispatcher

    def _count(self, name: str, channel: str) -> None:
        self.counted[name, channel] += 1
