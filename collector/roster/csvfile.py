"""The rows of a CSV file.

A row is one line: a line break inside a cell is refused, because one quote too many would
otherwise swallow every row up to the next one.
"""

import csv
import re
from pathlib import Path
from typing import Final

from collector.roster.table import MAX_ROWS, NotARoster, Row, Sheet

_BREAK: Final = re.compile(r"\r\n|\n|\r")


def sheets(path: Path, content: bytes) -> list[Sheet]:
    """Return the only sheet of the file at *path*; raises NotARoster for what is no text."""
    lines = _BREAK.split(_text(path, content))
    if len(lines) > MAX_ROWS:
        raise NotARoster(f"{path}: has more than {MAX_ROWS} lines: not a roster")
    return [Sheet("", [_row(number, line) for number, line in enumerate(lines, 1)])]


def _text(path: Path, content: bytes) -> str:
    # Spreadsheets write UTF-8 with a mark, or on a Chinese Windows GB18030 without being asked.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotARoster(f"{path}: neither UTF-8 nor GB18030; save it as CSV UTF-8")


def _row(number: int, line: str) -> Row:
    if line.startswith("#"):  # a comment may hold quotes
        return Row(number, [cell.strip() for cell in line.split(",")])
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error as error:
        trouble = f"not CSV: {error}; a cell may not hold a line break"
        return Row(number, (), trouble)
    return Row(number, [cell.strip() for cell in (rows[0] if rows else [])])
