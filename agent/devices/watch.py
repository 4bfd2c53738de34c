"""What the keeper remembers of one device while it watches it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.clients.address import plain
from agent.devices.device import Device
from agent.devices.judging import Standing
from core.names import numeric


@dataclass(slots=True, eq=False)
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
    named: bool = False
    """Whether its host is a name, whose address may change."""
    resolved: float = float("-inf")

    def __post_init__(self) -> None:
        host = self.device.host
        try:
            found = numeric(host) if host else []
        except ValueError:  # not even the form of a name: each look says so
            found = []
        self.addresses = frozenset(plain(str(address[0])) for *_, address in found)
        self.named = bool(host) and not found

    @property
    def silent(self) -> bool:
        """Whether it did not answer when it was last asked."""
        return bool(self.standing.failures)

    @property
    def quiet(self) -> bool:
        """Whether nothing came of it, even where that is taken for well."""
        return self.silent or self.standing.sighting.by_silence

    @property
    def unreachable(self) -> bool:
        """Whether it is known not to answer, by itself."""
        return self.standing.sighting.state == "unreachable"

    def over(self, now: float) -> None:
        """Take that a look at it has ended."""
        self.looked = now
        self.fresh.set()
        self.fresh = asyncio.Event()

    def rouse(self) -> None:
        """Have it looked at soon, and as often as at first."""
        self.skip, self.standing = 0, self.standing.roused()
        self.hinted.set()


def upstream(watch: Watch, watches: Mapping[str, Watch]) -> Iterator[Watch]:
    """Yield what the device is reached through, the nearest first."""
    behind = watch.device.config.behind
    while behind in watches:
        yield watches[behind]
        behind = watches[behind].device.config.behind
