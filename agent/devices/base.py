"""What a driver is, what it sees, and the list of the words that name one."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, runtime_checkable

from core.devices import DeviceState
from core.registry import COLLABORATOR, Registry
from core.types import Reading, Value

__all__ = [
    "COLLABORATOR",
    "INTERVAL_S",
    "SWITCHED_OFF",
    "Driver",
    "Hinted",
    "Sighting",
    "Silence",
    "drivers",
]

INTERVAL_S: Final = 60.0
"""From one look at a device to the next, where the file does not say."""

Silence = Literal["unreachable", "standby"]
"""What it means that a device answers nothing."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device at one moment: its state, a word of `core.causes.CAUSES` where it is not well.

    `fields` are those of the measurement `device` beyond state and cause; `readings` are of other
    measurements (`device_port`), without the tag `device`, which the keeper adds.
    """

    state: DeviceState
    cause: str = ""
    fields: Mapping[str, Value] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    by_silence: bool = False
    """Nothing answered, and that was taken for well: so it does where the way there is cut."""


SWITCHED_OFF: Final = Sighting("standby", fields={"on": False}, by_silence=True)
"""Of a device whose silence is `standby`."""


class Driver(Protocol):
    """Asks one device by one protocol; when to ask is the keeper's business (agent/devices)."""

    async def look(self) -> Sighting:
        """Return how the device is.

        What the device says wrongly is a sighting with a cause. Raises TargetUnreachable where it
        does not answer, OSError likewise. Never asks one device twice at once; never blocks the
        loop; lets go of its connection.
        """


@runtime_checkable
class Hinted(Protocol):
    """A driver that the device may tell something by itself."""

    def hints(self) -> AsyncIterator[None]:
        """Yield whenever the device may have changed: the keeper looks at once.

        A hint says nothing by itself, since anybody can send one.
        """


drivers: Registry[Driver] = Registry(
    "driver",
    "agent.devices.drivers",
    ("ping", "tcp", "this_machine", "snmp", "pjlink", "onvif", "http", "bytes"),
)
"""One module of agent/devices/drivers for each word that an operator can write as `driver`."""
