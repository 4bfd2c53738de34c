"""Rolling up beside everything else the collector does: a little at a time, and no haste.

Where the database for it is away or was never made, the windows wait and nothing else does.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from collector.chores import DAY, every
from collector.config import CollectorConfig
from collector.counters import Counters
from collector.rollups.goneback import GoneBack
from collector.rollups.marking import MarkingStore
from collector.rollups.marks import Marks, Waiting, Width
from collector.rollups.rolling import Rolling, Step
from collector.store.base import Store
from collector.store.choose import open_rollup_store
from core import clock
from core.errors import StoreBusy, StoreError, StoreStopped

EVERY_S: Final = 30.0
REST: Final = 2.0
"""After each step comes a rest so many times as long: threads share one interpreter."""

_LONGEST_REST_S: Final = 5.0
_log = logging.getLogger(__name__)


class Rollups:
    """Opens the two stores when made; what blocks is done in worker threads."""

    def __init__(
        self,
        config: CollectorConfig,
        raw: Store,
        marks: Marks,
        counters: Counters,
        now: clock.Clock = clock.now,
    ) -> None:
        table = config.store
        self._keep = {"hour": table.keep_hourly_days * DAY, "day": table.keep_daily_days * DAY}
        self._marks, self._counters, self._now = marks, counters, now
        self.stores: dict[Width, Store] = {
            width: open_rollup_store(config, width, self._keep[width], now)
            for width in ("hour", "day")
        }
        hourly, daily = self.stores["hour"], self.stores["day"]
        self._rolling = Rolling(raw, hourly, daily, marks, config.collector.tz())
        self._gone_back = GoneBack(marks.ledger, raw, marks, now)
        self.own = MarkingStore(raw, marks)
        """What the collector says of itself and the district goes through here."""
        self.waiting = Waiting()

    def works(self, stopping: asyncio.Event) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what runs beside the collector."""

        async def roll_hours() -> None:
            await self._roll("hour", stopping)

        async def roll_days() -> None:
            await self._roll("day", stopping)

        return [
            every(EVERY_S, roll_hours, stopping),
            every(EVERY_S, roll_days, stopping),
            every(EVERY_S, self._look, stopping, first_after=1),
            every(EVERY_S, self._make_up, stopping, first_after=1),
            every(3_600, self.tidy, stopping, first_after=90),
        ]

    def close(self) -> None:
        """Let go of the stores."""
        for store in self.stores.values():
            store.close()

    async def _roll(self, width: Width, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            began = clock.monotonic()
            try:
                step = await asyncio.to_thread(self._rolling.step, width)
            except (StoreError, OSError, sqlite3.Error) as error:
                self._counters.add("rollups_failed", reason=width)
                raise _said(width, error) from error
            if step is None:
                return
            self._count(width, step)
            rest = min(REST * (clock.monotonic() - began), _LONGEST_REST_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), rest)

    def _count(self, width: Width, step: Step) -> None:
        self._counters.add("rollups", step.agents, width)
        self._counters.add("rollup_points", step.points, width)
        count = self._counters.add("rollup_points_refused", len(step.refused), width)
        if step.refused and count == len(step.refused):
            words = "a rollup is not made or not taken, the first of a %s since the start: %s"
            _log.warning(words, width, step.refused[0])

    async def _look(self) -> None:
        self.waiting = await asyncio.to_thread(self._marks.waiting)

    async def _make_up(self) -> None:
        await asyncio.to_thread(self._gone_back.look)

    async def tidy(self) -> None:
        """Delete what is older than is kept, and marks of what is gone raw."""
        too_old = await asyncio.to_thread(self._marks.tidy)
        if too_old:
            _log.warning("%d hours were never rolled up: raw points of them are gone", too_old)
        self._counters.add("rollups_too_old", too_old)
        for width, store in self.stores.items():
            await asyncio.to_thread(store.expire, self._now() - self._keep[width])


def _said(width: Width, error: Exception) -> StoreError:
    kind = StoreStopped if isinstance(error, StoreStopped) else StoreBusy
    return kind(f"rollups of each {width} have to wait, all else goes on: {error}")
