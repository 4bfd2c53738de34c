"""Which lines of a body InfluxDB means by its words; guesses are for the caller to prove.

The words of 1.8.10 and 2.9.1, as they answered tests/collector/store/test_influx.py:

    unable to parse 'm v=': missing field value
    field type conflict: input field "v" on measurement "m" is type float, already exists as type
        integer dropped=1
    points beyond retention policy dropped=2
    dropped 2 points outside retention policy of duration 1h0m0s - oldest point … dropped=2 …
"""

import re
from collections.abc import Sequence
from typing import Final

from core import lineprotocol
from core.catalog import type_of
from core.errors import LineError

_DAMAGED: Final = "unable to parse '"
_CONFLICT: Final = re.compile(
    r'input field "(.*)" on measurement "(.*)" is type (\w{1,20}), already exists as type', re.S
)
_TOO_OLD: Final = re.compile(r"beyond retention policy|outside retention policy")
_DROPPED: Final = re.compile(r"dropped=([0-9]{1,9})")


def named(lines: Sequence[bytes], words: str) -> dict[bytes, str]:
    """Return line → words for each of *lines* that *words* quote as damaged."""
    there = set(lines)
    found = {}
    for one in words.split("\n"):
        quoted = one.removeprefix("partial write: ")
        if not quoted.startswith(_DAMAGED):
            continue
        text, _, _ = quoted.removeprefix(_DAMAGED).rpartition("': ")
        line = text.encode(errors="replace")
        if line in there:
            found[line] = quoted
    return found


def suspected(lines: Sequence[bytes], words: str) -> tuple[list[bytes], int]:
    """Return the lines that *words* may mean, and how many lines they say were dropped."""
    number = _DROPPED.search(words)
    count = int(number[1]) if number else 0
    conflict = _CONFLICT.search(words)
    if conflict:
        field, measurement, type_ = conflict.groups()
        return [line for line in lines if _has(line, measurement, field, type_)], count
    if _TOO_OLD.search(words):
        return _oldest(lines, count), count
    # Any other reason, as too many values of a tag: known only where it is said of all lines.
    return list(lines) if count == len(lines) else [], count


def _has(line: bytes, measurement: str, field: str, type_: str) -> bool:
    try:
        point = lineprotocol.parse(line)
    except LineError:
        return False
    value = point.fields.get(field)
    return point.measurement == measurement and value is not None and type_of(value) == type_


def _oldest(lines: Sequence[bytes], count: int) -> list[bytes]:
    """Return the *count* lines with the earliest times, in their order."""
    times = [_time(line) for line in lines]
    chosen = sorted(range(len(lines)), key=times.__getitem__)[:count]
    return [lines[number] for number in sorted(chosen)]


def _time(line: bytes) -> int:
    try:
        return lineprotocol.parse_time(line.rpartition(b" ")[2])
    except LineError:
        return 0
