"""The report as a workbook; the first line of every sheet, and its printed head, say what it is."""

import io
from collections.abc import Iterable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from collector.coverage import COMMANDS, ROUTES
from collector.evidence.report import words
from collector.evidence.report.finding import Counted, Finding
from collector.evidence.report.judge import Report
from core import clock
from core.alerts import Text

MOST_CELL: Final = 32_000
"""Characters: a cell takes 32,767."""
_HEAD_ROW: Final = 3
_WRAP: Final = Alignment(wrap_text=True, vertical="top")
_SHADE: Final = PatternFill("solid", start_color="F3F5F8")
_RED: Final = "A61B1B"


def xlsx(report: Report) -> bytes:
    """Return the workbook."""
    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    _summary(book, report)
    _clauses(book, report)
    _evidence(book, report)
    _police(book, report)
    _covered(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _summary(book: Workbook, report: Report) -> None:
    zone = ZoneInfo(report.zone)
    period = f"{clock.minute(report.start, zone)} – {clock.minute(report.stop, zone)}"
    rows: list[Sequence[Any]] = [
        (_both(words.TITLE), report.collector, "", ""),
        ("期间 period", f"{period} ({report.zone})", "", ""),
        ("生成时间 made at", clock.minute(report.at, zone), "", ""),
        ("程序版本 version", f"schoolwatch {report.version}", "", ""),
        ("结果摘要 digest", f"sha256 {report.digest()}", "", ""),
    ]
    for level in (3, 2):
        counts = report.counts(3 if level == 3 else 2)
        said = "；".join(f"{text.zh} {counts[word]}" for word, text in words.VERDICTS.items())
        rows.append((f"{level} 级 level {level}", said, "", ""))
    rows += [
        (one.id, _both(one.figure), _both(one.name), _both(one.target)) for one in report.indicators
    ]
    rows += [
        (_both(words.VERDICTS[word]), _both(text), "", "") for word, text in words.MEANING.items()
    ]
    rows.append((_both(words.HOW_TO_COUNT), "", "", ""))
    heads = ("项目 item", "数值 figure", "名称 name", "要求 asked")
    _sheet(book, "概要 Summary", heads, (34, 70, 34, 28), rows)


def _clauses(book: Workbook, report: Report) -> None:
    heads = (
        *("三级 level 3", "二级 level 2", "编号依据 number", "名称 name", "要求 asks"),
        *("覆盖 coverage", "三级结论 verdict 3", "二级结论 verdict 2", "数值 figure"),
        *("缺口与下一步 gaps, next", "人工说明 statements", "证据数 evidence"),
    )
    rows = [
        (
            *(one.clause.l3, one.clause.l2 or "–", _both(words.NUMBERS[one.clause.number])),
            *(_both(one.clause.name), _both(one.clause.asks)),
            _both(words.COVERAGES[one.clause.coverage]),
            *(_both(words.VERDICTS[one.verdict(level)]) for level in (3, 2)),
            *(_figures(one.finding), _gaps(one.finding)),
            "\n".join(text.zh for text in one.finding.stated),
            len(_counted(one.finding)),
        )
        for one in report.clauses
    ]
    widths = (12, 12, 18, 24, 44, 14, 12, 12, 50, 60, 30, 8)
    _sheet(book, "条款 Clauses", heads, widths, rows)


def _evidence(book: Workbook, report: Report) -> None:
    heads = ("条款 clause", "来源 source", "查询 query", "数量 count", "行 rows", "SHA-256")
    named = [(one.clause.l3, one.finding) for one in report.clauses]
    named += [(f"151-10({one.item.number})", one.finding) for one in report.police]
    rows = [
        (name, one.source, one.query, one.count, one.rows, one.sha256)
        for name, finding in named
        for one in _counted(finding)
    ]
    _sheet(book, "证据 Evidence", heads, (18, 20, 80, 12, 20, 68), rows)


def _police(book: Workbook, report: Report) -> None:
    heads = (
        "项目 item",
        "结论 verdict",
        "数值 figure",
        "缺口与下一步 gaps, next",
        "人工说明 statements",
    )
    rows = [
        (
            f"({one.item.number}) {one.item.zh} {one.item.en}",
            _both(words.VERDICTS[one.finding.verdict()]),
            *(_figures(one.finding), _gaps(one.finding)),
            "\n".join(text.zh for text in one.finding.stated),
        )
        for one in report.police
    ]
    _sheet(book, "公安部令151号第十条", heads, (44, 14, 60, 70, 30), rows)


def _covered(book: Workbook) -> None:
    rows = [
        (name, " ".join(one.kinds), _both(one.why) if one.why else "")
        for name, one in {**ROUTES, **COMMANDS}.items()
    ]
    _sheet(book, "操作与记录 Acts", [*map(_both, words.COVERED_HEADS)], (44, 60, 70), rows)


def _sheet(
    book: Workbook,
    title: str,
    heads: Sequence[str],
    widths: Sequence[int],
    rows: Iterable[Sequence[Any]],
) -> None:
    sheet: Worksheet = book.create_sheet(title)
    sheet.append([words.SELF_CHECK.zh])
    sheet.append([words.SELF_CHECK.en])
    sheet.append([*heads])
    for row in rows:
        sheet.append([_cell(value) for value in row])
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for cells in sheet.iter_rows(min_row=_HEAD_ROW):
        for cell in cells:
            cell.alignment = _WRAP
            if isinstance(cell.value, str):
                cell.data_type = "s"  # what begins with = is no formula here
    for cell in sheet[_HEAD_ROW]:
        cell.font, cell.fill = Font(bold=True), _SHADE
    for number in (1, 2):
        sheet.cell(number, 1).font = Font(bold=True, color=_RED)
    sheet.freeze_panes = f"A{_HEAD_ROW + 1}"
    # On paper, on each page of the sheet.
    sheet.print_title_rows = f"1:{_HEAD_ROW}"
    for place, text in (
        (sheet.oddHeader, words.SELF_CHECK.zh),
        (sheet.oddFooter, f"{words.TITLE.zh} &P / &N"),
    ):
        if place is not None:
            place.center.text = text
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    clean = "".join(char for char in value if char.isprintable() or char == "\n")
    return clean[:MOST_CELL]


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"


def _figures(finding: Finding) -> str:
    return "\n".join(
        _both(one.figure) + ("［未知 unknown］" if one.unknown else "") for one in finding.found
    )


def _gaps(finding: Finding) -> str:
    said = [f"{words.BLOCKED.zh}：{_both(text)}" for text in finding.blocked]
    for gap in finding.all_gaps():
        level = f"［{words.LEVEL3.zh}］" if gap.level3 else ""
        said.append(f"{_both(gap.what)}{level} → {_both(gap.todo)}")
    return "\n".join(said)


def _counted(finding: Finding) -> list[Counted]:
    return [one for found in finding.found for one in found.counted]
