"""What a measurement may contain: its tags, its fields with type and unit, and what they mean.

Where Telegraf has the measurement, names and types are Telegraf's, so that a Telegraf agent can
stand in for ours. The collector checks every line against this table, docs/measurements.md is
printed from it, and what is not here does not travel (domain.md R-61, allow-list collection).
"""

import math
from typing import Final

from core.measurements import devices, district, firewall, host, line, own, security, servers
from core.measurements.base import HEARTBEAT_S, Field, FieldType, Measurement
from core.types import Value

__all__ = ["CATALOG", "Field", "FieldType", "Measurement"]

IDENTITY_TAGS: Final = ("region", "school", "agent")
"""Added by the collector from the topic; what a payload brings under these names is replaced."""

MARK_TAGS: Final = {"accounted": "no: came without a header, so no ledger knows of it"}
"""Added by the collector to say what it knows of a line; a payload cannot set them."""

OURS: Final = frozenset({"event"} | {m.name for m in district.MEASUREMENTS})
"""Measurements that the collector alone writes; in a payload they are as good as unknown."""

PAST_THE_FILTER: Final = frozenset(m.name for m in own.MEASUREMENTS)
"""What the programs say of themselves: it comes every time, so that they are known to live."""

PYTHON_TYPES: Final[dict[FieldType, type]] = {
    "integer": int,
    "float": float,
    "boolean": bool,
    "string": str,
}

CATALOG: Final[dict[str, Measurement]] = {
    m.name: m
    for part in (host, line, servers, devices, firewall, security, own, district)
    for m in part.MEASUREMENTS
}


def type_of(value: Value) -> FieldType:
    """Return how *value* is called on the wire; bool is asked first, since it is an int too."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "float" if isinstance(value, float) else "string"


def as_markdown() -> str:
    """Return the catalogue as the page docs/measurements.md; a test compares the two."""
    lines = [
        "# Measurements",
        "",
        "Printed from `core/measurements/`: `python -m core.catalog`.",
        "",
    ]
    identity = ", ".join(f"`{tag}`" for tag in IDENTITY_TAGS)
    lines += [f"Every line also carries {identity}, unless it says otherwise."]
    lines += [f"Some carry `{tag}`: {meaning}." for tag, meaning in MARK_TAGS.items()]
    lines += [
        "",
        "The last column is for agents: by how much a number has to move before it travels "
        f"(the larger of two), else it comes each {HEARTBEAT_S} s, the heartbeat "
        "([change-filter.md](change-filter.md)).",
    ]
    for m in CATALOG.values():
        lines += ["", f"## {m.name}", "", m.meaning, ""]
        lines += [f"- tag `{tag}`: {meaning}" for tag, meaning in m.tags.items()]
        lines += [""] if m.tags else []
        lines += ["| field | type | unit | meaning | travels after |", "|---|---|---|---|---|"]
        lines += [
            f"| `{f.name}` | {f.type} | {f.unit} | {f.meaning} | {_travels(m, f)} |"
            for f in m.fields.values()
        ]
    return "\n".join(lines) + "\n"


def _travels(measurement: Measurement, field: Field) -> str:
    if measurement.name in OURS:
        return "written by the collector"
    if measurement.name in PAST_THE_FILTER:
        return "every time"
    if field.deadband == math.inf:
        return f"{field.heartbeat_s:g} s only"
    bands = [f"{field.deadband:,.10g} {field.unit}".strip()] if field.deadband else []
    if field.deadband_percent:
        bands.append(f"{field.deadband_percent:g} % of it")
    after = " or ".join(bands) or "any change"
    often = f", {field.heartbeat_s:g} s" if field.heartbeat_s != HEARTBEAT_S else ""
    return after + often + (", at once" if field.urgent else "")


if __name__ == "__main__":
    print(as_markdown(), end="")  # noqa: T201 — this is the command that the page names
