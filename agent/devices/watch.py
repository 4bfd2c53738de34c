"""What the keeper remembers of one device while it watches it."""

import asyncio
from dataclasses import dataclass, field

from agent.devices.device import Device
from agent.devices.judging import Standing
from core.names import numeric


@dataclass(slots=True)
class Watch:
    """One device, its standing, and what it waits for; times are those of the keeper's clock."""

    device: Device
    standing: Standing = field(default_factory=Standing)
    skip: int = 0
    """Regular looks still to be left out."""
    looked: float = float("-inf")
    """When the last look ended."""
    hinted: asyncio.Event = field(default_factory=asyncio.Event)
    fresh: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and made anew, when a look has ended."""
    addresses: frozenset[str] = frozenset()
    """Of its host."""
    resolved: float = float("-inf")

    def __post_init__(self) -> None:
        if self.device.host:
            self.addresses = frozenset(address[0] for *_, address in numeric(self.device.host))

    @property
    def named(self) -> bool:
        """Whether its host is a name, whose address may change."""
        return bool(self.device.host) and not numeric(self.device.host)

    @property
    def silent(self) -> bool:
        """Whether it did not answer when it was last asked."""
        return bool(self.standing.failures)

    def over(self, now: float) -> None:
        """Take that a look at it has ended."""
        self.looked = now
        self.fresh.set()
        self.fresh = asyncio.Event()
