"""The messages of one connection, in the order of arrival: handled in groups, then acknowledged.

Brokers send more than they were allowed to have unacknowledged, so when enough of it waits here the
connection is not read: the rest stays with the broker, and this holds a bounded number.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final, Protocol

from collector.counters import Counters
from collector.intake import Arrival, arrive
from collector.patience import Stopping
from core import clock
from core.mqtt import Message

SHOWN: Final = 400
"""So many are shown to the handler, which handles some and may look at the others ahead."""
MAX_WAITING: Final = 1_000
MAX_WAITING_BYTES: Final = 64_000_000

_log = logging.getLogger(__name__)


class Handler(Protocol):
    """What is done with messages of one channel."""

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        """Handle the first of *arrivals*, at least one, and return how many; raises Stopping."""

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        """Keep one that cannot be handled where people find it; raises Stopping."""


class Source(Protocol):
    """The connection that the messages came by."""

    def acknowledge(self, message: Message) -> None:
        """Let the broker forget *message*."""

    def read(self, *, on: bool) -> None:
        """Leave unread what comes from now on, or read on; a new connection reads."""


class Inbox:
    """Put messages in from the event loop; `run` hands them on until `stop`."""

    def __init__(
        self, name: str, handler: Handler, counters: Counters, now: clock.Clock = clock.now
    ) -> None:
        self._name, self._handler, self._counters, self._now = name, handler, counters, now
        self.source: Source | None = None
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0
        self._full = False
        self._something, self._stopping = asyncio.Event(), False

    def put(self, message: Message) -> None:
        """Take a message in; of a connection that is not read any more a few may still come."""
        arrival = arrive(message, self._now())
        self._counters.add("messages", reason=self._name)
        self._waiting.append(arrival)
        self._bytes += len(arrival.payload)
        self._something.set()
        if not self._full and self._waits(MAX_WAITING, MAX_WAITING_BYTES):
            self._read(on=False)

    def connected(self, *, session_present: bool) -> None:
        """Forget what waits if the broker sends it again: it can only be acknowledged then."""
        self._full = False
        if session_present:
            self._waiting.clear()
            self._bytes = 0

    def stop(self) -> None:
        """End `run` after the group that is under way."""
        self._stopping = True
        self._something.set()

    async def run(self) -> None:
        """Hand messages on, group by group; returns when stopped."""
        while not self._stopping:
            await self._something.wait()
            self._something.clear()
            try:
                await self.drain()
            except Stopping:
                return

    async def drain(self) -> None:
        """Hand on what waits, until nothing does; raises Stopping."""
        while self._waiting and not self._stopping:
            await self._hand_on(list(islice(self._waiting, SHOWN)))

    async def _hand_on(self, group: list[Arrival]) -> None:
        try:
            done = await self._handler.handle(group)
        except Stopping:
            raise
        except Exception as error:  # noqa: BLE001 — one message's defect harms no other
            _log.exception("%s: cannot handle %d messages", self._name, len(group))
            if len(group) > 1:
                # One of them is the cause; alone it shows, and the others go on.
                for arrival in group:
                    await self._hand_on([arrival])
                return
            await self._handler.refuse(group[0], f"{type(error).__name__}: {error}")
            done = 1
        for arrival in group[:done]:
            self._finish(arrival)

    def _finish(self, arrival: Arrival) -> None:
        if self._waiting and self._waiting[0] is arrival:
            self._waiting.popleft()
            self._bytes -= len(arrival.payload)
        if self.source:
            self.source.acknowledge(arrival.message)
        if self._full and not self._waits(MAX_WAITING // 2, MAX_WAITING_BYTES // 2):
            self._read(on=True)

    def _waits(self, count: int, size: int) -> bool:
        return len(self._waiting) >= count or self._bytes >= size

    def _read(self, *, on: bool) -> None:
        self._full = not on
        if self.source:
            self.source.read(on=on)
