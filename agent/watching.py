"""Runs the watchers, and has what they tell sealed in the spool at the moment it happens."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from agent.conditions import Gone, Tellable
from agent.following import Following
from agent.onchange import OnChange
from agent.spool import Spool
from agent.spoolthread import SpoolThread
from agent.watchers import Watcher
from agent.watchers.base import LASTING
from core import clock
from core.errors import MonitorError, SpoolError
from core.types import Event

AGAIN_AFTER_S: Final = 60.0
"""A watcher that the system does not tell anything is begun anew after this."""
DISK_AGAIN_AFTER_S: Final = 5.0
MOST_HELD: Final = 1_000
"""Events held while the disk refuses them; the oldest go first, and that is said."""

MOVES: Final = frozenset({"gateway_changed", "uplink_failover"})
"""Kinds after which a connection hangs: the address that it began from leads nowhere any more."""

_log = logging.getLogger(__name__)


def _nothing() -> None:
    """Stand in for `moved` where nobody listens."""


@dataclass(slots=True)
class Watching:
    """The watchers by their words; `sealed` hears that there is something new to send.

    `moved` hears that the way to the broker may have changed.
    """

    watchers: Mapping[str, Watcher]
    target: str
    spool: SpoolThread
    sealed: Callable[[], None]
    moved: Callable[[], None] = _nothing
    now: clock.Clock = clock.now
    lost: int = 0
    """Events that the disk refused for so long that there was no room to hold them."""
    _held: list[Tellable] = field(default_factory=list)
    _off: bool = True
    """Whether it is to be told again what is watched no more."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _state: OnChange = field(default_factory=lambda: OnChange(_log))
    _keepers: Following[Watcher] = field(init=False)

    def __post_init__(self) -> None:
        self._keepers = Following(self._begin)

    async def run(self) -> None:
        """Watch until cancelled."""
        self._keepers.follow(list(self.watchers.values()))
        self._news.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell(), name="telling")
            await self._keepers.run(tasks)

    def change(self, watchers: Mapping[str, Watcher]) -> None:
        """Have *watchers* watch instead; one that is the same misses nothing."""
        for word, watcher in watchers.items():
            if self.watchers.get(word) is not watcher:
                self._state.forget(word)
        self.watchers = watchers
        self._keepers.follow(list(watchers.values()))
        self._off = True
        self._news.set()

    def _over(self) -> list[Gone]:
        """Return what ends whatever a watcher that is off left open: it would stay so for ever."""
        off = [
            kind for word, kinds in LASTING.items() if word not in self.watchers for kind in kinds
        ]
        return [
            Gone(kind, self.target, lambda _subject: False, self.now(), "not_watched")
            for kind in off
        ]

    def _begin(self, watcher: Watcher) -> tuple[Coroutine[Any, Any, None], str]:
        word = next(word for word, one in self.watchers.items() if one is watcher)
        return self._watch(word, watcher), f"watch {word}"

    async def _watch(self, word: str, watcher: Watcher) -> None:
        while True:
            try:
                async for events in watcher.watch(self.target):
                    self._state.well(word)
                    self.hold(events)
            except (MonitorError, OSError) as error:
                self._state.broke(word, f"watcher {word}: {error}")
            except Exception as error:  # noqa: BLE001 — one watcher's defect ends no other
                self._state.broke(word, f"watcher {word} failed: {error}", unexpected=True)
            await asyncio.sleep(AGAIN_AFTER_S)

    def hold(self, events: Sequence[Tellable]) -> None:
        """Have *events* sealed as soon as the disk takes them."""
        self._held += events
        if any(isinstance(one, Event) and one.kind in MOVES for one in events):
            self.moved()
        over = len(self._held) - MOST_HELD
        if over > 0:
            del self._held[:over]
            self.lost += over
            self._state.broke("held", f"{over} events had no room while the disk refuses them")
        self._news.set()

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            events, self._held = self._held, []
            off, self._off = self._off, False
            over = self._over() if off else []
            try:
                told = await self.spool.call(partial(Spool.tell, events=[*over, *events]))
            except SpoolError as error:
                self._state.broke("spool", f"events of the watchers wait: {error}")
                self._held, self._off = [*events, *self._held], self._off or off
                self._news.set()
                await asyncio.sleep(DISK_AGAIN_AFTER_S)
                continue
            self._state.well("spool")
            self._state.well("held")
            if told:
                self.sealed()
