"""Schools as the targets see them, made for tests."""

from typing import Any
from zoneinfo import ZoneInfo

from alerts.targets.facts import Facts
from alerts.targets.indicators import Indicator, indicators
from core.clock import SECOND

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND


def school(number: int = 1, **facts: Any) -> Facts:
    return Facts("330100", f"school-{number}", **{"area": "urban", **facts})


def schools(count: int, **facts: Any) -> list[Facts]:
    return [school(number, **facts) for number in range(count)]


def one(of: str, group: list[Facts]) -> Indicator:
    return next(found for found in indicators(group) if found.id == of)
