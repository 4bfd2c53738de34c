"""How warm the machine's parts are, in degrees Celsius.

Source: /sys/class/hwmon, or the thermal zones where that is empty, through psutil; the names are
made as Telegraf makes them. Many boards have inputs to which nothing is connected, and some drivers
answer with codes: both look like numbers, and are left out.
Watch it work: schoolwatch agent probe temp
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import psutil
from msgspec import Meta

from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.threads import OneAtATime
from core.types import Reading

COLDEST, HOTTEST = -50.0, 125.0
"""What a part that works can have. Codes lie outside: -273.15 (0 K), -128, 126 to 128, 255."""

NOTHING_CONNECTED: Final = 0.0
"""Inside a machine that runs, exactly 0 is an input without a sensor."""

Sensors = Mapping[str, Sequence[Any]]
"""psutil's records by the name of the chip: `label`, `current` and more."""


def _sensors() -> Sensors:
    ask: Callable[[], Sensors] | None = getattr(psutil, "sensors_temperatures", None)
    return ask() if ask else {}  # Windows tells no temperatures


@probes.add("temp")
@dataclass(frozen=True, slots=True)
class TempProbe:
    """Temperature of each sensor; no reading on a machine that has none.

    `timeout_s` is there because some drivers ask a slow chip, and a broken one may never answer.
    """

    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 5.0
    sensors: Callable[[], Sensors] = field(default=_sensors, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    threads: OneAtATime = field(default_factory=OneAtATime, metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading for each sensor whose answer can be a temperature."""
        sensors = await self.threads.call("temperatures", self.sensors, self.timeout_s)
        at = self.now()
        return [
            Reading("temp", {"temp": round(celsius, 3)}, at, {"sensor": name})
            for name, celsius in named(sensors)
            if believable(celsius)
        ]


def believable(celsius: float) -> bool:
    """Return whether *celsius* may be the temperature of a part, and is no code."""
    return COLDEST <= celsius <= HOTTEST and celsius != NOTHING_CONNECTED


def named(sensors: Sensors) -> Iterator[tuple[str, float]]:
    """Yield each sensor's name, as Telegraf makes it, and what it says.

    Two disks of a kind share a name: from the second on it ends with a number, so that neither
    takes the other's place.
    """
    seen: Counter[str] = Counter()
    for chip, records in sensors.items():
        for record in records:
            label = record.label.lower().replace(" ", "_")
            name = f"{chip}_{label}" if label else chip
            seen[name] += 1
            yield (f"{name}_{seen[name]}" if seen[name] > 1 else name), record.current
