"""The ports of a device: what they carry, what hangs on them. Counters of 64 bits only.

One of 32 bits goes round every 34 s on a line of 1 Gbit/s, and who looks once a minute cannot tell
how often.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.devices.poe import PowerTable
from agent.devices.profile import PortRole, PortRow, Profile
from agent.devices.snmp.session import Value as Answer
from agent.devices.texts import name_of
from agent.rates import LEAST_S, Sample, per_second
from core.types import Reading, Value

ETHERNET: Final = frozenset({6, 117})
"""ethernetCsmacd, and gigabitEthernet of older devices (IANAifType)."""

NAMED_BY: Final[tuple[PortRole, ...]] = ("name", "descr")
STATES: Final[tuple[tuple[str, PortRole], ...]] = (("enabled", "admin"), ("up", "oper"))
COUNTERS: Final[tuple[PortRole, ...]] = ("recv", "sent", "err_in", "err_out")
UP: Final = 1
BRIDGE, ACCESS_POINT, ROUTER, TELEPHONE, STATION = 2, 3, 4, 5, 7
"""Bits of LldpSystemCapabilitiesMap (IEEE 802.1AB)."""

FASTEST: Final = 1_600_000
"""Mbit/s of the fastest Ethernet (IEEE 802.3dj); above are codes for no limit, as 2**32 - 1."""

TOO_FAST: Final = 1.1
"""Times its speed no port carries, with some room for when its counters were read."""

Columns = Mapping[PortRole, Mapping[str, Answer]]


@dataclass(slots=True)
class PortMemory:
    """What one look at a port hands to the next: by the port's name."""

    samples: dict[str, Sample] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a device was asked: clocks in seconds, and how often it has started so far."""

    at: int
    awake_s: float
    boot_s: float
    starts: int


def columns_of(profile: Profile) -> dict[PortRole, str]:
    """Return the columns about ports, by what they are; the first of a role counts."""
    found: dict[PortRole, str] = {}
    for row in profile.port:
        found.setdefault(row.role, row.column)
    return found


def power_row(profile: Profile) -> PortRow | None:
    """Return the row of *profile* about the power of single ports; the first counts."""
    return next((row for row in profile.port if row.role == "poe_w"), None)


def readings(
    columns: Columns, moment: Moment, memory: PortMemory, power: PowerTable | None = None
) -> tuple[Reading, ...]:
    """Return a reading for each Ethernet port; those with a name that another has too say none."""
    neighbours = dict(_neighbours(columns))
    rows = {
        index: _name(columns, index)
        for index, kind in columns.get("type", {}).items()
        if kind in ETHERNET
    }
    names = list(rows.values())
    watts = power.watts(rows) if power else {}
    found = []
    for index, name in rows.items():
        if not name or names.count(name) > 1:
            continue
        fields = _fields(columns, index) | _rates(columns, index, name, moment, memory)
        if index in watts:
            fields["poe_w"] = watts[index]
        if name in neighbours:
            fields["neighbour"] = neighbours[name]
        elif columns.get("lldp_port"):
            fields["neighbour"] = ""
        found.append(Reading("device_port", fields, moment.at, {"port": name}))
    return tuple(found)


def _name(columns: Columns, index: str) -> str:
    for role in NAMED_BY:
        value = columns.get(role, {}).get(index)
        if isinstance(value, bytes) and (text := name_of(value)):
            return text
    return ""


def _fields(columns: Columns, index: str) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for name, role in STATES:
        value = columns.get(role, {}).get(index)
        if isinstance(value, int):
            fields[name] = value == UP
    alias = columns.get("alias", {}).get(index)
    if isinstance(alias, bytes):
        fields["alias"] = name_of(alias)
    speed = _speed(columns, index)
    if speed and fields.get("up") is True:
        fields["speed_mbit_s"] = float(speed)
    return fields


def _speed(columns: Columns, index: str) -> int:
    """Return the speed of a port in Mbit/s, 0 where it does not tell it."""
    speed = columns.get("speed", {}).get(index)
    return speed if isinstance(speed, int) and 0 < speed <= FASTEST else 0


def _rates(
    columns: Columns, index: str, name: str, moment: Moment, memory: PortMemory
) -> dict[str, Value]:
    """Return what went through since the look before; nothing where that is not certain."""
    counters: dict[str, int] = {
        role: value
        for role in COUNTERS
        if isinstance(value := columns.get(role, {}).get(index), int) and value >= 0
    }
    began = columns.get("began", {}).get(index)
    sample = Sample(
        dict[str, int](counters), moment.awake_s, moment.boot_s, (index, began, moment.starts)
    )
    before = memory.samples.get(name)
    if before and before.whose == sample.whose and sample.awake_s - before.awake_s < LEAST_S:
        return {}
    memory.samples[name] = sample
    each = per_second(before, sample) if before else {}
    limit = _speed(columns, index) or float("inf")
    mbit = {role: 8e-6 * each[role] for role in ("recv", "sent") if role in each}
    if max(mbit.values(), default=0) > TOO_FAST * limit:
        return {}  # a counter that jumped is no traffic
    found: dict[str, Value] = {f"{role}_mbit_s": round(rate, 3) for role, rate in mbit.items()}
    found |= {
        f"{role}_per_s": round(each[role], 3) for role in ("err_in", "err_out") if role in each
    }
    return found


def _neighbours(columns: Columns) -> Iterator[tuple[str, str]]:
    """Yield port and system name of what is infrastructure; nothing of people's own devices.

    A switch, a router or an access point says so by LLDP. A telephone is one with a switch in it,
    and often named after its user.
    """
    local = columns.get("lldp_port", {})
    for index, able in columns.get("lldp_can", {}).items():
        name = columns.get("lldp_name", {}).get(index)
        port = local.get(index.split(".")[1]) if index.count(".") == 2 else None
        if not (isinstance(name, bytes) and isinstance(able, bytes) and isinstance(port, bytes)):
            continue
        if _infrastructure(able) and name_of(name):
            yield name_of(port), name_of(name)


def _infrastructure(able: bytes) -> bool:
    can = {8 * at + bit for at, octet in enumerate(able) for bit in range(8) if octet & 0x80 >> bit}
    return bool(can & {BRIDGE, ACCESS_POINT, ROUTER}) and not can & {TELEPHONE, STATION}
