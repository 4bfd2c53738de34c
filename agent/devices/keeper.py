"""Looks at each device at its times, and hands on how it is.

    hint, or its time ─▶ turn ─▶ driver.look ─▶ standing ─▶ Reading("device", …) ─▶ recorder.take

A task for each device, never two looks at one. A device that hangs, floods, raises or flaps costs
only itself: a look is cut off after its time, and one that does not heed that is left to itself,
counted, and the device not asked meanwhile. One that does not answer is asked ever more seldom;
that it does not is said at each of its times all the same.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from agent.devices.base import Hinted, Sighting
from agent.devices.device import Device
from agent.devices.judging import SILENT, checked, dues, failure, shown, skipped
from agent.devices.turns import Turns
from agent.devices.watch import Watch
from agent.following import Following
from agent.onchange import OnChange
from agent.schedule import Counters, Sink, next_due
from core import clock
from core.errors import MonitorError, NotPermitted
from core.names import Names, look_up
from core.types import Reading, Value

_log = logging.getLogger(__name__)

LOOK_S: Final = 15.0
"""The time of a look, where the driver's class has no `LOOK_S` of its own."""
FIRST_SPREAD_S: Final = 20.0
AGAIN_S: Final = 1.0
"""From a look that failed to the second one."""
HINT_EVERY_S: Final = 5.0
"""Between two looks at a device that are not regular ones."""
HEED_S: Final = 0.5
"""Within this time a look that is cut off has to end, before it counts as hanging."""
NAMES_EVERY_S: Final = 600.0
NAME_WITHIN_S: Final = 2.0


@dataclass(slots=True)
class Keeper:
    """Keeps *devices* until cancelled; *sink* is called in the event loop, once a look."""

    devices: Sequence[Device]
    sink: Sink
    concurrency: int = 20
    now: clock.Clock = clock.now
    monotonic: clock.Monotonic = clock.monotonic
    counters: Counters = field(default_factory=Counters)
    look_s: float = LOOK_S
    again_s: float = AGAIN_S
    hint_every_s: float = HINT_EVERY_S
    first_spread_s: float = FIRST_SPREAD_S

    async def run(self) -> None:
        """Look at every device at its times."""

    def change(self, devices: Sequence[Device], concurrency: int) -> None:
        """Keep *devices* instead; one that is the same object goes on."""

    def hint(self, address: str) -> None:
        """Look at once at all devices with that address: a trap or a line of syslog came from it.

        Says nothing by itself, since anybody can send one; not oftener than each `hint_every_s`.
        """
