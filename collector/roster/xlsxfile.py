"""The rows of an XLSX workbook, every cell as the text that it would have in a CSV file.

The file comes from many hands, so it is not trusted: how much it unpacks to is looked at before,
and its own word for how large a sheet is counts for nothing.
"""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from collector.roster.table import MAX_COLUMNS, MAX_ROWS, NotARoster, Row, Sheet

MAX_UNPACKED: Final = 64_000_000
MAX_PARTS: Final = 2_000
LAST_ROW: Final = 1_048_576
"""A sheet has no more; openpyxl would count through whatever number a row claims."""
EXACT: Final = 10**15
"""From here on a spreadsheet rounds numbers."""

_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError)
_ROW: Final = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_NUMBER: Final = re.compile(rb"""\br\s*=\s*["']([^"']*)["']""")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_FILLED: Final = re.compile(r"0+")


def is_workbook(content: bytes) -> bool:
    """Tell whether this is a zip file, as every workbook is one."""
    return content.startswith(b"PK\x03\x04")


def sheets(path: Path, content: bytes) -> list[Sheet]:
    """Return the visible sheets of the workbook at *path*; raises NotARoster."""
    # Late: most rosters are CSV, and openpyxl is large.
    from openpyxl import load_workbook  # noqa: PLC0415

    formulas = _looked_at(path, content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of things that we do not read: charts, rules, styles
        try:
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            asked = load_workbook(io.BytesIO(content), read_only=True) if formulas else None
            return [
                Sheet(
                    sheet.title if len(book.worksheets) > 1 else "",
                    list(_rows(path, sheet, asked[sheet.title] if asked else None)),
                    separated=False,
                )
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
            ]
        except (NotARoster, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 — openpyxl raises whatever a bad part leads to
            raise NotARoster(f"{path}: not a workbook that can be read: {_short(error)}") from None


def _looked_at(path: Path, content: bytes) -> bool:
    """Return whether formulas are in it; raises NotARoster for what must not be unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            # More than a part declares is never unpacked.
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
                raise NotARoster(f"{path}: unpacks to more than {MAX_UNPACKED} bytes: no roster")
            formulas = False
            for part in parts:
                if part.filename.endswith(".xml"):
                    xml = archive.read(part)
                    _check_order(path, xml)
                    formulas = formulas or bool(_FORMULA.search(xml))
            return formulas
    except (*_DAMAGED, RuntimeError) as error:  # a RuntimeError where a password is asked for
        raise NotARoster(f"{path}: not a workbook that can be read: {_short(error)}") from None


def _check_order(path: Path, xml: bytes) -> None:
    """Refuse rows whose numbers do not rise: openpyxl would leave some out without a word."""
    last = 0
    for found in _ROW.finditer(xml):
        number = _NUMBER.search(found[1])
        said = number[1].decode("ascii", "replace") if number else str(last + 1)
        if not said.isdigit() or len(said) > 7 or not last < int(said) <= LAST_ROW:
            raise NotARoster(
                f"{path}: row {said[:20]} comes after row {last}; save it anew as XLSX"
            )
        last = int(said)


def _rows(path: Path, sheet: Any, asked: Any) -> Iterator[Row]:
    formulas = _all_rows(asked) if asked else None
    filled, gap = 0, None
    for line, cells in enumerate(_all_rows(sheet), 1):
        others = next(formulas, ()) if formulas else ()
        if line > LAST_ROW:
            raise NotARoster(f"{path}: has more than {LAST_ROW} rows: not a roster")
        if cells is gap:  # the same tuple again stands for each of up to a million missing rows
            continue
        gap = cells
        texts = [_text(cell) for cell in cells]
        for index, cell in enumerate(others):
            if cell.data_type == "f" and texts[index] == "":
                texts[index] = "#N/A"  # never worked out: whoever wrote the file had no spreadsheet
        while texts and not texts[-1]:
            texts.pop()
        filled += bool(texts)
        if filled > MAX_ROWS:
            raise NotARoster(f"{path}: has more than {MAX_ROWS} rows: not a roster")
        if texts:
            yield Row(line, texts)


def _all_rows(sheet: Any) -> Iterator[Any]:
    # What a sheet says of its own size may be wrong, and rows beyond it would be left out.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(min_row=1, max_col=MAX_COLUMNS))


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time().isoformat() != "00:00:00" else _day(value)
    return _day(value) if isinstance(value, date) else str(value).strip()


def _number(value: float, shape: str) -> str:
    """Return a number as the sheet shows it where that matters: no .0, and leading zeros kept."""
    if not isinstance(value, int) and not value.is_integer():
        return repr(value)
    if abs(value) >= EXACT:
        return f"{value:.14e}"
    text = str(int(value))
    return text.zfill(len(shape)) if _FILLED.fullmatch(shape) and value >= 0 else text


def _day(value: date) -> str:
    return value.strftime("%Y-%m-%d")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
