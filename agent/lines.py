"""The school's uplinks, from `[[uplinks]]`: which of them carries the traffic, which could.

The kernel's default route says which one is active; what kind of line it is says the
configuration, and nobody guesses it. An uplink that another router chooses cannot be seen from
here: then the agent belongs on that router, or each uplink needs an agent behind it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from agent.nettables import FAMILIES, Hop, Net
from core.fields import Filled, Level
from core.tomllines import KeyPath
from core.types import Value

LinkType = Literal["fibre", "5g", "edu_network", "satellite", "adsl", "other", "unknown"]
UNKNOWN: Final[LinkType] = "unknown"
"""The type of a line of which the configuration says nothing."""


class UplinkConfig(Struct, frozen=True, kw_only=True):
    """One line out of the school; of several the first is the one to be used.

    `gateway` tells two lines behind one interface apart. `contracted_mbps` 0: not known.
    """

    name: Level
    interface: Filled
    gateway: str = ""
    link_type: LinkType = UNKNOWN
    contracted_mbps: Annotated[float, Meta(ge=0, le=1_000_000)] = 0
    metered: bool = False


def uplink_mistakes(uplinks: Sequence[UplinkConfig]) -> Iterator[tuple[KeyPath, str]]:
    """Return what is wrong between uplinks that are right alone."""
    seen = set[str]()
    for number, uplink in enumerate(uplinks):
        if uplink.name in seen:
            yield (number, "name"), f'uplink name "{uplink.name}" is taken; each needs its own'
        seen.add(uplink.name)


@dataclass(frozen=True, slots=True)
class Line:
    """One uplink at one moment; without a `metric` no default route leads through it."""

    name: str
    active: bool
    up: bool
    metric: int | None
    configured: UplinkConfig | None = None

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags of its reading."""
        kind = self.configured.link_type if self.configured else UNKNOWN
        return {"uplink": self.name, "link_type": kind}

    @property
    def fields(self) -> dict[str, Value]:
        """Return the fields of its reading."""
        found: dict[str, Value] = {"active": int(self.active), "up": int(self.up)}
        found["has_route"] = int(self.metric is not None)
        if self.metric is not None:
            found["metric"] = self.metric
        if self.configured is not None:
            found["metered"] = int(self.configured.metered)
            if self.configured.contracted_mbps:
                found["contracted_mbps"] = self.configured.contracted_mbps
        return found


def lines_of(net: Net, uplinks: Sequence[UplinkConfig]) -> list[Line]:
    """Return the configured *uplinks*; without any, each interface with a default route."""
    best = active_hops(net)
    if uplinks:
        return [_line(net, best, uplink) for uplink in uplinks]
    names = {net.name(hop.index): hop.index for route in net.routes for hop in route.hops}
    return [
        Line(
            name,
            any(hop.index == index for hop in best),
            index in net.links and net.links[index].up,
            _metric(net, {hop for r in net.routes for hop in r.hops if hop.index == index}),
        )
        for name, index in sorted(names.items())
    ]


def active(net: Net, uplinks: Sequence[UplinkConfig]) -> str:
    """Return the name of the uplink that carries the traffic, empty where nothing does.

    What none of *uplinks* describes is called by its interface.
    """
    best = active_hops(net)
    for uplink in uplinks:
        if any(_belongs(net, hop, uplink) for hop in best):
            return uplink.name
    return min((net.name(hop.index) for hop in best), default="")


def active_hops(net: Net) -> frozenset[Hop]:
    """Return where the traffic goes: by IPv4, by IPv6 where there is nothing else."""
    return next((best for family in FAMILIES.values() if (best := net.best(family))), frozenset())


def _line(net: Net, best: frozenset[Hop], uplink: UplinkConfig) -> Line:
    hops = {hop for route in net.routes for hop in route.hops if _belongs(net, hop, uplink)}
    places = {hop.index for hop in hops}
    places |= {one.index for one in net.links.values() if one.name == uplink.interface}
    up = any(net.links[index].up for index in places if index in net.links)
    return Line(uplink.name, not best.isdisjoint(hops), up, _metric(net, hops), uplink)


def _belongs(net: Net, hop: Hop, uplink: UplinkConfig) -> bool:
    own = net.name(hop.index) == uplink.interface
    return own and uplink.gateway in ("", hop.gateway)


def _metric(net: Net, hops: set[Hop]) -> int | None:
    """Return the lowest metric of a default route through *hops*, of IPv4 where it has one."""
    found = [
        (route.family, route.metric) for route in net.routes if not hops.isdisjoint(route.hops)
    ]
    return min(found, default=("", None))[1]
