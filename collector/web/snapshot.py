"""What one agent's machine is doing now, out of the newest values that the store has of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from collector.store.base import LastValue, RangeQuery, Series, Store
from collector.web.rates import LONGEST_STEP, number, per_second
from core.catalog import CATALOG
from core.clock import SECOND
from core.types import Identity

LOOK_BACK: Final = 24 * 3600 * SECOND
"""Before the last message came; a clock that is wrong by less than this hides no value."""

HOLDS: Final = {name: int(one.holds_s * SECOND) for name, one in CATALOG.items()}
"""A disk or interface that is this much older than the newest of its kind is gone, and so is a
field that is this much older than the newest of its series: of a value that stays the same the
heartbeat is heard."""

LATEST: Final = 2**63 - 1
"""The last nanosecond there is: a machine's clock may be ahead of the collector's."""

MEASUREMENTS: Final = ("cpu", "mem", "disk", "net", "ping")

HEARTBEAT: Final = "agent"
"""Comes each minute, whatever the machine does."""

RATES: Final = ("bits_recv_per_s", "bits_sent_per_s")
"""What our agents measure; a Telegraf gives only the counters."""

UNTOLD: Final = ("cpu", "mem", "disk", "net")
"""What is not shown when it is old beside the rest; of a target it is said that it is."""

RATE_FROM: Final = LONGEST_STEP + 60 * SECOND
"""Enough for two looks at a counter that travels with its heartbeat only."""


@dataclass(frozen=True, slots=True)
class Disk:
    """One file system; sizes in bytes."""

    path: str
    used_percent: float
    free: float
    total: float


@dataclass(frozen=True, slots=True)
class Nic:
    """One interface: bits per second (None where not known), bytes since its machine started.

    `tells_rates`: its agent measures the bits per second itself, finer than the counters travel.
    """

    name: str
    receiving: float | None
    sending: float | None
    received: float
    sent: float
    damaged: float
    tells_rates: bool = False

    @property
    def busy(self) -> float:
        """Return by what interfaces are put in order."""
        return self.received + self.sent


@dataclass(frozen=True, slots=True)
class Ping:
    """One target as last seen `at` (ns); `answer_ms` is None where it did not answer.

    `outages` since its agent started, and how long they were in all (ns).
    """

    target: str
    answer_ms: float | None
    loss_percent: float
    unknown_host: bool
    at: int = 0
    outages: int = 0
    out: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The present of one machine; `at` is its newest value (ns), 0 where there is none."""

    at: int = 0
    cpu_percent: float | None = None
    mem_percent: float | None = None
    mem_used: float = 0
    mem_total: float = 0
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    pings: tuple[Ping, ...] = ()


@dataclass(slots=True)
class _Row:
    """The fields of one series; `at` is the newest of them."""

    tags: Mapping[str, str]
    at: int = 0
    said: dict[str, tuple[int, float]] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)

    def held(self, holds: int) -> "_Row":
        """Keep as values what was said lately enough to count beside the newest."""
        self.values = {
            name: value for name, (at, value) in self.said.items() if self.at - at <= holds
        }
        return self

    def get(self, name: str) -> float:
        return self.values.get(name, 0.0)


def take(store: Store, who: Identity, last_arrival: int) -> Snapshot:
    """Return the present of *who* as *store* knows it; blocks, raises StoreError."""
    tags = {"region": who.region, "school": who.school, "agent": who.agent}
    since = max(0, last_arrival - LOOK_BACK)
    rows = {name: _rows(store.last(name, tags, since)) for name in (*MEASUREMENTS, HEARTBEAT)}
    newest = max((row.at for group in rows.values() for row in group), default=0)
    del rows[HEARTBEAT]
    for name in UNTOLD:
        rows[name] = [row for row in rows[name] if newest - row.at <= HOLDS[name]]
    start = max((row.at for row in rows["net"]), default=0) - RATE_FROM
    receiving, sending = [_rates(store, tags, name, start) for name in ("bytes_recv", "bytes_sent")]
    disks = [_disk(row) for row in rows["disk"]]
    nics = [_nic(row, receiving, sending) for row in rows["net"]]
    memory = rows["mem"][0] if rows["mem"] else _Row({})
    return Snapshot(
        at=max((row.at for group in rows.values() for row in group), default=0),
        cpu_percent=_busy(rows["cpu"]),
        mem_percent=memory.values.get("used_percent"),
        mem_used=memory.get("used"),
        mem_total=memory.get("total"),
        disks=tuple(sorted(disks, key=lambda one: (-one.used_percent, one.path))),
        nics=tuple(sorted(nics, key=_loopback_last)),
        pings=_pings(rows["ping"]),
    )


def pings_in(values: Iterable[LastValue]) -> tuple[Ping, ...]:
    """Return what an agent pings, out of its newest *values*."""
    return _pings(_rows(value for value in values if value.measurement == "ping"))


def oldest(store: Store, who: Identity, since: int) -> int:
    """Return when *who* first said something after *since*, or *since*; blocks, may raise."""
    tags = {"region": who.region, "school": who.school, "agent": who.agent}
    query = RangeQuery("mem", "used_percent", since, LATEST, tags=tags, limit=1)
    return next((at for one in store.range(query) for at, _ in one.points), since)


def _busy(rows: Sequence[_Row]) -> float | None:
    for row in rows:
        if row.tags.get("cpu") == "cpu-total" and "usage_idle" in row.values:
            return min(100.0, max(0.0, 100 - row.get("usage_idle")))
    return None


def _rows(values: Iterable[LastValue]) -> list[_Row]:
    rows: dict[tuple[tuple[str, str], ...], _Row] = {}
    holds = 0
    for value in values:
        row = rows.setdefault(tuple(sorted(value.tags.items())), _Row(value.tags))
        found = number(value.value)
        if found is not None:
            row.said[value.field] = value.at, found
            row.at = max(row.at, value.at)
            holds = HOLDS[value.measurement]
    newest = max((row.at for row in rows.values()), default=0)
    return [row.held(holds) for row in rows.values() if newest - row.at <= holds]


def _rates(store: Store, tags: Mapping[str, str], name: str, start: int) -> dict[str, float]:
    query = RangeQuery("net", name, max(0, start), LATEST, tags=tags, group_by=("interface",))
    return {
        one.tags.get("interface", ""): rate
        for one in store.range(query)
        if (rate := _latest_bits(one)) is not None
    }


def _latest_bits(series: Series) -> float | None:
    rates = per_second(series.points)
    return 8 * rates[-1][1] if rates else None


def _disk(row: _Row) -> Disk:
    path = row.tags.get("path", "")
    return Disk(path, row.get("used_percent"), row.get("free"), row.get("total"))


def _nic(row: _Row, receiving: Mapping[str, float], sending: Mapping[str, float]) -> Nic:
    name = row.tags.get("interface", "")
    damaged = sum(row.get(count) for count in ("err_in", "err_out", "drop_in", "drop_out"))
    received, sent = row.get("bytes_recv"), row.get("bytes_sent")
    tells = any(field in row.values for field in RATES)
    inward, outward = (row.values.get(field) for field in RATES)
    if not tells:
        inward, outward = receiving.get(name), sending.get(name)
    return Nic(name, inward, outward, received, sent, damaged, tells)


def _pings(rows: Iterable[_Row]) -> tuple[Ping, ...]:
    return tuple(sorted(map(_ping, rows), key=lambda one: (-one.loss_percent, one.target)))


def _ping(row: _Row) -> Ping:
    answered = row.get("result_code") == 0
    loss = row.values.get("percent_packet_loss", 0.0) if answered else 100.0
    # The newest answer time of a target that stopped answering is an old one, not the present.
    average = row.values.get("average_response_ms") if loss < 100 else None
    name, family = row.tags.get("url", ""), row.tags.get("family")
    target = f"{name} ({family})" if family else name
    outages, out = int(row.get("outages")), int(row.get("outage_s")) * SECOND
    return Ping(target, average, loss, row.get("result_code") == 1, row.at, outages, out)


def _loopback_last(nic: Nic) -> tuple[bool, float, str]:
    return nic.name == "lo", -nic.busy, nic.name
