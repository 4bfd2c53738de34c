"""The port at which a school's uplink is counted, and how one of this machine is looked at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent import interfaces
from core.errors import TargetUnreachable

NAMES_SAID: Final = 12


@dataclass(frozen=True, slots=True)
class Port:
    """What one look at a port gives; `whose` differs when its counters are others than before."""

    bytes_recv: int
    bytes_sent: int
    mbit_s: int | None
    whose: object


def no_such(where: str, name: str, others: Iterable[str]) -> TargetUnreachable:
    """Return the error that says what *where* has instead of *name*."""
    some = ", ".join(list(others)[:NAMES_SAID]) or "none"
    return TargetUnreachable(f"{where} has no interface {name!r}; it has {some}")


@dataclass(frozen=True, slots=True)
class OwnPort:
    """An interface of this machine."""

    name: str

    async def look(self) -> Port:
        """Return what the port has counted; raises TargetUnreachable where there is none."""
        number = interfaces.index(self.name)
        every = interfaces.counters()
        if self.name not in every:
            raise no_such("this machine", self.name, every)
        link = interfaces.links().get(self.name)
        mbit_s = interfaces.speed_of(link) if link else None
        return Port(every[self.name].bytes_recv, every[self.name].bytes_sent, mbit_s, number)
