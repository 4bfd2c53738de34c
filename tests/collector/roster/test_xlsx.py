"""A roster as a workbook: the same as CSV, but for what a spreadsheet made of the cells."""

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from collector.roster import School, read_roster, xlsxfile
from collector.roster.table import NotARoster
from tests.collector.roster.making import said, workbook

HEADER: list[Any] = ["区划代码", "学校代码", "学校名称", "状态"]
FIRST = School("330102", "3111", "第一小学", "open")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "roster.xlsx"


def test_numbers_and_dates_of_a_spreadsheet_are_what_they_look_like(file: Path) -> None:
    rows = [
        [*HEADER, "撤并日期", "签约带宽", "班级数", "教学点"],
        [
            330102,
            3111.0,
            "第一小学",
            "撤并",
            datetime.combine(date(2025, 7, 1), time()),
            100.5,
            24.0,
            True,
        ],
        ["330102", "3112", " 第二\n小学 ", "撤并", date(2025, 7, 1), "100M", "6", "否"],
    ]
    first, second = read_roster(workbook(file, rows)).schools
    assert (first.region, first.school, first.closed) == ("330102", "3111", date(2025, 7, 1))
    assert (first.contracted_mbps, first.classes, first.teaching_point) == (100.5, 24, True)
    assert (second.name, second.closed) == ("第二 小学", date(2025, 7, 1))


def test_zeros_that_only_the_format_of_a_cell_shows_are_kept(file: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (HEADER, [0, 42, "试用", "在办"]):
        sheet.append(row)
    sheet["A2"].number_format, sheet["B2"].number_format = "000000", "0000000000"
    book.save(file)
    assert read_roster(file).schools == (School("000000", "0000000042", "试用"),)


def test_a_code_that_the_spreadsheet_rounded_is_refused_instead_of_believed(file: Path) -> None:
    rows = [HEADER, [330102, 2133010203123456789, "一", "在办"], [330102, 3e16, "二", "在办"]]
    roster = read_roster(workbook(file, rows))
    assert (roster.schools, roster.refused) == ((), 2)


def test_a_formula_counts_by_its_last_result_and_one_never_worked_out_is_named(
    file: Path,
) -> None:
    rows = [[*HEADER, "班级数"], [330102, 3111, "第一小学", "在办", "=2*12"]]
    workbook(file, rows)
    roster = read_roster(file)
    assert roster.schools == (FIRST,)
    assert said(roster, "value")[0].startswith("2: column 班级数: '#N/A' is no whole number")

    rewrite(file, b"<f>2*12</f><v />", b"<f>2*12</f><v>24</v>")
    roster = read_roster(file)
    assert (roster.schools[0].classes, said(roster, "value")) == (24, [])


def test_a_row_is_named_by_the_line_that_the_spreadsheet_shows(file: Path) -> None:
    rows: list[list[Any]] = [["某区学校名册"], [], HEADER, [], [330102, "", "一", "在办"]]
    roster = read_roster(workbook(file, [*rows, [330102, 3111, "第一小学", "在办"]]))
    assert (roster.schools, roster.read) == ((FIRST,), 2)
    assert said(roster, "refused")[0].startswith("5: row refused: school ''")


def test_every_sheet_with_a_header_is_read_and_the_others_are_named(file: Path) -> None:
    rows = [
        [["填写说明"], ["请按样表填写"]],
        [HEADER, [330102, 3111, "第一小学", "在办"]],
        [[HEADER[1], HEADER[0], HEADER[3]], [3112, 330102, "在办"], [3111, 330102, "在办"]],
        [],
    ]
    roster = read_roster(workbook(file, *rows, names=["说明", "城区", "乡镇", "空"]))
    assert [school.school for school in roster.schools] == ["3111", "3112"]
    assert said(roster, "note") == ["说明: this sheet of 2 rows is not read"]
    assert said(roster, "refused") == [
        "乡镇:3: row refused: school 330102/3111 is in line 2 of sheet '城区' already"
    ]


def test_a_note_beside_the_table_is_named_and_refuses_no_row(file: Path) -> None:
    rows = [HEADER, [330102, 3111, "第一小学", "在办", None, "电话待核实"]]
    roster = read_roster(workbook(file, rows))
    assert roster.schools == (FIRST,)
    assert said(roster, "note") == ["1: column 6 has no header; its 1 cells are not read"]


def test_the_size_that_a_sheet_claims_for_itself_loses_no_row(file: Path) -> None:
    workbook(file, [HEADER, *([330102, n, "学校", "在办"] for n in range(1, 9))])
    rewrite(file, b'<dimension ref="A1:D9"', b'<dimension ref="A1:D2"')
    assert len(read_roster(file).schools) == 8


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'<row r="3"', b'<row r="2"', "row 2 comes after row 2"),
        (b'<row r="3"', b'<row r="1048577"', "row 1048577 comes after row 2"),
        (b'<row r="3"', b'<row r="1E300"', "row 1E300 comes after row 2"),
        (b'<row r="3"', b'<row r="%s"' % (b"9" * 30), "row 9{20} comes after row 2"),
        (b'<row r="3"', b'<row r = "\xc2\xb2"', "row .. comes after row 2"),
        (b"</sheetData>", b"</sheetDat>", "not a workbook that can be read"),
    ],
    ids=["twice", "far", "float", "long", "odd", "torn"],
)
def test_rows_that_would_be_lost_or_never_end_refuse_the_file(
    file: Path, old: bytes, new: bytes, words: str
) -> None:
    workbook(file, [HEADER, [330102, 1, "一", "在办"], [330102, 2, "二", "在办"]])
    rewrite(file, old, new)
    with pytest.raises(NotARoster, match=words):
        read_roster(file)


def test_a_file_that_unpacks_without_end_is_not_unpacked(file: Path) -> None:
    workbook(file, [HEADER])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.bin", b"\0" * (xlsxfile.MAX_UNPACKED + 1))
    assert file.stat().st_size < 100_000
    with pytest.raises(NotARoster, match="unpacks to more than 64000000 bytes"):
        read_roster(file)


def test_xml_that_multiplies_itself_is_refused(file: Path) -> None:
    workbook(file, [HEADER, [330102, 3111, "第一小学", "在办"]])
    bomb = b'<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet '
    rewrite(file, b"<worksheet ", bomb)
    with pytest.raises(NotARoster, match="not a workbook that can be read"):
        read_roster(file)


def test_a_hidden_sheet_is_not_read(file: Path) -> None:
    workbook(
        file, [HEADER, [330102, 3111, "第一小学", "在办"]], [HEADER, [330102, 9, "旧", "在办"]]
    )
    book = load_workbook(file)
    book.worksheets[1].sheet_state = "hidden"
    book.save(file)
    assert read_roster(file).schools == (FIRST,)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_workbook_is_refused_or_loses_no_row_without_a_word(
    file: Path, damage: list[tuple[int, int]]
) -> None:
    rows = [HEADER, *([330102, n, "学校", "在办"] for n in range(1, 4))]
    content = bytearray(workbook(file, rows).read_bytes())
    for place, byte in damage:
        content[place % len(content)] = byte
    file.write_bytes(bytes(content))
    with suppress(NotARoster):
        roster = read_roster(file)
        assert len(roster.schools) + roster.refused + roster.comments == roster.read == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_whatever_stands_in_a_sheet_makes_no_traceback(file: Path, data: st.DataObject) -> None:
    workbook(file, [HEADER, *([330102, n, "学校", "在办"] for n in range(1, 4))])
    with zipfile.ZipFile(file) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    begin = data.draw(st.integers(0, len(sheet) - 1))
    old = sheet[begin : begin + data.draw(st.integers(1, 40))]
    pieces = [b"", b"<", b'r="1"', b'<row r="9">', b't="s"', b"<f>1</f>", b"9" * 30, b"\0"]
    rewrite(file, old, data.draw(st.sampled_from(pieces) | st.binary(max_size=9)))
    with suppress(NotARoster):
        roster = read_roster(file)
        assert len(roster.schools) + roster.refused + roster.comments == roster.read


def test_a_row_at_the_end_of_the_longest_sheet_is_read(file: Path) -> None:
    workbook(file, [HEADER, [330102, 3111, "第一小学", "在办"]])
    rewrite(file, b'<row r="2"', b'<row r="1048576"')
    assert read_roster(file).schools == (FIRST,)


def rewrite(file: Path, old: bytes, new: bytes) -> None:
    """Replace bytes in the first sheet of a workbook."""
    packed = io.BytesIO()
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(packed, "w") as after:
        for part in before.infolist():
            content = before.read(part)
            if part.filename.endswith("sheet1.xml"):
                assert old in content, content
                content = content.replace(old, new)
            after.writestr(part, content)
    file.write_bytes(packed.getvalue())
