"""Rosters as text and as workbooks, and what is said of them without the file's name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from collector.roster import Roster, School, read_roster
from collector.roster.table import Weight

HEADER = "region,school,name,status\n"
OWNED = (
    "区划代码,学校代码,学校名称,状态,主管责任人,主管电话,运维责任人,运维电话,使用责任人,使用电话\n"
)
OWNERS = "王主任,0571-1,李工,0571-2,张校长,0571-3"


def read(file: Path, text: str) -> Roster:
    """Return what is read of a CSV file with *text*."""
    file.write_text(text, encoding="utf-8", newline="")
    return read_roster(file)


def one(file: Path, header: str, row: str) -> tuple[School, list[str]]:
    """Return a school of Hangzhou with more columns, and what is said besides its owners."""
    roster = read(file, f"区划代码,学校代码,状态,{header}\n330102,3111,在办,{row}\n")
    assert len(roster.schools) == 1, roster.remarks
    return roster.schools[0], said(roster, "value", "doubt", "note")


def said(roster: Roster, *weights: Weight) -> list[str]:
    """Return what is said, each beginning with its line."""
    return [sentence.removeprefix(f"{roster.path}:") for sentence in roster.said(*weights)]


def workbook(file: Path, *sheets: Sequence[Sequence[Any]], names: Sequence[str] = ()) -> Path:
    """Write a workbook of *sheets* and return its path."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(names[number] if names else f"表{number + 1}")
        for row in rows:
            sheet.append(list(row))
    book.save(file)
    return file
