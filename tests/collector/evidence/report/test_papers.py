"""The report as people get it: one page that needs no network, on paper too, and a workbook."""

import base64
import io
import re
from html import unescape
from pathlib import Path

import openpyxl
import pytest

from collector.coverage import COMMANDS, ROUTES
from collector.evidence.report import words
from collector.evidence.report.judge import Report
from collector.evidence.report.page import html
from collector.evidence.report.sheet import xlsx
from tests.collector.evidence.report.recorded import District
from tests.real import chromium

VERDICTS = {f"{text.zh} {text.en}" for text in words.VERDICTS.values()}


@pytest.fixture(scope="module")
def report(recorded: District) -> Report:
    return recorded.report()


def test_the_page_has_every_clause_with_what_to_do_and_needs_nothing_else(report: Report) -> None:
    page = html(report)
    for one in report.clauses:
        assert one.clause.l3 in page
        for gap in one.finding.all_gaps():
            assert gap.todo.zh.split("[")[0][:10] in page
    assert not re.findall(r"""(?:src|href)=|url\(|@import|<script""", page)
    assert all(name in unescape(page) for name in (*ROUTES, *COMMANDS))
    assert page.index(words.SELF_CHECK.zh) < page.index("<h1>")


def test_what_comes_from_a_device_is_text_and_no_markup(district: District) -> None:
    roster = district.folder / "roster.csv"
    roster.write_text(
        roster.read_text(encoding="utf-8").replace("二小", "<b>二小</b>"), encoding="utf-8"
    )
    page = html(district.report())
    assert "&lt;b&gt;二小" in page
    assert "<b>二小" not in page


def test_the_workbook_opens_with_every_clause_and_says_on_each_sheet_what_it_is(
    report: Report,
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(report)))
    assert len(book.worksheets) == 5
    for sheet in book.worksheets:
        assert sheet["A1"].value == words.SELF_CHECK.zh
        assert sheet["A2"].value == words.SELF_CHECK.en
        assert sheet.oddHeader
        assert sheet.oddHeader.center.text == words.SELF_CHECK.zh
        assert sheet.print_title_rows == "$1:$3"
    rows = [*book.worksheets[1].iter_rows(min_row=4, values_only=True)]
    assert [row[0] for row in rows] == [one.clause.l3 for one in report.clauses]
    assert {row[6] for row in rows} | {row[7] for row in rows} <= VERDICTS
    acts = [row[0] for row in book.worksheets[4].iter_rows(min_row=4, values_only=True)]
    assert acts == [*ROUTES, *COMMANDS]
    digests = [row[5] for row in book.worksheets[2].iter_rows(min_row=4, values_only=True)]
    found = {c.sha256 for one in report.clauses for f in one.finding.found for c in f.counted}
    assert found <= {digest or "" for digest in digests}


def test_no_cell_is_a_formula_whatever_stands_in_it(district: District) -> None:
    roster = district.folder / "roster.csv"
    text = roster.read_text(encoding="utf-8").replace("二小", "=1+1")
    roster.write_text(text, encoding="utf-8")
    book = openpyxl.load_workbook(io.BytesIO(xlsx(district.report())))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []


@pytest.mark.real("chromium")
def test_a_browser_shows_it_and_prints_on_every_page_that_it_is_no_assessment(
    report: Report, tmp_path: Path
) -> None:
    if not chromium.found():
        pytest.skip(chromium.MISSING)
    path = tmp_path / "self-check.html"
    path.write_text(html(report), encoding="utf-8")
    with chromium.browser(1440) as page:
        page.open(path.as_uri())
        assert page.complaints() == []
        assert [one for one in page.requested() if one.startswith(("http", "ws", "//"))] == []
        page.until_text("网络安全等级保护自查报告", "h1")
        wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.run(wide) <= 0
        rows = "return document.querySelectorAll('table.clauses tbody tr').length"
        assert page.run(rows) == len(report.clauses)
        page.resize(390)
        assert page.run(wide) <= 0
        page.resize(1440)
        page.emulate(color_scheme="light")
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        shown = "return getComputedStyle(document.querySelector('thead .running')).display"
        assert page.run(shown) == "table-row"
        heads = "return [...document.querySelectorAll('thead')].map((one) => one.innerText)"
        assert all(words.SELF_CHECK.zh in text for text in page.run(heads))
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        printed = page.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    content = base64.b64decode(printed["data"])
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 10
