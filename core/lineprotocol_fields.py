"""The fields of a line: where each ends, and what its value is.

Fields without quotes, backslashes and characters beyond ASCII are nearly all that an agent sends,
and go a short way; all others are walked through one by one.
"""

import math
import re
from collections.abc import Iterator
from typing import Final

from core.errors import LineError
from core.lineprotocol_names import FIELD_KEY, decoded, shown, shown_bytes
from core.types import Value

_KEY: Final = re.compile(rb"(?:[^\\,= ]++|\\.)*+", re.DOTALL)
_FIELD: Final = re.compile(
    rb'((?:[^\\,= ]++|\\.)*+)=("(?:[^"\\]++|\\.)*+"|[^", ][^, ]*+)', re.DOTALL
)
_ESCAPED_IN_STRING: Final = re.compile(r'\\(["\\])')
_INTEGER: Final = re.compile(r"(-?)(?=[0-9])0*+([0-9]*)i")
_UNSIGNED: Final = re.compile(r"[0-9]+u")
_FLOAT: Final = re.compile(r"-?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_BOOLEANS: Final = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)
_PLAIN: Final = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'"\\')
_NOT_PLAIN_KEYS: Final = FIELD_KEY.reserved | {""}


def parse_fields(fields: bytes) -> dict[str, Value]:
    """Return the fields with their values, each of its own type; raises LineError."""
    if fields.translate(None, _PLAIN):
        return _parse_slowly(fields)
    items = fields.decode().split(",")
    found: dict[str, Value] = {}
    for item in items:
        key, _, value = item.partition("=")
        if value[-1:] == "i" and value[:-1].isdigit() and len(value) < 20:
            found[key] = int(value[:-1])
        elif value.replace(".", "", 1).isdigit() and len(value) < 300:
            found[key] = float(value)
        else:
            found[key] = _unquoted(key, value)
    if len(found) != len(items) or not _NOT_PLAIN_KEYS.isdisjoint(found):
        return _parse_slowly(fields)  # which says what is wrong
    return found


def each_field(text: bytes) -> Iterator[re.Match[bytes]]:
    """Yield key and value of each field, still escaped, up to a space or the end of *text*.

    Raises LineError where the next field has no key or no value, or a quote does not close.
    """
    at = 0
    while True:
        field = _FIELD.match(text, at)
        if field is None:
            raise LineError(_why_no_field(text[at:]))
        yield field
        at = field.end()
        after = text[at : at + 1]
        if after in (b"", b" "):
            return
        if after != b",":
            raise LineError(f"field {shown_bytes(field[1])} has text after its closing quote")
        at += 1


def signed_number(sign: str | bytes, digits: str | bytes) -> int | None:
    """Return the number, None where it has more digits than 64 bits hold.

    The digits come without leading zeros, and may be as many as a line holds: Python refuses to
    read more than 4,300.
    """
    if len(digits) > 19:
        return None
    number = int(digits or 0)
    return -number if sign else number


def _why_no_field(text: bytes) -> str:
    key = _KEY.match(text)
    name = key[0] if key else b""
    if not name:
        return "missing field key" if text else "missing fields"
    if text.startswith(b'="', len(name)):
        return f"field {shown_bytes(name)} has a quote that does not close"
    return f"field {shown_bytes(name)} has no value"


def _parse_slowly(fields: bytes) -> dict[str, Value]:
    found: dict[str, Value] = {}
    end = 0
    for field in each_field(fields):
        key, value, end = FIELD_KEY.read(decoded(field[1])), decoded(field[2]), field.end()
        if key in found:
            raise LineError(f"field {shown(key)} comes twice")
        found[key] = _string(key, value) if value[0] == '"' else _unquoted(key, value)
    if end != len(fields):
        raise LineError(f"an unescaped space after the field {shown(key)}")
    return found


def _string(key: str, value: str) -> str:
    if "\n" in value:
        raise LineError(f"field {shown(key)} holds a newline")
    return _ESCAPED_IN_STRING.sub(r"\1", value[1:-1])


def _unquoted(key: str, value: str) -> Value:
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if whole := _INTEGER.fullmatch(value):
        return _integer(key, signed_number(whole[1], whole[2]))
    if _FLOAT.fullmatch(value):
        return _float(key, float(value))
    if not value:
        raise LineError(f"field {shown(key)} has no value" if key else "missing field key")
    if _UNSIGNED.fullmatch(value):
        raise LineError(f"field {shown(key)} is an unsigned integer, which InfluxDB 1.8 refuses")
    raise LineError(f"field {shown(key)} is no number, boolean or quoted string: {shown(value)}")


def _integer(key: str, number: int | None) -> int:
    if number is None or not -(2**63) <= number < 2**63:
        raise LineError(f"field {shown(key)} is an integer of more than 64 bits")
    return number


def _float(key: str, number: float) -> float:
    if math.isinf(number):
        raise LineError(f"field {shown(key)} is larger than any float")
    return number
