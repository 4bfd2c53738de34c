"""From a reading to its line. What InfluxDB would not give back unchanged is refused here.

One form for one content: tags in the order that InfluxDB keeps them in (by their escaped bytes),
tags without a value left out, floats as Python prints them, no escape that is not needed.
"""

import math
import re
from collections.abc import Mapping
from typing import Final

from core.errors import LineError
from core.lineprotocol_names import FIELD_KEY, MEASUREMENT, TAG_KEY, TAG_VALUE, shown
from core.types import Reading, Value
from core.wire import MAX_LINE_BYTES

MIN_TIME: Final = -(2**63) + 2
MAX_TIME: Final = 2**63 - 2
"""In ns. InfluxDB keeps the outermost numbers of 64 bits for itself."""

_MIN_INTEGER: Final = -(2**63)
_MAX_INTEGER: Final = 2**63 - 1
_NOT_IN_STRING: Final = re.compile(r"[\n\ud800-\udfff]")
_QUOTED: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})


def encode(reading: Reading) -> bytes:
    """Return *reading* as one line without newline.

    Raises LineError, which names the measurement, the tag or field, and what is wrong with it.
    """
    try:
        head = encode_head(reading.measurement, reading.tags)
        return encode_point(head, reading.fields, reading.at)
    except LineError as error:
        raise LineError(f"{shown(reading.measurement)}: {error}") from None


def encode_point(head: bytes, fields: Mapping[str, Value], at: int) -> bytes:
    """Return the line that begins with *head*, as `encode_head` gives it; raises LineError."""
    line = b"%b %b %d" % (head, encode_fields(fields), _time(at))
    if len(line) > MAX_LINE_BYTES:
        raise LineError(f"{len(line)} bytes; the limit of a line is {MAX_LINE_BYTES}")
    return line


def encode_head(measurement: str, tags: Mapping[str, str]) -> bytes:
    """Return measurement and tags as a line begins with them; raises LineError."""
    name = MEASUREMENT.write(measurement)
    pairs = sorted([_tag(key, value) for key, value in tags.items() if value != ""])
    return ",".join([name, *[f"{key}={value}" for key, value in pairs]]).encode()


def encode_fields(fields: Mapping[str, Value]) -> bytes:
    """Return *fields* as they stand in a line, in their own order; raises LineError."""
    if not fields:
        raise LineError("missing fields")
    return ",".join([f"{FIELD_KEY.write(k)}={_value(k, v)}" for k, v in fields.items()]).encode()


def _tag(key: str, value: object) -> tuple[str, str]:
    if not isinstance(value, str):
        raise LineError(f"tag {shown(key)} is {_kind(value)}; tags are strings")
    try:
        return TAG_KEY.write(key), TAG_VALUE.write(value)
    except LineError as error:
        raise LineError(f"tag {shown(key)}: {error}") from None


def _value(key: str, value: object) -> str:
    # The types' own functions: a subclass (an enum, numpy's float) may print itself otherwise.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not _MIN_INTEGER <= value <= _MAX_INTEGER:
            raise LineError(f"field {shown(key)} is an integer of more than 64 bits")
        return int.__repr__(value) + "i"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise LineError(f"field {shown(key)} is {float.__repr__(value)}, which is not a number")
        return float.__repr__(value)
    if isinstance(value, str):
        return _string(key, value)
    raise LineError(f"field {shown(key)} is {_kind(value)}; fields are numbers, booleans, strings")


def _string(key: str, value: str) -> str:
    if _NOT_IN_STRING.search(value):
        raise LineError(f"field {shown(key)} holds a newline or half of a character")
    return f'"{value.translate(_QUOTED)}"'


def _time(at: int) -> int:
    # A float would lose its last digits without a word: nanoseconds need 61 bits.
    if type(at) is not int or not MIN_TIME <= at <= MAX_TIME:
        raise LineError("time is not a whole number of nanoseconds between the years 1677 and 2262")
    return at


def _kind(value: object) -> str:
    return f"of type {type(value).__name__}"
