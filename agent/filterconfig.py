"""`[filter]` of agent.toml: by how much a number has to move before it travels."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from agent.filter import Changes, Override
from core.catalog import CATALOG, OURS, PAST_THE_FILTER, Measurement
from core.errors import ConfigError
from core.hints import hint, quoted, shown
from core.keys import spoken
from core.measurements.base import HEARTBEAT_S
from core.options import fitted
from core.tomllines import KeyPath

Found = Iterator[tuple[KeyPath, str]]

# No longer than the collector reckons with: a value would count as unknown between two heartbeats.
Heartbeat = Annotated[float, Meta(ge=10, le=HEARTBEAT_S)]
OPTIONS: Final[dict[str, Any]] = {
    "deadband": Annotated[float, Meta(ge=0)],
    "deadband_percent": Annotated[float, Meta(ge=0, le=100)],
    "heartbeat_s": Annotated[float, Meta(ge=1, le=HEARTBEAT_S)],
}
DEADBANDS: Final = ("deadband", "deadband_percent")
NUMBERS: Final = ("integer", "float")


class FilterConfig(Struct, frozen=True, kw_only=True):
    """Whether what did not change stays at home; `fields`: by measurement, then by field."""

    enabled: bool = True
    heartbeat_s: Heartbeat = HEARTBEAT_S
    fields: Annotated[
        dict[str, Any],
        Meta(description="limits of single fields, like ping.ttl = { heartbeat_s = 60 }"),
    ] = {}

    def changes(self) -> Changes:
        """Return what the filter is told, of a table without mistakes."""
        overrides = {
            (measurement, name): Override(**{key: float(value) for key, value in options.items()})
            for measurement, fields in self.fields.items()
            for name, options in fields.items()
        }
        return Changes(self.enabled, self.heartbeat_s, overrides)


def filter_mistakes(config: FilterConfig) -> Found:
    """Say what in `[filter.fields]` is no field or no limit."""
    for name, fields in config.fields.items():
        for at, text in _of_measurement(name, fields):
            yield ("fields", *at), text


def _of_measurement(name: str, fields: object) -> Found:
    known = CATALOG.get(name)
    if known is None or name in PAST_THE_FILTER:
        here = [one for one in CATALOG if one not in PAST_THE_FILTER | OURS]
        what = f"goes past the filter{hint(name, here)}" if known else _unknown(name, here)
        yield (name,), f"[filter.fields] measurement {quoted(name)} {what}"
    elif not isinstance(fields, dict):
        right = f"expected fields, like {name}.{next(iter(known.fields))} = {{ heartbeat_s = 60 }}"
        yield (name,), f"{_place(name)} is {shown(fields)}; {right}"
    else:
        for field, options in fields.items():
            yield from (((name, *at), text) for at, text in _of_field(known, field, options))


def _of_field(measurement: Measurement, name: str, options: object) -> Found:
    known, place = measurement.fields.get(name), _place(measurement.name, name)
    if known is None:
        unknown = _unknown(name, measurement.fields)
        yield (name,), f"{_place(measurement.name)} field {quoted(name)} {unknown}"
    elif not isinstance(options, dict):
        right = "expected a table, like { deadband = 1.0 }"
        yield (name,), f"{place} is {shown(options)}; {right}"
    else:
        for option, value in options.items():
            mistake = _option_mistake(option, value)
            if not mistake and option in DEADBANDS and known.type not in NUMBERS:
                mistake = f"is for numbers; this is a {known.type}, of which every change travels"
            if mistake:
                yield (name, option), f"{place} {quoted(option)} {mistake}"


def _option_mistake(option: str, value: object) -> str:
    if option not in OPTIONS:
        return _unknown(option, OPTIONS)
    try:
        fitted(value, OPTIONS[option])
    except ConfigError as error:
        return str(error)
    return ""


def _unknown(name: str, known: Mapping[str, object] | list[str]) -> str:
    near = hint(name, known)
    return f"is unknown{near or '; there are ' + ', '.join(known)}"


def _place(*names: str) -> str:
    return spoken(("filter", "fields", *names))
