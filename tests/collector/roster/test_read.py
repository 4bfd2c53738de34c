"""A roster as districts have it: good rows are taken, every other one is named with its line."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.roster import School, read_roster
from collector.roster.table import MAX_BYTES, MAX_ROWS, NotARoster
from core.errors import ConfigError
from tests.collector.roster.making import HEADER, OWNED, OWNERS, read, said

CHINESE = "区划代码,学校代码,学校名称,状态\n110105,3111,第一中学,在办\n110105,3112,第二小学,撤并\n"
ROWS = CHINESE.partition("\n")[2]
FIRST = School("110105", "3111", "第一中学", "open")
SECOND = School("110105", "3112", "第二小学", "merged")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_what_a_spreadsheet_writes_is_read(file: Path, encoding: str, newline: str) -> None:
    file.write_text(CHINESE, encoding=encoding, newline=newline)
    roster = read_roster(file)
    assert (roster.schools, roster.read, roster.refused) == ((FIRST, SECOND), 2, 0)


def test_headers_and_words_may_be_english_in_any_order_beside_others(file: Path) -> None:
    text = "Status,note,Name,School,Region\nOpen,x,第一中学, 3111 ,110105\nclosed,,,3113,110105\n"
    roster = read(file, text)
    assert roster.schools == (FIRST, School("110105", "3113", "", "closed"))
    assert said(roster, "note") == ["1: column 'note' is not read"]


def test_a_bad_row_is_refused_by_its_line_and_the_others_go_on(file: Path) -> None:
    rows = """\
110105,3111,第一中学,在办
,3112,第二小学,在办
110105,,第三小学,在办
110105,3114,第四小学,
110105,3115,第五小学,关门
11010,3116,第六小学,在办
110105,第七,第七小学,在办
１１０１０５,3118,第八小学,在办
110105,3112,第二小学,撤并
"""
    level = "1 to 32 letters, digits, '_', '.' or '-', beginning with a letter or digit"
    statuses = "在办 (open), 撤并 (merged), 停办 (closed)"
    roster = read(file, HEADER + rows)
    assert roster.schools == (FIRST, SECOND)
    assert said(roster, "refused") == [
        "3: row refused: region '' is not a division code of 6 digits",
        f"4: row refused: school '' is not {level}",
        f"5: row refused: status '' is none of {statuses}",
        f"6: row refused: status '关门' is none of {statuses}",
        "7: row refused: region '11010' is not a division code of 6 digits",
        f"8: row refused: school '第七' is not {level}",
        "9: row refused: region '１１０１０５' is not a division code of 6 digits",
    ]


def test_a_school_that_stands_twice_is_refused_where_it_comes_again(file: Path) -> None:
    rows = "110105,3111,第一中学,在办\n110108,3111,另一中学,在办\n110105,3111,一中,停办\n"
    roster = read(file, HEADER + rows)
    assert roster.schools == (FIRST, School("110108", "3111", "另一中学", "open"))
    assert said(roster, "refused") == ["4: row refused: school 110105/3111 is in line 2 already"]


def test_a_comma_in_a_name_needs_quotes_and_moves_no_cell_silently(file: Path) -> None:
    header, good = "region,school,name,status,note\n", '110105,3111,"一中,东校区",在办,x\n'
    roster = read(file, header + good + "110105,3112,二小,在办,在办,y\n")
    assert [school.name for school in roster.schools] == ["一中,东校区"]
    assert said(roster, "refused") == [
        "3: row refused: 6 cells for 5 columns; quote a cell's comma"
    ]


def test_one_quote_too_many_costs_its_own_row_only(file: Path) -> None:
    rows = '110105,3110,"一中,在办\n110105,3111,第一中学,在办\n110105,3112,"第二"小学,撤并\n'
    roster = read(file, HEADER + rows)
    assert roster.schools == (FIRST,)
    assert [place.partition(":")[0] for place in said(roster, "refused")] == ["2", "4"]


def test_empty_rows_of_a_spreadsheet_are_no_rows(file: Path) -> None:
    roster = read(file, HEADER + "\n,,,\n  \n110105,3111,第一中学,在办,,,\n\n")
    assert (roster.schools, roster.read, roster.refused) == ((FIRST,), 1, 0)


def test_a_title_above_the_header_and_comments_are_no_schools_and_are_counted(file: Path) -> None:
    roster = read(file, f'某某区学校名册,,,\n# 每学期更新，"一次\n{HEADER}# 城区\n{ROWS}')
    assert roster.schools == (FIRST, SECOND)
    assert (roster.read, roster.comments, roster.refused) == (3, 1, 0)
    assert said(roster, "note") == ["1: stands above the header, and is not read"]


def test_a_school_behind_a_comment_sign_is_not_lost_without_a_word(file: Path) -> None:
    text = "name,region,school,status\n#1 中学,110105,3111,在办\n#N/A,110105,3112,在办\n"
    roster = read(file, text)
    assert [school.school for school in roster.schools] == ["3112"]
    assert said(roster, "doubt") == [
        "2: begins with # and is taken for a comment, but names region 110105"
    ]


def test_a_cell_that_cannot_be_taken_is_named_and_its_school_still_counts(file: Path) -> None:
    roster = read(file, "区划代码,学校代码,状态,签约带宽,学生数\n330102,3111,在办,一百,约300\n")
    assert roster.schools == (School("330102", "3111"),)
    assert said(roster, "value") == [
        "2: column 签约带宽: '一百' is no bandwidth in Mbps, as 100 or 1G",
        "2: column 学生数: '约300' is no whole number from 0 to 1000000",
    ]
    assert roster.flagged == 1


def test_a_school_without_its_three_owners_is_taken_and_flagged(file: Path) -> None:
    rows = f"330102,1,一小,在办,{OWNERS}\n330102,2,二小,在办,王主任,,李工,0571-2,,\n"
    roster = read(file, f"{OWNED}{rows}330102,3,三小,停办,,,,,,\n")
    assert [school.missing_owners for school in roster.schools] == [
        (),
        ("authority", "user"),
        ("authority", "operator", "user"),
    ]
    assert said(roster, "owners") == [
        "3: 主管责任人 (authority), 使用责任人 (user) missing: name and contact are needed"
    ], "a closed school needs nobody any more"
    assert (len(roster.schools), roster.flagged) == (3, 2)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "1: missing column 区划代码 (region)"),
        (
            b"region,scholl,name,status\n",
            "1: missing column 学校代码 (school); is 'scholl' meant?",
        ),
        ("区划代码,学校,状态\n".encode(), "1: missing column 学校代码 (school); is '学校'"),
        (b"region,school,status,status\n", "1: column 状态 (status) is there twice"),
        ("停办日期,撤并日期,区划代码,标识码,状态".encode(), "1: column 停办撤并日期 (closed) is"),
        (b'region,"school,name,status\n', "1: header: not CSV"),
        (b"\xff\xfer\x00e\x00g\x00", " neither UTF-8 nor GB18030; save it as CSV UTF-8"),
        (b"x" * (MAX_BYTES + 1), " has more than 20000000 bytes: not a roster"),
        (HEADER.encode() + b"\n" * MAX_ROWS, " has more than 50000 lines: not a roster"),
        (b"PK\x03\x04 and then nothing", " not a workbook that can be read"),
    ],
    ids=[
        *("empty", "misspelt", "chinese", "twice", "two names", "quote", "utf-16", "huge"),
        *("endless", "no zip"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_as_a_whole(
    file: Path, content: bytes, sentence: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(NotARoster) as raised:
        read_roster(file)
    assert str(raised.value).startswith(f"{file}:{sentence}")


def test_every_missing_column_is_named_at_once(file: Path) -> None:
    file.write_text("school\n")
    with pytest.raises(NotARoster) as raised:
        read_roster(file)
    assert [line.split("column ")[1] for line in str(raised.value).split("\n")] == [
        "区划代码 (region)",
        "状态 (status)",
    ]


def test_a_roster_that_is_not_there_is_read_once_it_is(file: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_roster(file)
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_roster(file.parent)

    file.write_text(CHINESE, encoding="utf-8")
    assert read_roster(file).schools == (FIRST, SECOND)


CELLS = st.sampled_from(
    ["110105", "3111", "一中", "在办", "", '"', '"a,b"', "#", "#N/A", "\0", "x\u2028", "100", "是"]
)
HEADERS = st.sampled_from([HEADER, OWNED, "状态,学校代码,区划代码,教学点,外部探测地址,撤并日期\n"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(HEADERS, st.lists(st.lists(CELLS | st.text(max_size=9), max_size=9).map(",".join)))
def test_no_row_is_lost_without_a_word(file: Path, header: str, rows: list[str]) -> None:
    file.write_bytes((header + "\n".join(rows)).encode("utf-8", "replace"))
    roster = read_roster(file)
    lines = file.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")[1:]
    said = [line for line in lines if line.replace(",", "").replace('"', "").strip()]
    assert len(roster.schools) + roster.refused + roster.comments == roster.read
    assert len(said) <= roster.read <= len(lines)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", HEADER.encode(), b"PK\x03\x04"]))
def test_no_bytes_whatsoever_make_a_traceback(file: Path, content: bytes, before: bytes) -> None:
    file.write_bytes(before + content)
    with suppress(NotARoster):
        roster = read_roster(file)
        assert len(roster.schools) + roster.refused + roster.comments == roster.read
