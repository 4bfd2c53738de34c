"""Reading a roster: a CSV file or a workbook out of a district's spreadsheet (docs/roster.md).

One bad row must not hide a thousand good ones: it is refused by its line number, and the others
go on. Every row that has something in it is a school, is refused, or is a comment.
Watch it work: schoolwatch roster check configs/roster.csv
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector.roster import columns, csvfile, rows, xlsxfile
from collector.roster.columns import Header
from collector.roster.rows import RefusedRow
from collector.roster.school import School
from collector.roster.table import (
    MAX_BYTES,
    MAX_ROWS,
    NotARoster,
    Remark,
    Row,
    Sheet,
    Weight,
    place,
)
from collector.roster.values import ERRORS, BadValue, region
from core.errors import ConfigError
from core.hints import quoted

HEADER_WITHIN: Final = 10
"""Rows at the top of a sheet among which its header is looked for, below a title say."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The good rows in the file's order, and what is to be said of the others.

    `read` counts the rows with something in them, `comments` those of them that are none;
    `digest` is that of the file's bytes.
    """

    path: Path = Path()
    schools: tuple[School, ...] = ()
    remarks: tuple[Remark, ...] = ()
    read: int = 0
    comments: int = 0
    digest: str = ""

    @property
    def refused(self) -> int:
        """How many rows are no school."""
        return sum(remark.weight == "refused" for remark in self.remarks)

    @property
    def flagged(self) -> int:
        """How many schools were taken with something to be corrected."""
        wrong = (remark for remark in self.remarks if remark.weight in {"value", "owners"})
        return len({(remark.sheet, remark.line) for remark in wrong})

    def said(self, *weights: Weight) -> list[str]:
        """Return the sentences of *weights*, or of all, each with file and line."""
        return [r.at(self.path) for r in self.remarks if not weights or r.weight in weights]


def read_roster(path: Path) -> Roster:
    """Return what the file at *path* says.

    Raises ConfigError where it cannot be opened, NotARoster where it can and is none: neither text
    nor a workbook, a column missing.
    """
    return parse(path, content_of(path))


def content_of(path: Path) -> bytes:
    """Return the bytes of the file at *path*; raises ConfigError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no system has such a path"
        raise ConfigError(f"{path}: cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise NotARoster(f"{path}: has more than {MAX_BYTES} bytes: not a roster")
    return content


def parse(path: Path, content: bytes) -> Roster:
    """Return what *content*, the bytes of the file at *path*, says; raises NotARoster."""
    kind = xlsxfile if xlsxfile.is_workbook(content) else csvfile
    sheets = kind.sheets(path, content)
    tables = [_Table(sheet, *_head(sheet)) for sheet in sheets]
    good = [table for table in tables if not table.header.mistakes]
    if not good:
        raise NotARoster("\n".join(_mistakes(path, tables[:1])))
    if sum(len(sheet.rows) for sheet in sheets) > MAX_ROWS:
        raise NotARoster(f"{path}: has more than {MAX_ROWS} rows: not a roster")
    found = _Found()
    for table in tables:
        found.take(table)
    return Roster(
        path,
        tuple(found.schools),
        tuple(found.remarks),
        found.read,
        found.comments,
        hashlib.sha256(content).hexdigest(),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """A sheet, its header, and at which of its rows that stands."""

    sheet: Sheet
    header: Header
    at: int
    line: int


def _head(sheet: Sheet) -> tuple[Header, int, int]:
    """Return the header of a sheet with its index and line: the first row that can be one.

    Where none can, the first row with something in it, whose mistakes are then told.
    """
    candidates = [
        (index, row) for index, row in enumerate(sheet.rows) if not row.empty and not _comment(row)
    ]
    for index, row in candidates[:HEADER_WITHIN]:
        found = columns.header(row.cells)
        if not found.mistakes:
            return found, index, row.line
    if not candidates:
        return columns.header(()), 0, 1
    index, first = candidates[0]
    if first.trouble:
        return Header((), (), (f"header: {first.trouble}",), (), ()), index, first.line
    return columns.header(first.cells), index, first.line


def _mistakes(path: Path, tables: Iterable[_Table]) -> Iterator[str]:
    for table in tables:
        for mistake in table.header.mistakes:
            yield f"{place(path, table.sheet.name, table.line)}: {mistake}"
    if not tables:
        yield f"{path}: has no sheet that can be seen"


def _comment(row: Row) -> bool:
    first = next(iter(row.cells), "")
    return first.startswith("#") and first not in ERRORS


@dataclass(slots=True)
class _Found:
    """What the sheets gave so far."""

    schools: list[School] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    read: int = 0
    comments: int = 0
    _places: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def take(self, table: _Table) -> None:
        """Read one sheet; one without a header is named."""
        sheet, header = table.sheet, table.header
        if header.mistakes:
            filled = sum(not row.empty for row in sheet.rows)
            if filled:
                self._say("note", sheet, 0, "", f"this sheet of {filled} rows is not read")
            return
        for row in sheet.rows[: table.at]:
            if not row.empty and not _comment(row):
                self._say("note", sheet, row.line, "", "stands above the header, and is not read")
        for text in header.suspects:
            self._say("doubt", sheet, table.line, "", text)
        for text in header.unread:
            self._say("note", sheet, table.line, "", text)
        for row in sheet.rows[table.at + 1 :]:
            if not row.empty:
                self._take_row(sheet, header, row)
        self._nameless(table)

    def _take_row(self, sheet: Sheet, header: Header, row: Row) -> None:
        self.read += 1
        if _comment(row):
            self.comments += 1
            self._doubt(sheet, header, row)
            return
        try:
            reading = rows.opened(header, sheet, row)
            school = rows.school(reading)
            self._only_once(school, sheet, row)
        except RefusedRow as reason:
            self._say("refused", sheet, row.line, "", str(reason))
            return
        self.schools.append(school)
        for weight, column, text in reading.said:
            self._say(weight, sheet, row.line, column, text)

    def _only_once(self, school: School, sheet: Sheet, row: Row) -> None:
        here = (sheet.name, row.line)
        name, line = self._places.setdefault((school.region, school.school), here)
        if (name, line) != here:
            there = f"line {line}" + (f" of sheet {quoted(name)}" if name else "")
            raise RefusedRow(f"school {school.region}/{school.school} is in {there} already")

    def _doubt(self, sheet: Sheet, header: Header, row: Row) -> None:
        """Name a comment that has a division code where a school has its own."""
        cells = dict(zip(header.fields, row.cells))
        try:
            code = region(cells.get("region", ""))
        except BadValue:
            return
        text = f"begins with # and is taken for a comment, but names region {code}"
        self._say("doubt", sheet, row.line, "", text)

    def _nameless(self, table: _Table) -> None:
        """Name the columns without a header that have something in them."""
        named = {index for index, cell in enumerate(table.header.cells) if cell}
        stray = Counter[int](
            index
            for row in table.sheet.rows[table.at + 1 :]
            if not _comment(row)
            for index, cell in enumerate(row.cells)
            if cell and index not in named
        )
        if table.sheet.separated:  # what is beyond the header is refused there
            stray = Counter({i: n for i, n in stray.items() if i < len(table.header.cells)})
        for index, count in sorted(stray.items()):
            text = f"column {index + 1} has no header; its {count} cells are not read"
            self._say("note", table.sheet, table.line, "", text)

    def _say(self, weight: Weight, sheet: Sheet, line: int, column: str, text: str) -> None:
        self.remarks.append(Remark(weight, sheet.name, line, column, text))
