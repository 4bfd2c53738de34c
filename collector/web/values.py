"""The answers of `/api/v1/series`, `latest`, `canary` and `agents`, and that of every refusal."""

from collections.abc import Mapping

import msgspec

from collector.store.base import LastValue, Series
from collector.web.fields import At, Count, Ns, StateWord, TargetCauseWord, when
from collector.web.live import Agent
from collector.web.targets import Target
from core import catalog
from core.clock import rfc3339
from core.types import Value


class Agents(msgspec.Struct, frozen=True):
    """Every agent of the schools that are asked for, those of the worst schools first."""

    at: At
    at_ns: Ns
    agents: list[Agent]


class Curve(msgspec.Struct, frozen=True):
    """One series: its tags, and pairs of a time (ns since 1970) and a value."""

    tags: Mapping[str, str]
    points: list[tuple[int, Value]]


class SeriesAnswer(msgspec.Struct, frozen=True):
    """The values of one field over time; `unit` is per second where the rise is asked for."""

    measurement: str
    field: str
    unit: str
    start_ns: Ns
    stop_ns: Ns
    series: list[Curve]


class Latest(msgspec.Struct, frozen=True):
    """The newest value of one field of one series."""

    measurement: str
    tags: Mapping[str, str]
    field: str
    value: Value
    unit: str
    at: At
    at_ns: Ns


class TargetAnswer(msgspec.Struct, frozen=True):
    """One target that an agent pings: its state and why, and what was last seen of it.

    Of a target that is unknown the numbers are old; `answer_ms` is null where it did not answer.
    """

    target: str
    state: StateWord
    cause: TargetCauseWord
    answer_ms: float | None
    loss_percent: float
    seen: At | None
    seen_ns: Ns


class LatestAnswer(msgspec.Struct, frozen=True):
    """The newest value of every field that an agent sent in the last day, and its targets."""

    values: list[Latest]
    targets: list[TargetAnswer]


class CanaryAnswer(msgspec.Struct, frozen=True):
    """The last canary that came through the rules, and the store's; 0 for none.

    `problem` says why nothing can be stored or read now, `audit_problem` why the audit log
    cannot be written.
    """

    number: Count
    seen: At | None
    seen_ns: Ns
    stored: Count
    problem: str
    audit_problem: str


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why there is no answer; `parameter` is the one to correct, where it is one."""

    error: str
    parameter: str = ""


def curve(one: Series) -> Curve:
    """Return one series in the words of the API."""
    return Curve(one.tags, [(at, value) for at, value in one.points])


def target(one: Target) -> TargetAnswer:
    """Return one target in the words of the API."""
    ping = one.ping
    return TargetAnswer(
        target=ping.target,
        state=one.state,
        cause=one.reason,
        answer_ms=ping.answer_ms,
        loss_percent=ping.loss_percent,
        seen=when(ping.at),
        seen_ns=ping.at,
    )


def latest(value: LastValue) -> Latest:
    """Return one value with its unit, and without the tags that say who sent it."""
    measurement = catalog.CATALOG[value.measurement]
    field = measurement.fields.get(value.field)
    return Latest(
        measurement=value.measurement,
        tags={tag: text for tag, text in value.tags.items() if tag in measurement.tags},
        field=value.field,
        value=value.value,
        unit=field.unit if field else "",
        at=rfc3339(value.at),
        at_ns=value.at,
    )
