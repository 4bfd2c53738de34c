"""InfluxQL for the panels, in the subset that InfluxDB 1.8, 2 and 3 share.

**Which database answers.** A panel that draws over time asks all three, raw, hourly and daily, and
each query says in its own condition for which lengths of the range it answers; the two others have
an empty range then, which costs the database nothing and gives no series:

    raw     up to 24 h     time <= to + (24 h - length) * 24
    hourly  up to 90 days  time >  the same, and time <= to + (90 d - length) * 24
    daily   beyond         time >  the same

A range that is shorter than its limit puts the first time after `to`, so all of it is raw; one that
is an hour or more over it puts it before `from`, so nothing is. In between they split the range
without a gap. So no query over raw data spans more than a day, whatever somebody picks, links to or
zooms into, and a day that is long past is still shown in full detail. (Data source variables cannot
follow the range, `timeFrom` of a panel is ignored for absolute ranges, and rows for each length
show everything three times.)

**Now** is the end of the range, so that the pages also show how things were at some time.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

How = Literal["mean", "max", "min", "last", "sum"]
Store = Literal["raw", "hourly", "daily"]

TO: Final = "${__to}ms"
LENGTH: Final = "${__to}ms + ${__from}ms"
RAW_ENDS: Final = f"({TO} + (24h - {LENGTH}) * 24)"
HOURLY_ENDS: Final = f"({TO} + (90d - {LENGTH}) * 24)"

BEYOND_A_DAY: Final = f"time > {RAW_ENDS}"
SPANS: Final[dict[Store, str]] = {
    "raw": f"time <= {RAW_ENDS}",
    "hourly": f"time > {RAW_ENDS} AND time <= {HOURLY_ENDS}",
    "daily": f"time > {HOURLY_ENDS}",
}

STEPS: Final[dict[Store, str]] = {
    "raw": "$__interval",
    "hourly": "1h",
    # The district's day: `day_begins` is a constant of the dashboards, 16h for China.
    "daily": "1d, $day_begins",
}

FIVE_MINUTES: Final[Mapping[Store, str]] = {**STEPS, "raw": "5m"}
"""For rates, which in shorter steps swing with the place of the point in its step."""

# What a series says holds for 10 minutes at most (core.measurements.base); a counter that comes
# each 5 minutes and is looked at once has to be there.
JUST_NOW: Final = f"time > {TO} - 10m AND time <= {TO}"


def within(span: str) -> str:
    """Return the condition for the last *span* before the end of the range."""
    return f"time > {TO} - {span} AND time <= {TO}"


# Conditions for the variables of the dashboards. The region's "all" is `.*`; of the indicators,
# which have a row of their own for `all`, it must give that one and no region's: a second `.*`
# between digits takes every region code off, and takes nothing off where one region is chosen.
REGION: Final = '"region" =~ /^${region:regex}$/'
SCHOOL: Final = f'{REGION} AND "school" =~ /^${{school:regex}}$/'
BY_SCHOOL: Final = ("region", "school")
"""Tags of what is told apart by school."""
AGENT: Final = f'{SCHOOL} AND "agent" =~ /^${{agent:regex}}$/'
ROOM: Final = f'{SCHOOL} AND "room" =~ /^${{room:regex}}$/'
COLLECTORS: Final = "\"collector\" != ''"
DEVICE: Final = f'{SCHOOL} AND "device" =~ /^${{device:regex}}$/'
SCOPE: Final = f'{REGION} AND "region" !~ /^[0-9]${{region:regex}}[0-9]$/'


@dataclass(frozen=True, slots=True)
class Column:
    """One field as a panel shows it; `form` is arithmetic around it, as `100 - {}`."""

    field: str
    name: str
    how: How = "mean"
    form: str = "{}"

    def of(self, store: Store) -> str:
        """Return it as *store* has it: rollups have a field for each way."""
        field = self.field if store == "raw" else f"{self.field}_{self.how}"
        return f'{self.form.format(f"""{self.how}("{field}")""")} AS "{self.name}"'


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel; `store` is the variable of its data source."""

    text: str
    store: Store = "raw"
    alias: str = "$col"
    table: bool = False


def over_time(
    measurement: str,
    columns: Sequence[Column],
    where: str,
    *,
    by: Sequence[str] = (),
    alias: str = "$col",
    steps: Mapping[Store, str] = STEPS,
) -> list[Query]:
    """Return the queries of curves, one for each store; gaps are filled with null."""
    return [
        Query(
            f"SELECT {', '.join(column.of(store) for column in columns)}"
            f' FROM "{measurement}" WHERE $timeFilter AND {SPANS[store]} AND {where}'
            f" GROUP BY {', '.join([f'time({step})', *quoted(by)])} fill(null)",
            store,
            alias,
        )
        for store, step in steps.items()
    ]


def of_all(measurement: str, columns: Mapping[str, str], where: str, how: How) -> list[Query]:
    """Return curves over every series at once: each of *columns* is an expression of fields.

    A field stands in it as `{agents_up}`; of an hour and a day it is what *how* says. Within a day
    hours answer, and days beyond. InfluxDB 1.8 needs seconds for a day of a thousand schools' raw
    points, and half a minute where it first has to find what each said last in each step.
    """
    what = _expressions(columns, how)
    about = f'FROM "{measurement}" WHERE $timeFilter AND {where}'
    return [
        Query(
            f"SELECT {what} {about} AND {SPANS['raw']} GROUP BY time({STEPS['hourly']}) fill(null)",
            "hourly",
        ),
        Query(
            f"SELECT {what} {about} AND {BEYOND_A_DAY} GROUP BY time({STEPS['daily']}) fill(null)",
            "daily",
        ),
    ]


def _expressions(columns: Mapping[str, str], how: How) -> str:
    made = (re.sub(r"\{(\w+)\}", rf'"\1_{how}"', form) for form in columns.values())
    return ", ".join(f'{form} AS "{name}"' for form, name in zip(made, columns))


def latest(
    measurement: str,
    columns: Sequence[Column],
    where: str,
    *,
    by: Sequence[str] = (),
    span: str = JUST_NOW,
    table: bool = True,
    alias: str = "$col",
) -> Query:
    """Return what each column said last before the end of the range."""
    groups = f" GROUP BY {', '.join(quoted(by))}" if by else ""
    what = ", ".join(column.of("raw") for column in columns)
    text = f'SELECT {what} FROM "{measurement}" WHERE {span} AND {where}{groups}'
    return Query(text, "raw", alias, table)


def totals(
    measurement: str,
    columns: Sequence[Column],
    where: str,
    *,
    by: Sequence[str],
    span: str = JUST_NOW,
) -> list[Query]:
    """Return the sum of each column over what each series of *by* said last.

    Each has a query of its own: for every sum InfluxDB goes through all fields of the inner query
    anew, so that four in one take it five times as long as four apart.
    """
    about = f'FROM "{measurement}" WHERE {span} AND {where} GROUP BY {", ".join(quoted(by))}'
    return [
        Query(f'SELECT sum("n") AS "{one.name}" FROM (SELECT last("{one.field}") AS "n" {about})')
        for one in columns
    ]


def whole(*fields: str) -> str:
    """Return what was said last of fields that come together in every point with the first.

    As dear as one field: InfluxDB looks for the newest point once, not once for each field.
    """
    first, *others = fields
    return ", ".join([last(first).of("raw"), *quoted(others)])


def last(field: str, name: str = "", form: str = "{}") -> Column:
    """Return a column that holds what was said last."""
    return Column(field, name or field, "last", form)


def quoted(names: Iterable[str]) -> list[str]:
    """Return *names* as identifiers."""
    return [f'"{name}"' for name in names]
