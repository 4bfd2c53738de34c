"""The intake of logs (agent/logs), which is loaded when a file names the first device of it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from agent.clients.address import plain
from agent.conditions import Gone, Tellable
from agent.logsconfig import LogsConfig
from agent.schedule import Sink
from core import clock
from core.securitykinds import LOGGED

if TYPE_CHECKING:
    from agent.logs.intake import Intake

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
                self.tell([Gone(kind, self.target, _nothing, at, "not_watched") for kind in LOGGED])
                await self._changed.wait()

    def change(self, config: LogsConfig) -> None:
        """Read the logs of *config* instead; where it is the same, nothing is lost."""
        if config != self.config:
            self.config = config
            self._changed.set()

    def take(self, data: bytes, sender: str) -> bool:
        """Hear a line; return whether its sender is a device of which the log is read."""
        return self.intake is not None and self.intake.take(data, sender, self.now())

    async def _run(self) -> None:
        # Here, since most agents read no logs.
        from agent.logs.intake import Intake  # noqa: PLC0415
        from agent.logs.stream import Stream  # noqa: PLC0415

        self.intake = Intake(self.config, self.target, self.now())
        stream = Stream(self.take, self._is_known, self.config.tcp)
        listening = asyncio.create_task(stream.run(), name="logs over TCP")
        try:
            await self._keep(self.intake)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def _is_known(self, sender: str) -> bool:
        return self.intake is not None and plain(sender) in self.intake.sources

    async def _keep(self, intake: "Intake") -> None:
        ticks = 0
        while True:
            at = self.now()
            told = intake.tick(at)
            if told:
                self.tell(told)
            if not ticks % READINGS_EVERY:
                self.sink(list(intake.readings(at)))
            ticks += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self.tick_s):
                    await self._changed.wait()
            if self._changed.is_set():
                raise _Changed


class _Changed(Exception):
    """The configuration is another one."""


def _nothing(_subject: str) -> bool:
    return False
