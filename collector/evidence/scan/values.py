"""Numbers of persons in one value: a text, a line of a log, a record, or something packed.

A count of 11 digits looks like the number of a mobile. So a bare number is one only where its name
says so: integers of line protocol and of JSON count things, and so do those in a column.
"""

import base64
import binascii
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import zstandard

from core import persondata
from core.catalog import CATALOG
from core.errors import LineError
from core.lineprotocol import parse_fields, parse_head, split_line
from core.personbytes import find_bytes
from core.persondata import Found

Place = tuple[str, Found]
"""Where in the value, "" where there is nothing to say of that, and what."""

MAX_DEPTH: Final = 4
MAX_OPENED: Final = 64_000_000
"""Bytes that are unpacked of one value."""
GZIP: Final = b"\x1f\x8b\x08"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
PERSON_NAME: Final = re.compile(
    r"phone|mobile|tel\b|tel_|contact|user|login|account|owner|person|card|identity|sfz|"
    r"手机|电话|联系|身份证|姓名|账号",
    re.IGNORECASE,
)
"""A name whose bare number may be a person's."""
_LINE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9_]*(?:,[^ ]+)? [^ =]+=.*")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


def in_value(value: object, name: str = "", depth: int = 0) -> Iterator[Place]:
    """Yield the numbers in *value*, which is called *name*."""
    if isinstance(value, str):
        yield from in_text(value, depth)
    elif isinstance(value, bytes):
        yield from in_bytes(value, depth)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from (("", found) for found in persondata.find(str(key)))
            for where, found in in_value(one, str(key), depth):
                yield _joined(str(key), where), found
    elif isinstance(value, list | tuple):
        for one in value:
            yield from in_value(one, name, depth)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (("", found) for found in _in_number(value, name))


def in_text(text: str, depth: int = 0) -> Iterator[Place]:
    """Yield the numbers in *text*; JSON and base64 in it are opened."""
    if depth < MAX_DEPTH:
        if text[:1] in ("{", "["):
            said = _json(text.encode("utf-8", "replace"))
            if said is not None:
                yield from in_value(said, "", depth + 1)
                return
        if _BASE64.fullmatch(text):
            try:
                inner = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                inner = b""
            yield from in_bytes(inner, depth + 1) if inner else ()
    data = text.encode("utf-8", "replace")
    yield from (("", found) for found in find_bytes(data))


def in_bytes(data: bytes, depth: int = 0) -> Iterator[Place]:
    """Yield the numbers in *data*, line by line, opened where it is packed."""
    if depth < MAX_DEPTH and data.startswith((GZIP, ZSTD)):
        inner = opened(data)
        if inner:
            yield from in_bytes(inner, depth + 1)
            return
    if not find_bytes(data) and b'"payload":"' not in data:
        return
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        for where, found in in_line(line, depth):
            yield _joined(f"line {number}" if len(lines) > 1 else "", where), found


def in_line(line: bytes, depth: int = 0) -> Iterator[Place]:
    """Yield the numbers in one line of a file, which may be a record or line protocol."""
    text = line.strip()
    if text.startswith(b"{") and (said := _json(text)) is not None:
        yield from in_value(said, "", depth + 1)
    elif _LINE.fullmatch(text) and (point := _point(text)):
        measurement, tags, fields = point
        known = CATALOG.get(measurement)
        for name, value in (*tags.items(), *fields.items()):
            # Of an unknown field nobody knows what its number is.
            counts = not isinstance(value, str) and known and name in known.fields
            for _, found in in_text("" if counts else f"{value}", MAX_DEPTH):
                yield f"{measurement}.{name}", found
        for name in (measurement, *tags, *fields):
            yield from (("", found) for found in persondata.find(name))
    else:
        yield from (("", found) for found in find_bytes(line))


def opened(data: bytes) -> bytes:
    """Return what *data* holds when unpacked, at most so much of it; empty where nothing."""
    try:
        if data.startswith(GZIP):
            with gzip.open(io.BytesIO(data)) as file:
                return file.read(MAX_OPENED)
        decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
        return decompressor.stream_reader(io.BytesIO(data)).read(MAX_OPENED)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return b""


def _in_number(value: float, name: str) -> Iterator[Found]:
    text = f"{value:d}" if isinstance(value, int) else f"{value:.0f}"
    for found in persondata.find(text):
        if found.kind == "identity_number" or PERSON_NAME.search(name):
            yield found


def _point(line: bytes) -> tuple[str, Mapping[str, str], Mapping[str, Any]] | None:
    try:
        head, fields, _ = split_line(line)
        return (*parse_head(head), parse_fields(fields))
    except LineError:
        return None


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return None


def _joined(one: str, other: str) -> str:
    return f"{one}, {other}" if one and other else one or other
