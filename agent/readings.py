"""Whether what a probe returned may travel: only what the catalogue knows, and as it knows it."""

from itertools import islice
from math import isfinite

from core.catalog import CATALOG, Measurement, type_of
from core.errors import LineError
from core.lineprotocol import encode
from core.types import Reading, Value


def mistake(reading: object) -> str:
    """Return what keeps *reading* from travelling, or an empty string."""
    if not isinstance(reading, Reading):
        return f"returned {type(reading).__name__}, which is no Reading"
    known = CATALOG.get(reading.measurement)
    if known is None:
        return f"measurement {reading.measurement!r} is not in the catalogue (core/measurements/)"
    found = _unknown_tag(reading, known) or _wrong_field(reading, known)
    return f"{reading.measurement!r}: {found}" if found else _not_a_line(reading)


def _unknown_tag(reading: Reading, known: Measurement) -> str:
    return next((f"unknown tag {tag!r}" for tag in reading.tags if tag not in known.tags), "")


def _wrong_field(reading: Reading, known: Measurement) -> str:
    for name, value in reading.fields.items():
        field = known.fields.get(name)
        if field is None:
            return f"unknown field {name!r}"
        if type_of(value) != field.type:
            return f"field {name!r} is {type(value).__name__}; the catalogue says {field.type}"
    return ""


def _not_a_line(reading: Reading) -> str:
    # A number that fits is a line's already: only what is not one is encoded, and one field of all.
    doubtful = {name: value for name, value in reading.fields.items() if not _fits(value)}
    fields = doubtful or dict(islice(reading.fields.items(), 1))
    try:
        encode(Reading(reading.measurement, fields, reading.at, reading.tags))
    except LineError as error:
        return str(error)
    return ""


def _fits(value: Value) -> bool:
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return type(value) is float and isfinite(value)
