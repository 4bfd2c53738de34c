"""What a caller of `/api/v1/series` asks for, checked against the catalogue before the store works.

Everything here may come from anybody who reaches the port: every number is bounded before it is
read, and every refusal names the parameter and what would be right.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast, get_args

from collector.store.base import Aggregate, RangeQuery
from collector.web.held import HOWS, How, Span
from core import catalog, topics
from core.clock import SECOND
from core.errors import MonitorError
from core.hints import hint
from core.types import Identity

MAX_POINTS: Final = 2_000
"""Points of one series in one answer."""

MAX_READ: Final = 100_000
"""Points that one question may take out of the store."""

LONGEST_PARAMETER: Final = 200
LATEST: Final = 2**63 - 1
"""The last nanosecond that a store can hold: in the year 2262."""

ALWAYS: Final = ("region", "school", "agent")
SERIES: Final = (
    *ALWAYS,
    "measurement",
    "field",
    "group_by",
    "start",
    "stop",
    "window",
    "aggregate",
)
AGGREGATES: Final[tuple[str, ...]] = get_args(Aggregate)
_OF_ANY_TYPE: Final = ("count", "first", "last")
_DURATION: Final = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d)", re.ASCII)
_UNITS: Final = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_UNITS["d"] = 24 * _UNITS["h"]
_NANOSECONDS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ParameterError(MonitorError):
    """A parameter that the caller has to correct; `parameter` is its name."""

    def __init__(self, parameter: str, mistake: str) -> None:
        super().__init__(f"{parameter}: {mistake}")
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """A question to the store, and what is made of its answer.

    With `rate` the counter's rise per second is wanted, once per window where there is one; with
    `how` what held in each window. Both need what was before the start.
    """

    query: RangeQuery
    field: catalog.Field
    who: Identity
    span: Span
    group_by: tuple[str, ...]
    rate: bool
    how: How | None
    holds: int

    @property
    def states(self) -> tuple[RangeQuery, ...]:
        """The questions whose answers say when the state of a series changed."""
        if self.how is None:
            return ()
        names = catalog.CATALOG[self.query.measurement].states
        return tuple(replace(self.query, field=name) for name in names if name != self.field.name)


def identity(words: Mapping[str, str]) -> Identity:
    """Return whose values are asked for; raises ParameterError."""
    who = Identity(*(_needed(words, name) for name in ALWAYS))
    mistake = topics.identity_mistake(who)
    if mistake:
        raise ParameterError(mistake.split(" ", 1)[0], mistake)
    return who


def once(pairs: Iterable[tuple[str, str]], known: tuple[str, ...] = ALWAYS) -> dict[str, str]:
    """Return parameters by name; raises ParameterError for one that is unknown, long or twice."""
    words: dict[str, str] = {}
    for name, word in pairs:
        if name not in known and not (known is SERIES and name.startswith("tag.")):
            raise ParameterError(name[:40], f"there is no such parameter{hint(name, known)}")
        if len(word) > LONGEST_PARAMETER:
            raise ParameterError(name[:40], f"longer than {LONGEST_PARAMETER} characters")
        if name in words:
            raise ParameterError(name[:40], "given twice")
        words[name] = word
    return words


def series(pairs: Iterable[tuple[str, str]], now: int) -> SeriesRequest:
    """Return the question that parameters ask; raises ParameterError."""
    words = once(pairs, SERIES)
    who = identity(words)
    measurement = _measurement(words)
    field = _field(words, measurement)
    group_by = _group_by(words, measurement)
    tags = _tags(words, measurement)
    start, stop = _times(words, now)
    window = _window(words, stop - start)
    word = _aggregate(words, field, window)
    rate, how = word == "rate", cast(How, word) if word in HOWS else None
    if rate:
        _check_one_counter_each(measurement, {*group_by, *tags})
    holds = int(measurement.holds_s * SECOND)
    of_the_store = not rate and how is None
    query = RangeQuery(
        measurement=measurement.name,
        field=field.name,
        start=start if of_the_store else max(0, start - holds),
        stop=stop,
        aggregate=cast(Aggregate, word) if word and of_the_store else None,
        window=window if of_the_store else None,
        tags={"region": who.region, "school": who.school, "agent": who.agent} | tags,
        # A value holds until the next one of its own series.
        group_by=tuple(measurement.tags) if how else group_by,
        limit=MAX_READ + 1,
    )
    return SeriesRequest(query, field, who, Span(start, stop, window), group_by, rate, how, holds)


def moment(words: Mapping[str, str], name: str, default: int) -> int:
    """Return the time under *name* in ns: nanoseconds, or RFC 3339 with its zone."""
    word = words.get(name)
    if not word:
        return default
    at = int(word) if _NANOSECONDS.fullmatch(word) else _rfc3339(name, word)
    if not 0 <= at <= LATEST:
        raise ParameterError(name, "not between 1970 and 2262")
    return at


def whole(words: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Return the number under *name*, from 0 to *most*."""
    word = words.get(name, "")
    if not word:
        return default
    if not (word.isascii() and word.isdecimal() and len(word) <= 15 and int(word) <= most):
        raise ParameterError(name, f"not a whole number from 0 to {most}")
    return int(word)


def duration(word: str) -> int | None:
    """Return *word*, `10s` or `5m` or `1h`, in ns; None where it is none."""
    match = _DURATION.fullmatch(word)
    return int(match[1]) * _UNITS[match[2]] if match else None


def _rfc3339(name: str, word: str) -> int:
    try:
        at = datetime.fromisoformat(word)
        return (at - _EPOCH) // timedelta(microseconds=1) * 1000
    except (ValueError, TypeError):
        # A TypeError for a time without its zone, which is a different moment for everybody.
        raise ParameterError(
            name,
            f"{word[:40]!r} is neither nanoseconds since 1970 nor a time with its zone, "
            "like 2026-11-22T08:00:00Z (in an address a '+' is written %2B)",
        ) from None


def _times(words: Mapping[str, str], now: int) -> tuple[int, int]:
    stop = moment(words, "stop", now)
    start = moment(words, "start", max(0, stop - 3600 * SECOND))
    if start >= stop:
        raise ParameterError("start", "not before stop")
    return start, stop


def _window(words: Mapping[str, str], length: int) -> int | None:
    word = words.get("window")
    if not word:
        return None
    window = duration(word)
    if window is None:
        raise ParameterError("window", f"{word[:40]!r} is not a duration like 10s, 5m or 1h")
    if length // window > MAX_POINTS:
        raise ParameterError("window", f"more than {MAX_POINTS} windows between start and stop")
    return window


def _aggregate(words: Mapping[str, str], field: catalog.Field, window: int | None) -> str:
    word = words.get("aggregate") or (_default(field) if window else "")
    mistake = _aggregate_mistake(word, field)
    if mistake:
        raise ParameterError("aggregate", mistake)
    return word


def _aggregate_mistake(word: str, field: catalog.Field) -> str:
    if word and word not in (*AGGREGATES, "rate"):
        return f"{word[:40]!r} is none of {', '.join(AGGREGATES)}, rate"
    if word == "rate" and field.type != "integer":
        return f"rate is for counters; {field.name} is a {field.type}"
    if word and field.type in ("string", "boolean") and word not in _OF_ANY_TYPE:
        return f"{field.name} is a {field.type}: only {', '.join(_OF_ANY_TYPE)}"
    return ""


def _default(field: catalog.Field) -> str:
    return "mean" if field.type in ("integer", "float") else "last"


def _check_one_counter_each(measurement: catalog.Measurement, told: set[str]) -> None:
    # The rise of several counters mixed into one series would be nonsense that looks like traffic.
    missing = [tag for tag in measurement.tags if tag not in told]
    if missing:
        raise ParameterError(
            "group_by", f"rate needs one counter a series; add {', '.join(missing)}"
        )


def _measurement(words: Mapping[str, str]) -> catalog.Measurement:
    name = _needed(words, "measurement")
    found = catalog.CATALOG.get(name)
    if found is None:
        raise ParameterError("measurement", f"unknown {name[:40]!r}{hint(name, catalog.CATALOG)}")
    return found


def _field(words: Mapping[str, str], measurement: catalog.Measurement) -> catalog.Field:
    name = _needed(words, "field")
    found = measurement.fields.get(name)
    if found is None:
        near = hint(name, measurement.fields)
        raise ParameterError("field", f"{measurement.name} has no field {name[:40]!r}{near}")
    return found


def _group_by(words: Mapping[str, str], measurement: catalog.Measurement) -> tuple[str, ...]:
    names = [name for name in words.get("group_by", "").split(",") if name]
    for name in names:
        _check_tag("group_by", name, measurement)
    return tuple(dict.fromkeys(names))


def _tags(words: Mapping[str, str], measurement: catalog.Measurement) -> dict[str, str]:
    tags = {name.removeprefix("tag."): words[name] for name in words if name.startswith("tag.")}
    for name in tags:
        _check_tag(f"tag.{name}"[:40], name, measurement)
    return tags


def _check_tag(parameter: str, name: str, measurement: catalog.Measurement) -> None:
    if name not in measurement.tags:
        known = ", ".join(measurement.tags) or "none"
        raise ParameterError(
            parameter, f"{measurement.name} has no tag {name[:40]!r}; it has {known}"
        )


def _needed(words: Mapping[str, str], name: str) -> str:
    word = words.get(name)
    if not word:
        raise ParameterError(name, "is missing")
    return word
