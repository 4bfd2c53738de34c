"""What an uplink carries, and the most that it has been seen to carry, without loading it.

Source: the counters of the port behind which the provider begins (agent/uplinkport.py), looked at
once a round. Nobody is asked to fill the line, so it shows what it can only when somebody does:
a target that was never reached is unproven, not missed (domain.md R-05, R-07, I-04, I-05).
Watch it work: schoolwatch agent probe bandwidth interface=eth0 contracted_mbit_s=100
"""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from agent.devices.snmp.sessions import COMMUNITY_ENV, by_community
from agent.lines import UplinkConfig
from agent.probes.base import COLLABORATOR, probes
from agent.rates import LEAST_S, Sample, per_second
from agent.routerport import RouterPort
from agent.uplinkport import OwnPort, Port
from agent.window import Summary, Window
from core import clock
from core.errors import ConfigError
from core.fields import Filled, SecretFile
from core.fields import Port as PortNumber
from core.secrets import secret
from core.types import Reading, Value

TOLERANCE: Final = 0.95
"""Of the target: what counts as reached (I-04)."""

TOO_FAST: Final = 1.1
"""Times its speed no port carries, with some room for when its counters were read."""

NO_PORT_MBIT_S: Final = 10
"""What Linux says of a tunnel, whatever that carries."""

HOUR_S: Final = 3600

Mbit = Annotated[float, Meta(ge=0, le=1_000_000)]


Look = Callable[[], Coroutine[Any, Any, Port]]
"""Looks at a port; raises TargetUnreachable or OSError."""


@dataclass(slots=True)
class Memory:
    """What one round hands to the next."""

    look: Look | None = None
    sample: Sample | None = None
    took_s: float = 0.0
    window: Window = field(default_factory=lambda: Window(0))


@probes.add("bandwidth")
@dataclass(frozen=True, slots=True)
class BandwidthProbe:
    """Counts at `interface`, of this machine or of `router`; without it there is no reading.

    Without a contract here, that of the uplink of this name in `[[uplinks]]` counts. `interface` is
    not taken from there: on a machine that is no router, traffic inside the school passes it too.
    `refresh_s`: a router counts at once and tells only so often, so a sample may hold the bytes
    of a time that is longer by this; what is called a peak is what it carried even then.
    """

    INTERVAL_S: ClassVar[float] = 60.0

    uplink: Filled = "main"
    interface: str = ""
    contracted_mbit_s: Mbit = 0
    target_mbit_s: Mbit = 0
    window_h: Annotated[float, Meta(ge=1, le=744)] = 168
    router: str = ""
    router_port: PortNumber = 161
    community_file: SecretFile = None
    timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 1.5
    refresh_s: Annotated[float, Meta(ge=0, le=60)] = 10
    monotonic: clock.Monotonic = field(default=clock.monotonic, metadata=COLLABORATOR)
    boottime: clock.Clock = field(default=clock.boottime, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    look: Look | None = field(default=None, metadata=COLLABORATOR)
    uplinks: tuple[UplinkConfig, ...] = field(default=(), metadata=COLLABORATOR)
    memory: Memory = field(default_factory=Memory, metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Raise ConfigError for options that are wrong together."""
        if self.router and not self.interface:
            raise ConfigError("router needs interface beside it: its port towards the provider")
        self.memory.window = Window(self.window_h * HOUR_S)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading; rates from the second round on, and where they are certain.

        Raises TargetUnreachable, and ConfigError where the community is not to be had.
        """
        if not self.interface:
            return []
        self.memory.look = self.memory.look or self.look or self._port()
        began, at = self.monotonic(), self.now()
        port = await self.memory.look()
        awake, boot = self.monotonic(), self.boottime() / clock.SECOND
        counters = {"recv": port.bytes_recv, "sent": port.bytes_sent}
        fields = self._told(port)
        sample = Sample(counters, awake, boot, port.whose)
        fields |= self._rates(sample, awake - began, port.mbit_s)
        fields |= self._carried(self.memory.window.summary(boot))
        return [Reading("bandwidth", fields, at, {"uplink": self.uplink})]

    def _port(self) -> Look:
        if not self.router:
            return OwnPort(self.interface).look
        community = secret(self.community_file, COMMUNITY_ENV)
        if not community:
            raise ConfigError(
                f"[probes.bandwidth] router needs community_file, or the variable {COMMUNITY_ENV}"
            )
        device = by_community(
            self.router, community, port=self.router_port, timeout_s=self.timeout_s
        )
        return RouterPort(self.router, device, self.interface).look

    def _rates(self, new: Sample, took_s: float, port_mbit_s: float | None) -> dict[str, Value]:
        """Return Mbit/s since the sample before, and keep them for the window.

        *took_s* is how long the answer was on its way: the counters are older by up to that.
        """
        old, late_s = self.memory.sample, self.memory.took_s
        refresh_s = self.refresh_s if self.router else 0.0
        passed = new.awake_s - old.awake_s if old else 0.0
        if old and passed < max(LEAST_S, refresh_s) and new.whose == old.whose:
            return {}  # too short to say anything: the next round compares with the older one
        self.memory.sample, self.memory.took_s = new, took_s
        each = per_second(old, new) if old else {}
        if not each:
            return {}
        recv, sent = (8e-6 * each[name] for name in ("recv", "sent"))
        certain = passed / (passed + refresh_s + late_s)
        limit = port_mbit_s if port_mbit_s and port_mbit_s > NO_PORT_MBIT_S else inf
        if certain * max(recv, sent) > TOO_FAST * limit:
            return {}  # a counter that jumped is no traffic; it would be the peak for a week
        self.memory.window.add(new.boot_s, passed, recv, sent, certain)
        return {"recv_mbit_s": round(recv, 3), "sent_mbit_s": round(sent, 3)}

    def _told(self, port: Port) -> dict[str, Value]:
        told = {
            "port_mbit_s": port.mbit_s or 0,
            "contracted_mbit_s": self._contract(),
            "target_mbit_s": self._target(),
        }
        return {name: float(value) for name, value in told.items() if value}

    def _contract(self) -> float:
        known = (one.contracted_mbps for one in self.uplinks if one.name == self.uplink)
        return self.contracted_mbit_s or next(known, 0.0)

    def _target(self) -> float:
        return self.target_mbit_s or self._contract()

    def _carried(self, summary: Summary | None) -> dict[str, Value]:
        if summary is None:
            return {"known_s": 0}
        fields = fields_of(summary)
        if contract := self._contract():
            share = 100 * max(summary.p95) / contract
            fields["p95_of_contract_percent"] = round(share, 2)
        if self._target():
            fields["target_proven"] = max(summary.peaks) >= TOLERANCE * self._target()
        return fields


def fields_of(summary: Summary) -> dict[str, Value]:
    """Return what was carried at most, by direction and in the better one of them, in Mbit/s."""
    (peak_recv, peak_sent), (p95_recv, p95_sent) = summary.peaks, summary.p95
    return {
        "peak_recv_mbit_s": round(peak_recv, 3),
        "peak_sent_mbit_s": round(peak_sent, 3),
        "p95_recv_mbit_s": round(p95_recv, 3),
        "p95_sent_mbit_s": round(p95_sent, 3),
        "measured_mbit_s": round(max(peak_recv, peak_sent), 3),
        "known_s": int(summary.known_s),
    }
