"""scenario.toml: a district, its days, and what goes wrong in it (configs/scenario.toml)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from collector.roster.values import BadValue
from collector.roster.values import region as checked_region
from core.brokerconfig import BrokerConfig, broker_mistakes
from core.config import Check, read
from core.fields import Level
from core.hints import hint, quoted
from core.options import CHECK
from core.timefields import Zone
from core.tomllines import KeyPath
from simulator.days import HOLIDAYS, Days
from simulator.district import School, district
from simulator.spans import Begins, Holidays, Lasts

FaultKind = Literal[
    "line_cut",
    "power_off",
    "agent_dies",
    "link_down",
    "congested",
    "slow_platform",
    "dns_silent",
    "disk_full",
    "clock_off",
    "broker_away",
    "screen_fails",
    "switch_down",
    "gateway_spoof",
    "rogue_dhcp",
    "port_scan",
    "password_guessing",
    "worm_sweep",
    "broadcast_storm",
    "mining_pool",
    "syn_flood",
]
FAULTS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)

VALUES: Final[dict[FaultKind, float]] = {
    "congested": 12.0,
    "slow_platform": 5_000.0,
    "disk_full": 96.0,
    "clock_off": 90.0,
}
"""What a fault has as `value` unless it says so: loss in %, ms, % in use, seconds."""

MOST: Final = 20_000
"""Schools: a province."""


def _regions_mistake(regions: tuple[str, ...]) -> str:
    for one in regions:
        try:
            checked_region(one)
        except BadValue as error:
            return f"holds one that is wrong: {error}"
    return "names one twice" if len(set(regions)) < len(regions) else ""


Regions = Annotated[tuple[str, ...], Meta(min_length=1, extra={CHECK: _regions_mistake})]
Share = Annotated[float, Meta(gt=0, le=1)]
Rate = Annotated[float, Meta(ge=0, le=30)]


class DistrictTable(Struct, frozen=True, kw_only=True):
    """How many schools there are, and `rooms` in each; the same `seed` gives the same ones."""

    seed: int = 1
    schools: Annotated[int, Meta(ge=1, le=MOST)] = 24
    regions: Regions = ("000000",)
    zone: Zone = "Asia/Shanghai"
    rooms: Annotated[int, Meta(ge=0, le=40)] = 2


class DaysTable(Struct, frozen=True, kw_only=True):
    """When nobody is there; with `always` it is never so, whenever somebody looks."""

    always: bool = False
    holidays: Holidays = HOLIDAYS


class ChanceTable(Struct, frozen=True, kw_only=True):
    """What goes wrong by itself: how often in 30 days, in each school or for all of them."""

    line_cut: Rate = 1.0
    power_off: Rate = 0.5
    agent_dies: Rate = 0.3
    link_down: Rate = 0.3
    congested: Rate = 1.5
    slow_platform: Rate = 3.0
    dns_silent: Rate = 0.3
    disk_full: Rate = 0.1
    clock_off: Rate = 0.1
    broker_away: Rate = 0.5
    screen_fails: Rate = 0.4
    switch_down: Rate = 0.2
    gateway_spoof: Rate = 0.1
    rogue_dhcp: Rate = 0.2
    port_scan: Rate = 0.3
    password_guessing: Rate = 0.15
    worm_sweep: Rate = 0.05
    broadcast_storm: Rate = 0.05
    mining_pool: Rate = 0.1
    syn_flood: Rate = 0.03


class FaultTable(Struct, frozen=True, kw_only=True):
    """One fault; what is not said of schools does not choose among them."""

    kind: FaultKind
    begins: Begins
    lasts: Lasts = "20m"
    schools: tuple[Level, ...] = ()
    area: Literal["", "urban", "town", "rural"] = ""
    type: Literal["", "primary", "teaching_point", "junior", "nine_year", "senior"] = ""
    line: Literal["", "fibre", "private", "5g", "adsl", "satellite"] = ""
    share: Share = 1.0
    value: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0

    def chooses(self, school: School) -> bool:
        """Tell whether *school* may have it; `share` is not looked at here."""
        return (
            (not self.schools or school.school in self.schools)
            and self.area in ("", school.area)
            and self.type in ("", school.type)
            and self.line in ("", school.line.word)
        )


class Scenario(Struct, frozen=True, kw_only=True):
    """Everything that a district is played by."""

    kind: Literal["scenario"] = "scenario"
    district: DistrictTable = DistrictTable()
    days: DaysTable = DaysTable()
    chance: ChanceTable = ChanceTable()
    broker: BrokerConfig = BrokerConfig()
    faults: tuple[FaultTable, ...] = ()

    def schools(self) -> list[School]:
        """Return the schools."""
        table = self.district
        return district(table.seed, table.schools, table.regions, table.rooms)

    def calendar(self) -> Days:
        """Return what kind of hours there are."""
        return Days(ZoneInfo(self.district.zone), self.days.holidays, self.days.always)


def read_scenario(path: Path) -> Scenario:
    """Return what the file at *path* says; raises ConfigError with every mistake in it."""
    checks: dict[str, Check] = {"faults": _faults_mistakes, "broker": broker_mistakes}
    return read(path, Scenario, checks)


def _faults_mistakes(faults: tuple[FaultTable, ...]) -> Iterator[tuple[KeyPath, str]]:
    for number, fault in enumerate(faults):
        if fault.value and fault.kind not in VALUES:
            several = ", ".join(VALUES)
            text = f"[[faults]] value is of no use with {fault.kind}, only with {several}"
            yield (number, "value"), text


def unknown_schools(scenario: Scenario, schools: list[School]) -> list[str]:
    """Return a sentence for each school that a fault names and the district does not have."""
    known = [school.school for school in schools]
    named: dict[str, Any] = {name: None for fault in scenario.faults for name in fault.schools}
    return [
        f"a fault names the school {quoted(name)}, which is not in this district"
        f"{hint(name, known) or f'; it has {known[0]} to {known[-1]}'}"
        for name in named
        if name not in known
    ]
