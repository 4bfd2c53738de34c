"""Which schools there are: a CSV file out of a district's spreadsheet (configs/roster.csv).

One bad row must not hide a thousand good ones: it is refused by its line number, and the others
go on. A row is one line: a line break inside a cell is refused, because one quote too many would
otherwise swallow every row up to the next one.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from collector.roster.school import Roster, School, Status
from core.errors import ConfigError
from core.fields import LEVEL_WORDS
from core.hints import nearest, quoted
from core.topics import LEVEL

MAX_BYTES: Final = 20_000_000

COLUMNS: Final[Mapping[str, str]] = {
    "region": "区划代码",
    "school": "学校代码",
    "name": "学校名称",
    "status": "状态",
}
STATUSES: Final[Mapping[str, Status]] = {
    "open": "open",
    "merged": "merged",
    "closed": "closed",
    "在办": "open",
    "撤并": "merged",
    "停办": "closed",
}

_REGION: Final = re.compile(r"[0-9]{6}")
_BREAK: Final = re.compile(r"\r\n|\n|\r")


class _RefusedRow(Exception):
    """A row that cannot be taken; the text says why."""


def read_roster(path: Path) -> Roster:
    """Return the schools in the file at *path*.

    Raises ConfigError where there is no reading it: no such file, not text, a column missing.
    """
    lines = _BREAK.split(_text(path))
    columns = _columns(path, lines[0])
    found: dict[tuple[str, str], tuple[int, School]] = {}
    problems: list[str] = []
    for number, line in enumerate(lines[1:], 2):
        try:
            school = _school(line, columns)
            if school is not None:
                first, _ = found.setdefault((school.region, school.school), (number, school))
                _only_once(school, first, number)
        except _RefusedRow as reason:
            problems.append(f"{path}:{number}: row refused: {reason}")
    return Roster(tuple(school for _, school in found.values()), tuple(problems))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no system has such a path"
        raise ConfigError(f"{path}: cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: has more than {MAX_BYTES} bytes: not a roster")
    # Spreadsheets write UTF-8 with a mark, or on a Chinese Windows GB18030 without being asked.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigError(f"{path}: neither UTF-8 nor GB18030; save it as CSV UTF-8")


def _columns(path: Path, line: str) -> list[str]:
    """Return our names of the columns in their order, "" for columns that nobody asks for."""
    try:
        header = _cells(line)
    except _RefusedRow as reason:
        raise ConfigError(f"{path}:1: header: {reason}") from None
    ours = {said: name for name, chinese in COLUMNS.items() for said in (name, chinese)}
    columns = [ours.get(cell.lower(), "") for cell in header]
    mistakes = [f"{path}:1: {text}" for text in _header_mistakes(header, columns)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return columns


def _header_mistakes(header: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    unused = [cell for cell, name in zip(header, columns) if not name]
    for name, chinese in COLUMNS.items():
        if columns.count(name) > 1:
            yield f"column {name} ({chinese}) is there twice"
        if name not in columns:
            near = nearest(name, unused) or nearest(chinese, unused)
            instead = f"; is {quoted(near)} meant?" if near else ""
            yield f"missing column {name} ({chinese}){instead}"


def _school(line: str, columns: Sequence[str]) -> School | None:
    """Return the school of one line, None for an empty one; raises _RefusedRow."""
    cells = _cells(line)
    if not any(cells):
        return None
    if any(cells[len(columns) :]):
        # A comma in a name moves everything behind it by one column.
        raise _RefusedRow(f"{len(cells)} cells for {len(columns)} columns; quote a cell's comma")
    row = dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells))
    if not _REGION.fullmatch(row["region"]):
        raise _RefusedRow(f"region {quoted(row['region'])} is not a division code of 6 digits")
    if not LEVEL.fullmatch(row["school"]):
        raise _RefusedRow(f"school {quoted(row['school'])} is not {LEVEL_WORDS}")
    status = STATUSES.get(row["status"].lower())
    if status is None:
        raise _RefusedRow(f"status {quoted(row['status'])} is none of {', '.join(STATUSES)}")
    return School(row["region"], row["school"], row["name"], status)


def _cells(line: str) -> list[str]:
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error as error:
        raise _RefusedRow(f"not CSV: {error}; a cell may not hold a line break") from None
    return [cell.strip() for cell in (rows[0] if rows else [])]


def _only_once(school: School, first: int, number: int) -> None:
    if first != number:
        raise _RefusedRow(f"school {school.region}/{school.school} is in line {first} already")
