"""One agent's machine: its series, and what each reads at any moment.

How busy a thing is goes up and down with the hours of the district's days, and wanders in between
(`chance.course`): by the minute in lively hours, every five minutes in calm ones.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import partial
from typing import Final

from core import VERSION
from core.clock import SECOND
from core.types import Reading
from simulator import series as kinds
from simulator import slowseries as slow
from simulator.chance import Course, course, mix, pick, unit
from simulator.conditions import WELL, Conditions
from simulator.days import HOUR_S, ORIGIN, SWITCHED_ON, Days
from simulator.district import HOST, School
from simulator.lines import FIVE_G
from simulator.logs import logs
from simulator.rooms import devices
from simulator.sensors import sensors
from simulator.series import DAY_S, GB, Fields, Series

WANDERS: Final = 0.16
"""By how much of how busy it is a thing wanders, and by how much in any case."""
CALM_WANDERS: Final = 0.008
REBOOTS_EVERY_S: Final = 30 * DAY_S


def measured_mbps(school: School) -> float:
    """Return the most that a school's line was seen to carry (Mbit/s)."""
    return round(school.contracted * (0.55 + 0.43 * math.sqrt(unit(school.seed, 40))), 1)


@dataclass(slots=True)
class Machine:
    """The machine of one agent of `school`; its `series` are numbered."""

    school: School
    days: Days
    agent: str = HOST
    seed: int = field(init=False)
    series: list[Series] = field(init=False)
    _origin: int = field(init=False)

    def __post_init__(self) -> None:
        self.seed = mix(self.school.seed, self.school.agents.index(self.agent) + 30)
        midnight = datetime.combine(ORIGIN, time(), self.days.zone)
        self._origin = int(midnight.timestamp())
        self.series = list(self._made())

    def level(self, number: int, hour: int) -> tuple[float, float, Course]:
        """Return how busy a series is in *hour*, by how much it wanders, and its course."""
        kind = self.days.hour(hour)
        wandering = course(kind.lively, self.seed, number, hour)
        by = CALM_WANDERS + (WANDERS * kind.activity if kind.lively else 0.0)
        return kind.activity, by, wandering

    def x(self, number: int, at: int) -> float:
        """Return how busy a series is at *at* (s), from 0 to 1."""
        hour, rest = divmod(at, HOUR_S)
        level, by, wandering = self.level(number, hour)
        return within(level + by * wandering.values[rest // 60])

    def fields(self, number: int, at: int, now: Conditions) -> Fields:
        """Return what a series reads at *at* (s)."""
        one = self.series[number]
        return one.static | one.read(self.x(number, at), at, now)

    def readings(self, at: int, now: Conditions = WELL) -> Iterator[Reading]:
        """Yield what all probes read at *at* (s)."""
        for number, one in enumerate(self.series):
            yield Reading(one.measurement, self.fields(number, at, now), at * SECOND, one.tags)

    def runs(self, at: int) -> bool:
        """Tell whether it is switched on at *at*: some have a night."""
        return not self.school.off_at_night or self.days.hour(at // HOUR_S).switched_on

    def booted(self, at: int, now: Conditions) -> int:
        """Return when it started, in seconds since 1970."""
        if self.school.off_at_night and not self.days.always:
            there = self.days.local(at)
            started = at - (there.hour - SWITCHED_ON[0]) * HOUR_S - there.minute * 60 - there.second
        else:
            shift = self.seed % REBOOTS_EVERY_S
            started = (at + shift) // REBOOTS_EVERY_S * REBOOTS_EVERY_S - shift
        return max(started, now.booted)

    def carried(self, at: int, now: Conditions) -> float:
        """Return the busy hours that its interface has counted."""
        return max(0.0, self.days.busy(at) - self.days.busy(self.booted(at, now)))

    def _made(self) -> Iterator[Series]:
        school, own = self.school, partial(unit, self.seed)
        is_host = self.agent == HOST
        cpus = pick((4, 8), self.seed, 1)
        measured = measured_mbps(school)
        yield kinds.cpu(0.5 + 0.5 * own(2))
        yield kinds.mem(pick((8, 16), self.seed, 3) * GB, 22 + 30 * own(4))
        low = 20 + 45 * own(6)
        yield kinds.disk(pick((250, 500), self.seed, 5) * GB, low, self._origin)
        rate = measured * 0.85 if is_host else 20 + 60 * own(7)
        yield kinds.net(1000, rate, self.carried)
        yield kinds.system(cpus, self.booted)
        off = round(30 * own(8) - 15, 2)
        yield kinds.agent(VERSION, off, self.booted)
        yield slow.swap(1 + 9 * own(12))
        yield slow.processes(120 + round(80 * own(13)))
        yield slow.temp("coretemp_package_id_0", 36 + 8 * own(14), 24)
        yield slow.temp("nvme_composite", 34 + 6 * own(15), 12)
        if not is_host:
            return
        line = school.line
        yield kinds.ping(kinds.GATEWAY, 0.5 + 0.4 * own(9), 0.05, 0.0, 0.3)
        far = 6 + 18 * own(10)
        delay = line.delay * (0.8 + 0.5 * own(11))
        yield kinds.ping(kinds.OUTSIDE, delay + far, line.jitter, line.loss, line.strain)
        yield kinds.dns(delay)
        yield kinds.http(kinds.NATIONAL, line, far)
        yield kinds.http(kinds.PROVINCE, line, far / 3)
        yield kinds.bandwidth(school.contracted, school.target, measured, 1000)
        yield kinds.uplink(kinds.MAIN, line, school.contracted)
        if school.backup:
            yield kinds.uplink(kinds.BACKUP, FIVE_G, FIVE_G.tiers[0])
        yield kinds.sntp(off)
        yield slow.certificate(kinds.PLATFORM_HOST)
        yield from devices(school, self.days)
        yield from sensors(school)
        yield from logs(school)


def within(x: float) -> float:
    """Return *x*, or the nearest that a share can be."""
    return 0.0 if x < 0.0 else 1.0 if x > 1.0 else x
