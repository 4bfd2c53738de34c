"""The answer of `/api/v1/targets`: the district against its targets, with the counts.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/targets' | python -m json.tool
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, get_args

import msgspec
from msgspec import Meta

from alerts.targets.indicators import Id, Indicator, gap
from collector.district.points import ALL, AREAS, Window
from collector.district.scores import Score
from collector.web.fields import At, Count, Ns, when
from core.clock import rfc3339

INDICATORS: Final = get_args(Id)
UNITS: Final[Mapping[str, str]] = {
    "I-01": "schools",
    "I-03": "seconds",
    "I-04": "schools",
    "I-20": "seconds",
}
COMPARED: Final = ("I-03", "I-04")
"""Of which the difference of urban and rural schools is told (I-36)."""

IndicatorWord = Annotated[
    str,
    Meta(
        description="I-01 connected, I-03 availability in school time, I-04 bandwidth, "
        "I-20 platforms reachable",
        extra_json_schema={"enum": list(INDICATORS)},
    ),
]
WindowWord = Annotated[
    str,
    Meta(
        description="`live`: at this moment, or today so far; `day` and `month` as they go on",
        extra_json_schema={"enum": list(get_args(Window))},
    ),
]
GroupWord = Annotated[str, Meta(extra_json_schema={"enum": list(AREAS)})]
UnitWord = Annotated[str, Meta(extra_json_schema={"enum": sorted({*UNITS.values()})})]
Percent = Annotated[float, Meta(ge=0, le=100)]
Region = Annotated[str, Meta(description="`all`: everything that this collector serves")]


class Target(msgspec.Struct, frozen=True):
    """One target of one group of schools.

    `value` is null where less than 90 % is known, or there is nothing to measure. `unproven` are
    schools of which nobody can tell: neither met nor missed. `contracted`, of I-04 alone, counts
    those whose contract promises the target, which proves nothing.
    """

    indicator: IndicatorWord
    window: WindowWord
    start: At | None
    start_ns: Ns
    region: Region
    area: GroupWord
    value: Percent | None
    target: Percent
    numerator: float
    denominator: float
    unit: UnitWord
    completeness: Percent
    met: Count
    not_met: Count
    unproven: Count
    total: Count
    contracted: Count | None


class Gap(msgspec.Struct, frozen=True):
    """By how many points urban schools are above rural ones (I-36); null where one is unknown."""

    indicator: IndicatorWord
    window: WindowWord
    region: Region
    points: float | None


class Targets(msgspec.Struct, frozen=True):
    """All targets as they were worked out last; empty until the first minute is over."""

    at: At
    at_ns: Ns
    targets: list[Target]
    urban_rural: list[Gap]


def answered(scores: Sequence[Score], at: int) -> Targets:
    """Return *scores* in the words of the API."""
    ordered = sorted(scores, key=_order)
    return Targets(rfc3339(at), at, [_target(one) for one in ordered], list(_gaps(ordered)))


def _order(one: Score) -> tuple[int, str, str, int]:
    region, area = one.group
    windows = get_args(Window)
    first = "" if region == ALL else region
    return windows.index(one.window), first, one.found.id, AREAS.index(area)


def _target(one: Score) -> Target:
    found, (region, area) = one.found, one.group
    return Target(
        indicator=found.id,
        window=one.window,
        start=when(one.at),
        start_ns=one.at,
        region=region,
        area=area,
        value=found.value,
        target=found.target,
        numerator=found.numerator / found.unit,
        denominator=found.denominator / found.unit,
        unit=UNITS[found.id],
        completeness=found.completeness,
        met=found.met,
        not_met=found.not_met,
        unproven=found.unproven,
        total=found.total,
        contracted=one.contracted if found.id == "I-04" else None,
    )


def _gaps(scores: Iterable[Score]) -> Iterable[Gap]:
    newest: dict[tuple[str, str, str], dict[str, Indicator]] = {}
    for one in sorted(scores, key=lambda score: score.at):
        region, area = one.group
        if one.found.id in COMPARED:
            newest.setdefault((one.found.id, one.window, region), {})[area] = one.found
    for (indicator, window, region), areas in newest.items():
        yield Gap(indicator, window, region, gap(areas["urban"], areas["rural"]))
