"""A timetable from a spreadsheet: XLSX or CSV, read as the list of schools is.

A bad row is named by its line and stops none of the others.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from alerts.calendar.rows import LONGEST_NAME, Bad, BadRow, Read
from alerts.calendar.timetable import Lesson
from alerts.targets.days import Hours
from collector.roster import csvfile, xlsxfile
from collector.roster.table import NotARoster, Row, Sheet
from collector.timetable import cells as columns
from core.errors import ConfigError
from core.topics import LEVEL

HEADER_WITHIN: Final = 10
"""Rows at the top of a sheet among which its header is looked for, below a title say."""

Periods = Callable[[str], Sequence[Hours]]
"""Gives the first, second and further period of a school."""


def timetable(
    path: Path, content: bytes, region: str, school: str, periods: Periods
) -> Read[Lesson]:
    """Return the lessons of *content*; *region* and *school* stand where a row names none.

    Raises ConfigError where it is no timetable at all.
    """
    kind = xlsxfile if xlsxfile.is_workbook(content) else csvfile
    try:
        sheets = kind.sheets(path, content)
    except NotARoster as error:
        raise ConfigError(str(error).replace("roster", "timetable")) from None
    found, mistakes = Read[Lesson](), list[str]()
    for sheet in sheets:
        at, mistake = _header(sheet)
        if at is None:
            mistakes.append(mistake)
            continue
        fields = columns.fields_of(sheet.rows[at].cells)
        for row in sheet.rows[at + 1 :]:
            if not row.empty and not next(iter(row.cells), "").startswith("#"):
                _take(found, row, fields, (region, school), periods)
    if len(mistakes) == len(sheets):
        raise ConfigError(f"{path}: no timetable: {mistakes[0] if mistakes else 'it is empty'}")
    return found


def _header(sheet: Sheet) -> tuple[int | None, str]:
    """Return where the header of a sheet is, or what its first row lacks."""
    first = "it is empty"
    for index, row in enumerate(sheet.rows[:HEADER_WITHIN]):
        if row.empty:
            continue
        mistake = columns.missing(columns.fields_of(row.cells))
        if not mistake:
            return index, ""
        first = mistake if first == "it is empty" else first
    return None, first


def _take(
    found: Read[Lesson],
    row: Row,
    fields: Sequence[str],
    place: tuple[str, str],
    periods: Periods,
) -> None:
    found.rows += 1
    try:
        if row.trouble:
            raise BadRow(row.trouble)
        cells = {field: cell for field, cell in zip(fields, row.cells) if field and cell}
        found.good.append(_lesson(cells, place, periods))
    except BadRow as why:
        found.bad.append(Bad(row.line, str(why)))


def _lesson(cells: Mapping[str, str], place: tuple[str, str], periods: Periods) -> Lesson:
    region, school = cells.get("region", place[0]), cells.get("school", place[1])
    for name, word in (("region", region), ("school", school)):
        if not LEVEL.fullmatch(word):
            raise BadRow(f"names no {name}" if not word else f"{name} {word!r} is no code of one")
    where = f"{region}/{school}"
    if not cells.get("room"):
        raise BadRow("names no room")
    begins, ends = columns.hours(cells, periods(where))
    return Lesson(
        *(where, cells["room"][:LONGEST_NAME], begins, ends),
        weekday=columns.weekday(cells.get("weekday", "")),
        weeks=columns.weeks(cells.get("weeks", "")),
        live=columns.is_live(cells.get("kind", "")),
        subject=cells.get("subject", "")[:LONGEST_NAME],
    )
