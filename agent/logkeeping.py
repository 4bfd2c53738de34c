"""The intake of logs (agent/logs), which is loaded when a file names the first device of it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from agent.clients.address import plain
from agent.conditions import Gone, Tellable
from agent.logsconfig import LogsConfig
from agent.schedule import Sink
from core import clock
from core.securitykinds import LOG_KEPT, LOGGED
from core.types import Reading, Value

if TYPE_CHECKING:
    from agent.logs.intake import Intake
    from agent.logs.kept.keeper import Keeper
    from agent.logs.losses import Losses

TICK_S: Final = 1.0
READINGS_EVERY: Final = 60
"""Ticks from one reading to the next."""


@dataclass(slots=True)
class LogKeeping:
    """Reads the logs of the devices that *config* names, of which there may be none."""

    config: LogsConfig
    target: str
    tell: Callable[[Sequence[Tellable]], None]
    sink: Sink
    now: clock.Clock
    tick_s: float = TICK_S
    intake: "Intake | None" = None
    keeper: "Keeper | None" = None
    """Keeps the rows, where the configuration says that they are kept."""
    _losses: "Losses" = field(init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Read logs until cancelled; begins anew when told to change."""
        while True:
            self._changed.clear()
            if self.config.list:
                with suppress(_Changed):
                    await self._run()
            else:
                self.intake = None
                at = self.now()
                self.tell(
                    [
                        Gone(kind, self.target, _nothing, at, "not_watched")
                        for kind in (*LOGGED, *LOG_KEPT)
                    ]
                )
                await self._changed.wait()

    def change(self, config: LogsConfig) -> None:
        """Read the logs of *config* instead; where it is the same, nothing is lost."""
        if config != self.config:
            self.config = config
            self._changed.set()

    def take(self, data: bytes, sender: str) -> bool:
        """Hear a line; return whether its sender is a device of which the log is read."""
        if self.intake is None:
            return False
        at = self.now()
        if self.keeper is not None:
            self.keeper.take(self.intake.device(sender), data, at)
        return self.intake.take(data, sender, at)

    def spoiled(self, sender: str) -> None:
        """Hear of a line over TCP that nobody can read: it was cut off, say."""
        if self.intake is not None:
            self.intake.spoiled(sender)

    def missed(self, count: int) -> None:
        """Hear that the system dropped *count* datagrams at the port: nobody knows of whom."""
        if self.intake is not None:
            self.intake.port_dropped += count
        if self.keeper is not None:
            for device in self.keeper.shelves:
                self.keeper.miss(device, "port", count)

    async def _run(self) -> None:
        # Here, since most agents read no logs.
        from agent.logs.intake import Intake  # noqa: PLC0415
        from agent.logs.stream import Stream  # noqa: PLC0415

        self.intake = Intake(self.config, self.target, self.now())
        self.keeper = self._new_keeper()
        stream = Stream(self.take, self.spoiled, self._is_known, self.config.tcp)
        tasks = [asyncio.create_task(stream.run(), name="logs over TCP")]
        if self.keeper is not None:
            tasks.append(asyncio.create_task(self.keeper.run(self.tell), name="logs that are kept"))
        try:
            await self._keep(self.intake)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.keeper is not None:
                self.keeper.close()

    def _new_keeper(self) -> "Keeper | None":
        from agent.logs.losses import LOST, Losses  # noqa: PLC0415

        kept = tuple(one.id for one in self.config.list if one.keep)
        at, ids = self.now(), {one.id for one in self.config.list}
        self._losses = Losses(self.target)
        self.tell([Gone(LOST, self.target, ids.__contains__, at, "not_watched")])
        if self.config.keep_folder is None or not kept:
            kinds = [kind for kind in LOG_KEPT if kind != LOST]
            self.tell([Gone(kind, self.target, _nothing, at, "not_watched") for kind in kinds])
            return None
        from agent.logs.kept.keeper import Keeper  # noqa: PLC0415

        keeper = Keeper(
            *(self.config.keep_folder, kept, self.config.keep_mb, self.config.keep_days),
            self.target,
            now=self.now,
        )
        self.tell(list(keeper.gone(at)))
        return keeper

    def _look_for_losses(self, intake: "Intake", at: int) -> None:
        """Tell of rows that never came: where rows are kept, their keeper does so."""
        kept = self.keeper.shelves if self.keeper else {}
        for device, count in intake.missing():
            if self.keeper is not None:
                self.keeper.miss(device, "sequence", count)
        for device, lost in intake.lost():
            if device not in kept and (told := list(self._losses.look(device, lost, at))):
                self.tell(told)

    def _is_known(self, sender: str) -> bool:
        return self.intake is not None and plain(sender) in self.intake.sources

    async def _keep(self, intake: "Intake") -> None:
        ticks = 0
        while True:
            at = self.now()
            told = intake.tick(at)
            if told:
                self.tell(told)
            self._look_for_losses(intake, at)
            if not ticks % READINGS_EVERY:
                self.sink(list(intake.readings(at)))
                if self.keeper is not None:
                    self.sink(list(self.keeper.readings(at)))
                self.sink(list(stated(self.config, at)))
            ticks += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self.tick_s):
                    await self._changed.wait()
            if self._changed.is_set():
                raise _Changed


def stated(config: LogsConfig, at: int) -> Iterator[Reading]:
    """Yield how far logs go back that devices keep themselves, by what a person looked up there.

    What was seen on a day holds until it is as old as the log has to be.
    """
    for one in config.list:
        if not one.looked_on:
            continue
        looked, oldest = date.fromisoformat(one.looked_on), date.fromisoformat(one.oldest_on)
        today = datetime.fromtimestamp(at // clock.SECOND, UTC).date()
        days = (looked - oldest).days
        if not 0 <= (today - looked).days <= config.keep_days:
            continue
        fields: dict[str, Value] = {
            "oldest_age_s": days * 86_400,
            "wanted_days": config.keep_days,
            "state": "kept" if days >= config.keep_days else "young",
            "by": "stated",
        }
        yield Reading("log_kept", fields, at, {"device": one.id})


class _Changed(Exception):
    """The configuration is another one."""


def _nothing(_subject: str) -> bool:
    return False
