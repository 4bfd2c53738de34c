"""The log of a school's firewall, as its agent tells of it: it flows, and is kept at the school.

Schools in villages have none. A third began less than half a year ago, and are young; one in nine
has too little room.
"""

from collections.abc import Iterator
from typing import Final

from core.law import LOG_DAYS
from simulator.chance import mix, unit
from simulator.conditions import Conditions
from simulator.district import School
from simulator.sensors import has_sensor
from simulator.series import DAY_S, Fields, Series

DEVICE: Final = "firewall"


def logs(school: School) -> Iterator[Series]:
    """Yield what the agent of *school* reads of the firewall's log."""
    if has_sensor(school):
        yield _flow(school)
        yield _kept(school)


def days_kept(school: School) -> int:
    """Return how many days the log went back when the school began to be played."""
    place = unit(school.seed, 90)
    if place < 1 / 3:
        return 20 + mix(school.seed, 91) % 120
    return 150 if place < 4 / 9 else 200 + mix(school.seed, 91) % 60


def state(school: School) -> str:
    """Return what the agent says of that."""
    place = unit(school.seed, 90)
    return "young" if place < 1 / 3 else "short" if place < 4 / 9 else "kept"


def _flow(school: School) -> Series:
    each_hour = 40 + mix(school.seed, 92) % 400

    def read(_: float, at: int, now: Conditions) -> Fields:
        lines = 5 + (at - now.booted) % 2_592_000 * each_hour // 3_600
        return {
            "lines": lines,
            "dropped": lines * 7 // 10,
            "with_time": lines,
            "with_user": lines * 8 // 10,
            "with_type": lines,
            "with_result": lines * 9 // 10,
            "complete": lines * 7 // 10,
            "numbered": lines,
        }

    static: Fields = {
        "unread": 0,
        "malformed": 0,
        "limited": 0,
        "missing": 0,
        "port_dropped": 0,
        "silent": False,
        "family": "huawei-usg",
    }
    return Series("firewall_log", {"device": DEVICE}, static, read, ("booted",), grows=True)


def _kept(school: School) -> Series:
    began, each_hour = days_kept(school), 40 + mix(school.seed, 92) % 400
    size = 24 * each_hour * 60  # of a day, compressed

    def read(_: float, at: int, now: Conditions) -> Fields:
        return {
            "oldest_age_s": began * DAY_S + at % DAY_S,
            "rows": 5 + (at - now.booted) % 2_592_000 * each_hour // 3_600,
        }

    static: Fields = {
        "wanted_days": LOG_DAYS,
        "lost": 0,
        "files": began + 1,
        "checked": 7,
        "damaged": 0,
        "dropped_days": 3 if state(school) == "short" else 0,
        "bytes": size * (began + 1),
        "state": state(school),
        "by": "agent",
    }
    return Series("log_kept", {"device": DEVICE}, static, read, ("booted",), grows=True)
