r"""Line protocol as InfluxDB 1.8 and 2 read it: a point a line.

    net,interface=eth0 bytes_recv=123i,duplex="full" 1795374585000000000

Source: models/points.go of InfluxDB 1.8.10 and 2.9; tests/core/test_lineprotocol_against_influxdb
holds this module to a running server. What is taken here is taken by both versions and given back
unchanged, alone and among others. Refused on purpose although a version takes it:

- what it gives back otherwise or never, or mixes up with the next line: text after a closing
  quote, an unescaped `=` in a tag value, a backslash before what would need one, a field twice or
  named `time`, bytes that are not UTF-8
- what depends on the version: `1u`, the tags `_field` and `_measurement`
- what nobody sees: control characters in names (in string values all but the newline may stand),
  tab and NUL as space between the parts
- a newline in a string: it ends the line for every other reader on the way

Every pattern here looks at each byte a bounded number of times: 64 kB of quotes or backslashes cost
no more than 64 kB of anything else.
"""

import re
from dataclasses import dataclass
from typing import Final

from core.errors import LineError
from core.lineprotocol_encode import (
    MAX_TIME,
    MIN_TIME,
    encode,
    encode_fields,
    encode_head,
    encode_point,
)
from core.lineprotocol_fields import each_field, parse_fields, signed_number
from core.lineprotocol_names import MEASUREMENT, TAG_KEY, TAG_VALUE, decoded, shown, shown_bytes
from core.types import Value
from core.wire import MAX_LINE_BYTES

__all__ = [
    "MAX_TIME",
    "MIN_TIME",
    "Point",
    "encode",
    "encode_fields",
    "encode_head",
    "encode_point",
    "parse",
    "parse_fields",
    "parse_head",
    "parse_time",
    "split_line",
]

_SPACE: Final = re.compile(rb"(?<!\\) ")
_MISREAD: Final = re.compile(rb" ++(?:[^\\,= ]++|\\.)*+=", re.DOTALL)
_COMMA: Final = re.compile(r"(?<!\\),")
_EQUALS: Final = re.compile(r"(?<!\\)=")
_TIME: Final = re.compile(rb"(-?)(?=[0-9])0*+([0-9]*)")


@dataclass(frozen=True, slots=True)
class Point:
    """What one line says; `at` in ns, None where the line leaves it to who stores it."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value]
    at: int | None


def parse(line: bytes) -> Point:
    """Return the point in *line*, which comes without its newline; raises LineError."""
    head, fields, time = split_line(line)
    measurement, tags = parse_head(head)
    return Point(measurement, tags, parse_fields(fields), parse_time(time) if time else None)


def split_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Return head, fields and time of *line* as they stand there; the time may be empty.

    Looks only at what parts them. A line is good once parse_head, parse_fields and, where there
    is a time, parse_time have taken their parts; heads repeat, so what one means can be kept.
    Raises LineError.
    """
    if len(line) > MAX_LINE_BYTES:
        raise LineError(f"{len(line)} bytes; the limit of a line is {MAX_LINE_BYTES}")
    if b'"' not in line and b"\\" not in line:
        parts = line.split(b" ")
        if len(parts) == 3 and parts[0] and parts[1]:
            return parts[0], parts[1], parts[2]
    return _split_slowly(line)


def parse_head(head: bytes) -> tuple[str, dict[str, str]]:
    """Return measurement and tags; raises LineError."""
    text = decoded(head)
    name, *pairs = _COMMA.split(text)
    if " " in text and _SPACE.search(head):
        raise LineError("an unescaped space before the fields")
    measurement, tags = MEASUREMENT.read(name), {}
    for pair in pairs:
        key, value = _tag(pair)
        if key in tags:
            raise LineError(f"tag {shown(key)} comes twice")
        tags[key] = value
    return measurement, tags


def parse_time(time: bytes) -> int:
    """Return the time in ns; raises LineError."""
    if len(time) < 20 and time.isdigit() and (at := int(time)) <= MAX_TIME:
        return at
    number = _TIME.fullmatch(time)
    if number is None:
        raise LineError(f"time {shown_bytes(time)} is not a whole number")
    found = signed_number(number[1], number[2])
    if found is None or not MIN_TIME <= found <= MAX_TIME:
        raise LineError(f"time {shown_bytes(time)} is outside of {MIN_TIME} to {MAX_TIME}")
    return found


def _split_slowly(line: bytes) -> tuple[bytes, bytes, bytes]:
    # Where lines are parted InfluxDB takes that space for the one before the fields, then a quote
    # further on for the beginning of a string, and the next lines for the rest of it.
    if _MISREAD.match(line):
        raise LineError("a space before a measurement with '=' in its name")
    line = line.lstrip(b" ")
    space = _SPACE.search(line)
    if space is None:
        raise LineError("missing fields" if line else "an empty line")
    head, rest = line[: space.start()], line[space.end() :].lstrip(b" ")
    end = 0
    for field in each_field(rest):
        end = field.end()
    time = rest[end:].strip(b" ")
    if b" " in time:
        raise LineError(f"text after the time: {shown_bytes(time)}")
    return head, rest[:end], time


def _tag(pair: str) -> tuple[str, str]:
    key, *values = _EQUALS.split(pair)
    if len(values) > 1:
        raise LineError(f"tag {shown(key)} has an unescaped '=' in its value")
    if key and values in ([], [""]):
        raise LineError(f"tag {shown(key)} has no value")
    return TAG_KEY.read(key), TAG_VALUE.read("".join(values))
