"""What a channel is: something that takes a message, or says why not."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from alerts.outbox import Parcel


class Channel(Protocol):
    """A way to tell people; used in the event loop."""

    @property
    def name(self) -> str:
        """What the configuration calls it; messages wait under this name."""

    async def send(self, parcel: Parcel) -> None:
        """Hand a message over; raises RetryLater, or DeliveryError where that is of no use."""

    async def close(self) -> None:
        """Let go of what is open."""


@runtime_checkable
class Paced(Channel, Protocol):
    """A channel that keeps to limits, also over a restart."""

    def sent_before(self, times: Iterable[int]) -> None:
        """Hear when (ns) an earlier process sent something."""
