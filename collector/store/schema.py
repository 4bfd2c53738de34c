"""The page docs/schema.md: what stands in which database, for how long, and how many series of it.

python -m collector.store.schema > docs/schema.md
"""

import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

from collector.rollups.roll import SUFFIXES
from collector.rollups.series import NOT_ROLLED
from collector.store.config import StoreConfig
from core.catalog import CATALOG, IDENTITY_TAGS, MARK_TAGS, OURS, FieldType, Measurement

ROLLED: Final[dict[FieldType, tuple[str, ...]]] = {
    "integer": SUFFIXES,
    "float": SUFFIXES,
    "boolean": ("mean", "last", "count", "known"),
    "string": ("last", "count", "known"),
}
"""What a field becomes in a rollup, by its type."""


class Bound(NamedTuple):
    """How many values a tag has of one agent: usually, and what bounds them."""

    usual: int
    by: str


BOUNDS: Final[dict[str, Bound]] = {
    "cpu": Bound(9, "processors of the machine, and one for all"),
    "path": Bound(4, "mounted file systems"),
    "device": Bound(1, "one for each path"),
    "fstype": Bound(1, "one for each path"),
    "mode": Bound(1, "one for each path; two while it changes"),
    "sensor": Bound(6, "sensors of the machine"),
    "interface": Bound(8, "interfaces of the machine, or ports of the switches that it asks"),
    "uplink": Bound(2, "lines in the configuration of the agent"),
    "link_type": Bound(1, "one for each uplink"),
    "url": Bound(6, "targets in the configuration of the agent"),
    "server": Bound(4, "servers in the configuration of the agent"),
    "source": Bound(4, "servers in the configuration of the agent"),
    "family": Bound(1, "two words"),
    "hop": Bound(10, "at most 30 for each target"),
    "domain": Bound(2, "names in the configuration of the agent"),
    "record_type": Bound(1, "two words"),
    "method": Bound(1, "one word"),
    "collector": Bound(1, "collectors of the district"),
    "kind": Bound(10, "words of docs/events.md"),
    "code": Bound(1, "one for each kind"),
    "area": Bound(1, "four words; one for each school"),
    "type": Bound(1, "words of the roster; one for each school"),
    "indicator": Bound(4, "targets of the district"),
    "window": Bound(3, "three words"),
    "room": Bound(1, "one for each device"),
    "port": Bound(28, "ports of the device"),
    "category": Bound(1, "three words; one for each kind of block list"),
    "rule": Bound(10, "rules that are in force, of those what told of something there"),
    "severity": Bound(1, "four words; one or two for each rule"),
    "verdict": Bound(6, "words of the family of the device"),
}
HERE: Final[dict[tuple[str, str], Bound]] = {
    ("device", "device"): Bound(12, "devices in the configuration of the agent"),
    ("device", "kind"): Bound(1, "one for each device"),
    ("security", "kind"): Bound(4, "words of docs/events.md, of those what happened there"),
    ("firewall", "device"): Bound(1, "logs in the configuration of the agent"),
    ("firewall_log", "device"): Bound(1, "logs in the configuration of the agent"),
    ("log_kept", "device"): Bound(1, "logs in the configuration of the agent"),
    ("device_port", "device"): Bound(2, "of those: that have ports"),
}
"""Where a measurement means something else by a tag than the others do."""

_BEFORE: Final = """# Schema of the database

Printed from `core/measurements/` and `collector/store/`: `python -m collector.store.schema`. What
the fields mean stands in [measurements.md](measurements.md), how to provision all this in
[influxdb.md](influxdb.md).

## Databases

In InfluxDB 2 they are buckets. The names follow `[store] bucket`, the days its `keep_days`,
`keep_hourly_days` and `keep_daily_days`. Times are in nanoseconds (UTC).

| database | keeps | what | a point's time |
|---|---|---|---|
"""
_ROLLUPS: Final = """
## Rollups

The same measurement with the same tags. A field `F` becomes, where its type allows it:

| field | of | type | meaning |
|---|---|---|---|
| `F_min`, `F_max` | numbers | that of `F` | the least and the most that it was |
| `F_mean` | numbers | float | weighted by time: unchanged values do not travel |
| `F_mean` | booleans | float | the share of the time that it was true |
| `F_last` | all | that of `F` | the last value that was known |
| `F_count` | all | integer | points that came |
| `F_known` | all | float | seconds for which it was known; at most 3,600, or a day's |

A value holds until the next point of its series, or until the time in the table below has passed:
then it is unknown, and counts for nothing. Not rolled up: {not_rolled}.

## Series

Every series carries {identity}, which the collector takes from the
topic: their values are bounded by the certificates that were issued. Some carry
{marks}.

A publisher cannot add tags, for what the catalogue does not know is taken off. The texts in those
that it knows are its own: so the collector refuses new series of a publisher that has {limit} of a
measurement within a day (`[store] max_series`), and tells of it (`too_many_series`). *Usual* is for
one agent.

| measurement | tags, with what bounds their values | usual series | fields | holds | rolled up |
|---|---|---|---|---|---|
"""
_AFTER: Final = """
Two more measurements are the collector's own, with one series for each collector:
`schoolwatch_counter`, by which it notices a database that was set back, and `schoolwatch_check`,
which `store check` writes.

About {total} series for a school with one agent: {thousand:,} for a thousand schools, in each of
the three databases. InfluxDB 1.8 refuses more than 1,000,000 in a database where its index is kept
in memory (`max-series-per-database`); use `index-version = "tsi1"`.
"""


def as_markdown() -> str:
    """Return the page; a test compares the two."""
    store = StoreConfig()
    total = sum(usual(m) for m in CATALOG.values() if "collector" not in m.tags)
    rollups = _ROLLUPS.format(
        not_rolled=", ".join(f"`{name}`" for name in sorted(NOT_ROLLED)),
        identity=", ".join(f"`{tag}`" for tag in IDENTITY_TAGS),
        marks=", ".join(f"`{tag}` ({meaning})" for tag, meaning in MARK_TAGS.items()),
        limit=store.max_series,
    )
    rows = "\n".join(_row(m) for m in CATALOG.values()) + "\n"
    after = _AFTER.format(total=total, thousand=total * 1_000)
    return _BEFORE + "\n".join(_databases(store)) + "\n" + rollups + rows + after


def usual(measurement: Measurement) -> int:
    """Return how many series of *measurement* an agent usually has."""
    count = 1
    for tag in measurement.tags:
        count *= bound(measurement, tag).usual
    return count


def bound(m: Measurement, tag: str) -> Bound:
    """Return how many values *tag* has in one series of *m*'s other tags."""
    return HERE.get((m.name, tag), BOUNDS[tag])


def _databases(store: StoreConfig) -> Iterator[str]:
    said = (
        ("what agents send, as it came, and what the collector says", "of the sampling"),
        ("rollups of hours (UTC)", "the start of the hour"),
        ("rollups of days, and indicators of days and months", "the start of the district's day"),
    )
    for database, (what, at) in zip(store.databases(), said):
        yield f"| `{database.name}` | {database.keep_days} days | {what} | {at} |"


def _row(m: Measurement) -> str:
    tags = "; ".join(f"`{tag}`: {bound(m, tag).by}" for tag in m.tags) or "none of its own"
    who = ", by the collector alone" if m.name in OURS else ""
    rolled = "no" if m.name in NOT_ROLLED else f"{rolled_fields(m)} fields"
    holds = f"{m.holds_s:g} s"
    return f"| `{m.name}`{who} | {tags} | {usual(m)} | {len(m.fields)} | {holds} | {rolled} |"


def rolled_fields(measurement: Measurement) -> int:
    """Return how many fields a rollup of *measurement* has at most."""
    return sum(len(ROLLED[field.type]) for field in measurement.fields.values())


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
