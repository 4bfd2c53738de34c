"""The files with the log's lines: one a UTC day, older ones a month; finished ones with gzip.

`2026-11-29.jsonl`, `2026-11-28.jsonl.gz`; what was written before there were days is
`2026-10.jsonl` and comes before the days of its month. Of a segment that is there twice, as a crash
while it was sealed leaves it, the plain file counts.
"""

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from core import clock
from core.errors import LogDamaged

SEALED: Final = ".gz"
MOST_LINE_BYTES: Final = 2_000_000
"""A record is at most as large as a message, 256 kB; what is larger is none."""

_NAME: Final = re.compile(r"[0-9]{4}-[0-9]{2}(-[0-9]{2})?\.jsonl(\.gz)?")
_CHUNK: Final = 1 << 20


class _Numbered(msgspec.Struct):
    row: int


def day_name(received: int) -> str:
    """Return the name of the segment for what was received at that time (ns)."""
    return f"{clock.rfc3339(received)[:10]}.jsonl"


def plain_name(path: Path) -> str:
    """Return the name that the segment has or had before it was sealed."""
    return path.name.removesuffix(SEALED)


def order(path: Path) -> str:
    """Return what segments are sorted by: the day; a month comes before its days."""
    stem = path.name.partition(".")[0]
    return stem if len(stem) > len("YYYY-MM") else f"{stem}-00"


def after(path: Path) -> Path:
    """Return the segment that may follow a sealed one on the same day, by a clock set back."""
    day = order(path)
    if day.endswith("-00"):
        return path.with_name(f"{day[:-1]}1.jsonl")
    return path.with_name(f"{date.fromisoformat(day) + timedelta(1)}.jsonl")


def fits_name(path: Path, received: int, before: Path | None) -> bool:
    """Return whether a segment whose first row was received then has its name from the log.

    It is that of the row's day, or month; by a clock that was set back the one after *before*.
    """
    day, name = day_name(received).partition(".")[0], path.name.partition(".")[0]
    if name == day[: len(name)]:
        return True
    return before is not None and order(before) >= day and order(path) == order(after(before))


def segments(folder: Path) -> list[Path]:
    """Return the files of the segments, each once, in order; raises OSError."""
    found = dict[str, Path]()
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and (path.suffix != SEALED or order(path) not in found):
            found[order(path)] = path
    return [found[key] for key in sorted(found)]


def open_segment(path: Path) -> BinaryIO:
    """Open a segment for reading, also where it was sealed since *path* was listed."""
    if path.suffix != SEALED:
        try:
            return path.open("rb")
        except FileNotFoundError:
            path = path.with_name(path.name + SEALED)
    return io.BufferedReader(gzip.open(path), _CHUNK)


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Return every line with its newline, and its number in the file from 1 on.

    Raises LogDamaged where the file cannot be unpacked, or a line is longer than any record.
    """
    number = 0
    with open_segment(path) as file:
        try:
            while line := file.readline(MOST_LINE_BYTES + 1):
                number += 1
                if len(line) > MOST_LINE_BYTES:
                    raise LogDamaged(path, number, f"line {number} is longer than any record")
                yield number, line
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise LogDamaged(path, number + 1, f"it cannot be unpacked: {error}") from None


def row_in(path: Path, number: int, line: bytes) -> int:
    """Return the row that a line says it is; raises LogDamaged."""
    try:
        return msgspec.json.decode(line, type=_Numbered).row
    except msgspec.DecodeError as error:
        raise LogDamaged(path, number, f"line {number} is no record: {error}") from None


def first_row(path: Path) -> int:
    """Return the row that a segment begins with, 0 where it is empty; raises LogDamaged."""
    for number, line in numbered_lines(path):
        return row_in(path, number, line)
    return 0


def segment_of(folder: Path, row: int) -> list[Path]:
    """Return the segments that hold *row* and what follows; all where the log begins later."""
    found = segments(folder)
    for number, path in reversed(list(enumerate(found))):
        if 0 < first_row(path) <= row:
            return found[number:]
    return found


def backwards(path: Path) -> Iterator[bytes]:
    """Return the lines of a segment with their newlines, the last first.

    Of a plain file only as much is read as is asked for. What follows the last newline is no line.
    """
    with open_segment(path) as file:
        end, rest = file.seek(0, os.SEEK_END) if path.suffix != SEALED else -1, b""
        if end < 0:
            yield from reversed(list(file))
            return
        whole = False
        while end:
            begin = max(0, end - _CHUNK)
            file.seek(begin)
            parts = (file.read(end - begin) + rest).split(b"\n")
            rest, end = parts[0], begin
            if not whole:
                parts.pop()  # behind the last newline
                whole = bool(parts)
                if not parts:
                    rest = b""
                    continue
            for line in reversed(parts[1:]):
                yield line + b"\n"
        if whole:
            yield rest + b"\n"


def last_lines(folder: Path, row: int) -> list[tuple[int, bytes, Path]]:
    """Return the lines from *row* up to the log's end, each with its row and file, in order.

    Read from the end, so the time goes with what is returned, not with the log. Raises LogDamaged
    where the rows do not follow one another.
    """
    found = list[tuple[int, bytes, Path]]()
    for path in reversed(segments(folder)):
        for line in backwards(path):
            number = _row_before(path, line, found[-1][0] if found else 0)
            if found and number != found[-1][0] - 1:
                raise LogDamaged(path, number, f"row {found[-1][0]} follows row {number}")
            if number < row:
                return found[::-1]
            found.append((number, line, path))
            if number == row:
                return found[::-1]
    return found[::-1]


def _row_before(path: Path, line: bytes, following: int) -> int:
    try:
        return msgspec.json.decode(line, type=_Numbered).row
    except msgspec.DecodeError as error:
        row = max(0, following - 1)
        raise LogDamaged(
            path, row, f"what stands before row {following} is no record: {error}"
        ) from None
