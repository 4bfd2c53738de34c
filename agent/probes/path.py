"""The first hops towards the targets of `ping`: when one has trouble, and rarely otherwise.

With the hops of a good hour beside them, those of a bad minute tell whether a fault lies in the
school, at the provider, or beyond. Needs no rights (core/hops.py). Only those who answer for a hop
are told of, routers all, and of them the address only where it is a public one: inside the school
its class is enough, and the rest stays there (domain.md §11).
Watch it work: schoolwatch agent probe path targets=192.0.2.1
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from msgspec import Meta

from agent.onchange import OnChange
from agent.probes.base import COLLABORATOR, probes
from agent.trouble import Tags, Trouble
from core import clock
from core.addressclass import class_of
from core.echo import Address
from core.errors import TargetUnreachable
from core.fields import Filled
from core.hops import Heard, Hop, Outcome, ask, hop_of, up_to_the_end
from core.names import Names
from core.types import Reading, Value

_log = logging.getLogger(__name__)

CODES: Final[dict[Outcome, int]] = {
    "router": 0,
    "silent": 1,
    "reached": 2,
    "refused": 3,
    "unsent": 4,
}
TRIES: Final = 2
"""A router answers only so many a second, and on a bad line much gets lost."""

Ask = Callable[[Address, int, float], Coroutine[Any, Any, Heard | None]]
Resolve = Callable[[str, float], Coroutine[Any, Any, Address]]


@dataclass(slots=True)
class Looks:
    """When each path was last looked at (monotonic s), and whether it was in trouble."""

    last: dict[str, tuple[float, bool]] = field(default_factory=dict)


@probes.add("path")
@dataclass(frozen=True, slots=True)
class PathProbe:
    """Looks at `hops` hops towards each target of `ping`, and towards `targets`.

    A path is looked at when trouble begins, each `trouble_s` while it lasts, and else each
    `baseline_s`. Trouble: no answer in a round, or `loss_percent` lost within six.
    """

    targets: tuple[Filled, ...] = ()
    hops: Annotated[int, Meta(ge=1, le=30)] = 5
    timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 1.0
    loss_percent: Annotated[float, Meta(gt=0, le=100)] = 20.0
    trouble_s: Annotated[float, Meta(ge=10, le=86_400)] = 60.0
    baseline_s: Annotated[float, Meta(ge=10, le=604_800)] = 3600.0
    resolve: Resolve = field(default_factory=lambda: Names().resolve, metadata=COLLABORATOR)
    ask: Ask = field(default=ask, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)
    trouble: Trouble = field(default_factory=Trouble, metadata=COLLABORATOR)
    looks: Looks = field(default_factory=Looks, metadata=COLLABORATOR)
    state: OnChange = field(default_factory=lambda: OnChange(_log), metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading per hop of each path that is due; most rounds have none."""
        at = self.now()
        pinged = list(self.trouble)
        known = {watched.tags["url"] for watched in pinged}
        looks = [
            self._look(watched.tags, watched.address, at, lost=watched.lost(self.loss_percent))
            for watched in pinged
            if watched.address
        ]
        looks += [self._own(name, at) for name in dict.fromkeys(self.targets) if name not in known]
        return [reading for hops in await asyncio.gather(*looks) for reading in hops]

    async def _own(self, target: str, at: int) -> list[Reading]:
        if not self._is_due(target, lost=False):
            return []
        try:
            address = await self.resolve(target, self.timeout_s)
        except TargetUnreachable as error:
            self.state.broke(f"path: {target}", f"path: {error}")
            return []
        self.state.well(f"path: {target}")
        return await self._look({"url": target}, address, at, lost=False)

    async def _look(self, tags: Tags, address: Address, at: int, *, lost: bool) -> list[Reading]:
        name = " over ".join(tags.values())
        if not self._is_due(name, lost=lost):
            return []
        self.looks.last[name] = self.monotonic(), lost
        found = {number: Hop(number, "silent") for number in range(1, self.hops + 1)}
        for _ in range(TRIES):
            silent = [hop.number for hop in found.values() if hop.outcome == "silent"]
            asked = (self._hop(number, address) for number in silent)
            found |= {hop.number: hop for hop in await asyncio.gather(*asked)}
        return [
            Reading("path", fields_of(hop, lost=lost), at, {**tags, "hop": str(hop.number)})
            for hop in up_to_the_end(found.values())
        ]

    async def _hop(self, number: int, address: Address) -> Hop:
        try:
            return hop_of(number, address, await self.ask(address, number, self.timeout_s))
        except OSError:  # no route at all
            return Hop(number, "unsent")

    def _is_due(self, name: str, *, lost: bool) -> bool:
        if name not in self.looks.last:
            return True
        at, was_lost = self.looks.last[name]
        if lost and not was_lost:
            return True
        return self.monotonic() - at >= (self.trouble_s if lost else self.baseline_s)


def fields_of(hop: Hop, *, lost: bool) -> dict[str, Value]:
    """Return the fields of *hop*, looked at since something was *lost* or not."""
    fields: dict[str, Value] = {"result_code": CODES[hop.outcome], "trouble": lost}
    if hop.seconds is not None:
        fields["response_ms"] = round(1000 * hop.seconds, 3)
    if hop.address is not None:
        fields["address_class"] = kind = class_of(hop.address)
        # The target is known from the configuration; whoever else answers is a router.
        if kind == "public" and hop.outcome != "reached":
            fields["address"] = str(hop.address)
    return fields
