"""What goes wrong where and when: the faults of a scenario, and those that come by chance."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any, Final

from simulator.chance import mix, unit
from simulator.conditions import ATTACKS, WELL, Conditions
from simulator.days import Days
from simulator.district import School
from simulator.scenario import FAULTS, VALUES, FaultKind, FaultTable, Scenario
from simulator.series import DAY_S
from simulator.spans import daily, moment, seconds

COMMON: Final = frozenset({"slow_platform", "broker_away"})
"""What happens to all schools at once when it comes by chance."""
LOOK_BACK_S: Final = 35 * DAY_S
"""A machine's uptime is known by the last time that the power came back, or by its own restart."""

_LASTS_S: Final[dict[FaultKind, int]] = {
    "line_cut": 1_500,
    "power_off": 2_400,
    "agent_dies": 7_200,
    "link_down": 900,
    "congested": 2_700,
    "slow_platform": 1_800,
    "dns_silent": 900,
    "disk_full": 86_400,
    "clock_off": 14_400,
    "broker_away": 600,
    "screen_fails": 5_400,
    "switch_down": 1_200,
    "gateway_spoof": 900,
    "rogue_dhcp": 7_200,
    "port_scan": 600,
    "password_guessing": 1_800,
    "worm_sweep": 1_800,
    "broadcast_storm": 600,
    "mining_pool": 14_400,
    "syn_flood": 900,
}
"""The median of how long one lasts that comes by chance."""
LONGEST_S: Final = 3 * DAY_S


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of one school, from `start` to `stop` (s since 1970)."""

    start: int
    stop: int
    kind: FaultKind
    value: float = 0.0


@dataclass(frozen=True)
class Troubles:
    """All faults of a district; `started_s` is when the play began, which `+5m` counts from."""

    scenario: Scenario
    schools: list[School]
    days: Days
    started_s: int

    def of(self, school: School, start_s: int, stop_s: int) -> list[Fault]:
        """Return the faults of *school* that touch the time between, the earliest first."""
        found = [*self._told(school, start_s, stop_s), *self._by_chance(school, start_s, stop_s)]
        return sorted(fault for fault in found if fault.start < stop_s and fault.stop > start_s)

    @cached_property
    def _chosen(self) -> list[frozenset[int]]:
        """The numbers of the schools of each fault in the file."""
        return [self._choose(number, fault) for number, fault in enumerate(self.scenario.faults)]

    def _choose(self, number: int, fault: FaultTable) -> frozenset[int]:
        seed = self.scenario.district.seed
        fit = [school.number for school in self.schools if fault.chooses(school)]
        drawn = sorted(fit, key=lambda one: mix(seed, number, one))
        # At least one, so that a share of a few schools is not nobody.
        return frozenset(drawn[: max(1, round(fault.share * len(fit)))])

    def _told(self, school: School, start_s: int, stop_s: int) -> Iterator[Fault]:
        for chosen, fault in zip(self._chosen, self.scenario.faults):
            if school.number in chosen:
                value = fault.value or VALUES.get(fault.kind, 0.0)
                length = round(seconds(fault.lasts))
                for begins in self._begins(fault, start_s - length, stop_s):
                    yield Fault(begins, begins + length, fault.kind, value)

    def _begins(self, fault: FaultTable, start_s: int, stop_s: int) -> Iterator[int]:
        if not daily(fault.begins):
            yield moment(fault.begins, self.started_s, self.days.zone)
            return
        at = time.fromisoformat(fault.begins)
        day, last = (self.days.local(one).date() for one in (start_s, stop_s))
        while day <= last:
            if self.days.lessons(day):
                yield int(datetime.combine(day, at, self.days.zone).timestamp())
            day += timedelta(days=1)

    def _by_chance(self, school: School, start_s: int, stop_s: int) -> Iterator[Fault]:
        for kind, rate in self._rates:
            number = FAULTS.index(kind) + 100
            seed = mix(self.scenario.district.seed, 99) if kind in COMMON else school.seed
            share = rate / 30
            if kind == "clock_off" and not school.off_at_night:
                share *= 0.5  # a machine that runs day and night has had its time for longer
            for day in range((start_s - LONGEST_S) // DAY_S, stop_s // DAY_S + 1):
                if unit(seed, number, day) < share:
                    yield _drawn(kind, seed, number, day)

    @cached_property
    def _rates(self) -> list[tuple[FaultKind, float]]:
        table = self.scenario.chance
        rates = [(kind, float(getattr(table, kind))) for kind in FAULTS]
        return [(kind, rate) for kind, rate in rates if rate]


def _drawn(kind: FaultKind, seed: int, number: int, day: int) -> Fault:
    # Most in the hours in which people work, and dig.
    at = day * DAY_S + round((0.02 + 0.45 * unit(seed, number, day, 1)) * DAY_S)
    length = _LASTS_S[kind] * math.exp(1.1 * (2 * unit(seed, number, day, 2) - 1))
    value = VALUES.get(kind, 0.0)
    if kind in ("congested", "slow_platform"):
        value *= 0.6 + 1.2 * unit(seed, number, day, 3)
    at -= at % 60
    return Fault(at, at + max(120, round(length / 60) * 60), kind, round(value, 1))


def conditions(school: School, faults: list[Fault], at: int) -> Conditions:
    """Return what is wrong at *at* of those *faults*, which may be others' times too."""
    found = replace(WELL, backup=school.backup) if school.backup else WELL
    for fault in faults:
        if fault.start > at:
            break
        if at < fault.stop:
            found = replace(found, **_changes(found, fault))
        elif fault.kind == "power_off":
            found = replace(found, booted=max(found.booted, fault.stop))
    return found


def _changes(found: Conditions, fault: Fault) -> dict[str, Any]:
    """Return what *fault* changes of what is *found* already; the worst counts."""
    kind, value = fault.kind, fault.value
    if kind in ATTACKS:
        attacks = (*found.attacks, (kind, fault.start))
        return {"attacks": attacks, **_worse(found, _HARM.get(kind, {}))}
    if kind == "congested":
        return {"loss": max(found.loss, value), "delay": found.delay + 5 * value, "busy": 0.5}
    if kind == "clock_off":
        return {"clock": found.clock + 1_000 * value}
    if kind in _WORST:
        return _worse(found, {_WORST[kind]: value})
    return {_BROKEN[kind]: False}


def _worse(found: Conditions, values: Mapping[str, float]) -> dict[str, float]:
    return {name: max(getattr(found, name), value) for name, value in values.items()}


_HARM: Final[dict[FaultKind, dict[str, float]]] = {
    "gateway_spoof": {"loss": 8.0, "delay": 60.0},
    "broadcast_storm": {"loss": 20.0, "delay": 300.0, "busy": 0.5},
}
"""What an attack does to the line of its school: loss in %, ms, share of what it carries."""
_WORST: Final[dict[FaultKind, str]] = {"slow_platform": "platform", "disk_full": "disk"}
_BROKEN: Final[dict[FaultKind, str]] = {
    "line_cut": "line",
    "power_off": "power",
    "agent_dies": "agent",
    "link_down": "port",
    "broker_away": "broker",
    "dns_silent": "names",
    "screen_fails": "screen",
    "switch_down": "switch",
}
"""What of the conditions each kind is about."""
