"""Which of the school's uplinks carries the traffic, and which could.

Source: rtnetlink, the default routes and links of this machine; names and kinds of the lines come
from `[[uplinks]]`. Without those: each interface that a default route leads through.
Watch it work: schoolwatch agent probe uplink
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from agent import netsnapshots
from agent.lines import UplinkConfig, lines_of
from agent.netsnapshots import LINKS, ROUTES
from agent.nettables import Net
from agent.probes.base import COLLABORATOR, probes
from core import clock
from core.types import Reading

MEASUREMENT: Final = "uplink"


async def _look() -> Net:
    return await netsnapshots.look(LINKS, ROUTES)


@probes.add("uplink")
@dataclass(frozen=True, slots=True)
class UplinkProbe:
    """One reading for each of `uplinks`, which the agent takes from `[[uplinks]]`."""

    uplinks: tuple[UplinkConfig, ...] = field(default=(), metadata=COLLABORATOR)
    look: Callable[[], Awaitable[Net]] = field(default=_look, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return the state of each uplink; raises NotPermitted where there is no Linux."""
        net, at = await self.look(), self.now()
        return [
            Reading(MEASUREMENT, line.fields, at, line.tags) for line in lines_of(net, self.uplinks)
        ]
