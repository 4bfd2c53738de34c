"""The district's targets, as district.py and targets.py show them: names, limits, queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana import palette
from grafana.influxql import BEYOND_A_DAY, SCOPE, SPANS, STEPS, Column, Query, last, latest, within
from grafana.panels import Steps


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of them: its name in both languages, what is asked for, and from where on it is near."""

    id: str
    zh: str
    en: str
    asked: float
    near: float
    lowest: float = 90
    """Where a gauge begins: what is far under the target is at its lower end anyway."""

    @property
    def steps(self) -> Steps:
        """The thresholds: far off, near, met."""
        return ((None, palette.DOWN), (self.near, palette.DEGRADED), (self.asked, palette.UP))


INDICATORS: Final = (
    Indicator("I-01", "联网率", "Connected", 100, 98, lowest=0),
    Indicator("I-03", "线路可用率", "Line availability", 99.5, 98.5),
    Indicator("I-04", "带宽达标率", "Bandwidth proven", 99.92, 95, lowest=0),
    Indicator("I-20", "教育平台可达率", "Platforms reached", 99, 97),
)

ENOUGH: Final = '"completeness" >= 90'
TOO_LITTLE: Final = '"completeness" < 90'
"""Then there is no percentage (R-29). One of earlier may stand in a point that was written again:
InfluxDB takes no field away."""


def which(indicator: Indicator, window: str = "live", area: str = "all") -> str:
    """Return the condition for one of its series."""
    return (
        f"\"indicator\" = '{indicator.id}' AND \"window\" = '{window}'"
        f" AND \"area\" = '{area}' AND {SCOPE}"
    )


def newest(
    indicator: Indicator, columns: Sequence[Column], area: str = "all", alias: str = "$col"
) -> Query:
    """Return what was said last of it: each minute of I-01, each 5 minutes of the others."""
    where = which(indicator, area=area)
    return latest("indicator", columns, where, span=within("20m"), table=False, alias=alias)


def newest_value(indicator: Indicator, name: str = "value", area: str = "all") -> list[Query]:
    """Return its share as it was said last, as *name*: absent where too little is known by then.

    `last` alone would go back to a share of minutes before, which nobody vouches for any more. The
    second query asks the row for a field that it does not have, so that a row is there.
    """
    said = ", ".join(last(field).of("raw") for field in ("value", "total", "completeness"))
    inner = f'FROM "indicator" WHERE {within("20m")} AND {which(indicator, area=area)}'
    what = f'SELECT "value" AS "{name}", "total"'
    without = said.removeprefix(f"{last('value').of('raw')}, ")
    return [
        Query(f"{what} FROM (SELECT {said} {inner}) WHERE {ENOUGH}"),
        Query(f"{what} FROM (SELECT {without} {inner}) WHERE {TOO_LITTLE}"),
    ]


def history(
    indicator: Indicator, columns: Sequence[Column], area: str = "all", alias: str = "$col"
) -> list[Query]:
    """Return its curves: as it was said within a day, and from one day to the next beyond."""
    what = ", ".join(column.of("raw") for column in columns)
    about = which(indicator, area=area), which(indicator, "day", area)
    if any(column.field == "value" for column in columns):
        about = about[0] + f" AND {ENOUGH}", about[1] + f" AND {ENOUGH}"
    # The points of days are written as they are, so the field has no `_last` there.
    return [
        Query(
            f'SELECT {what} FROM "indicator" WHERE $timeFilter AND {SPANS["raw"]}'
            f" AND {about[0]} GROUP BY time({STEPS['raw']}) fill(null)",
            "raw",
            alias,
        ),
        Query(
            f'SELECT {what} FROM "indicator" WHERE $timeFilter AND {BEYOND_A_DAY}'
            f" AND {about[1]} GROUP BY time({STEPS['daily']}) fill(null)",
            "daily",
            alias,
        ),
    ]
