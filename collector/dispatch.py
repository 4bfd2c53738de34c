"""One connection, several channels: each message goes to what handles its channel, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.inbox import Handler
from collector.intake import Arrival


@dataclass(frozen=True, slots=True)
class ByChannel:
    """Hands runs of messages of one channel on; `other` takes what has none of the named."""

    handlers: Mapping[str, Handler]
    other: Handler

    async def handle(self, arrivals: Sequence[Arrival]) -> int:
        """Handle the first of *arrivals*, as many as go to one handler."""
        handler = self._of(arrivals[0])
        run = next(
            (i for i, arrival in enumerate(arrivals) if self._of(arrival) is not handler),
            len(arrivals),
        )
        return await handler.handle(arrivals[:run])

    async def refuse(self, arrival: Arrival, reason: str) -> None:
        """Keep a message that made the handling fail."""
        await self._of(arrival).refuse(arrival, reason)

    def _of(self, arrival: Arrival) -> Handler:
        return self.handlers.get(arrival.topic.rpartition("/")[2], self.other)
