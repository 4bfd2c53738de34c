"""A roster as districts have it: good rows are taken, every other one is named with its line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.roster import Roster, School, read_roster
from collector.roster.read import MAX_BYTES
from core.errors import ConfigError

CHINESE = "区划代码,学校代码,学校名称,状态\n110105,3111,第一中学,在办\n110105,3112,第二小学,撤并\n"
FIRST = School("110105", "3111", "第一中学", "open")
SECOND = School("110105", "3112", "第二小学", "merged")

HEADER = "region,school,name,status\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def read(file: Path, text: str) -> tuple[tuple[School, ...], list[str]]:
    file.write_text(text, encoding="utf-8", newline="")
    roster = read_roster(file)
    return roster.schools, [problem.removeprefix(f"{file}:") for problem in roster.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_what_a_spreadsheet_writes_is_read(file: Path, encoding: str, newline: str) -> None:
    file.write_text(CHINESE, encoding=encoding, newline=newline)
    assert read_roster(file) == Roster((FIRST, SECOND))


def test_headers_and_words_may_be_english_in_any_order_beside_others(file: Path) -> None:
    text = "Status,note,Name,School,Region\nOpen,x,第一中学, 3111 ,110105\nclosed,,,3113,110105\n"
    assert read(file, text) == ((FIRST, School("110105", "3113", "", "closed")), [])


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
    statuses = "open, merged, closed, 在办, 撤并, 停办"
    assert read(file, HEADER + rows) == (
        (FIRST, SECOND),
        [
            "3: row refused: region '' is not a division code of 6 digits",
            f"4: row refused: school '' is not {level}",
            f"5: row refused: status '' is none of {statuses}",
            f"6: row refused: status '关门' is none of {statuses}",
            "7: row refused: region '11010' is not a division code of 6 digits",
            f"8: row refused: school '第七' is not {level}",
            "9: row refused: region '１１０１０５' is not a division code of 6 digits",
        ],
    )


def test_a_school_that_stands_twice_is_refused_where_it_comes_again(file: Path) -> None:
    rows = "110105,3111,第一中学,在办\n110108,3111,另一中学,在办\n110105,3111,一中,停办\n"
    schools, problems = read(file, HEADER + rows)
    assert schools == (FIRST, School("110108", "3111", "另一中学", "open"))
    assert problems == ["4: row refused: school 110105/3111 is in line 2 already"]


def test_a_comma_in_a_name_needs_quotes_and_moves_no_cell_silently(file: Path) -> None:
    header, good = "region,school,name,status,note\n", '110105,3111,"一中,东校区",在办,x\n'
    bad = "110105,3112,二小,在办,在办,y\n"
    schools, problems = read(file, header + good + bad)
    assert [school.name for school in schools] == ["一中,东校区"]
    assert problems == ["3: row refused: 6 cells for 5 columns; quote a cell's comma"]


def test_one_quote_too_many_costs_its_own_row_only(file: Path) -> None:
    rows = '110105,3110,"一中,在办\n110105,3111,第一中学,在办\n110105,3112,"第二"小学,撤并\n'
    schools, problems = read(file, HEADER + rows)
    assert schools == (FIRST,)
    assert [problem.partition(":")[0] for problem in problems] == ["2", "4"]


def test_empty_rows_of_a_spreadsheet_are_no_rows(file: Path) -> None:
    assert read(file, HEADER + "\n,,,\n  \n110105,3111,第一中学,在办,,,\n\n") == ((FIRST,), [])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "1: missing column region (区划代码)"),
        (
            b"region,scholl,name,status\n",
            "1: missing column school (学校代码); is 'scholl'",
        ),
        ("区划代码,学校代码,学校,状态\n".encode(), "1: missing column name (学校名称); is '学校'"),
        (b"region,school,name,status,status\n", "1: column status (状态) is there twice"),
        (b'region,"school,name,status\n', "1: header: not CSV"),
        (b"\xff\xfer\x00e\x00g\x00", " neither UTF-8 nor GB18030; save it as CSV UTF-8"),
        (b"x" * (MAX_BYTES + 1), " has more than 20000000 bytes: not a roster"),
    ],
    ids=["empty", "misspelt", "chinese", "twice", "quote", "utf-16", "huge"],
)
def test_a_file_that_is_no_roster_is_refused_as_a_whole(
    file: Path, content: bytes, sentence: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        read_roster(file)
    assert str(raised.value).startswith(f"{file}:{sentence}")


def test_every_missing_column_is_named_at_once(file: Path) -> None:
    file.write_text("school\n")
    with pytest.raises(ConfigError) as raised:
        read_roster(file)
    assert [line.split("column ")[1] for line in str(raised.value).split("\n")] == [
        "region (区划代码)",
        "name (学校名称)",
        "status (状态)",
    ]


def test_a_roster_that_is_not_there_is_read_once_it_is(file: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_roster(file)
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_roster(file.parent)

    file.write_text(CHINESE, encoding="utf-8")
    assert read_roster(file).schools == (FIRST, SECOND)


CELLS = st.sampled_from(["110105", "3111", "一中", "在办", "", '"', '"a,b"', '"', "\0", "x\u2028"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(CELLS | st.text(max_size=9), max_size=6).map(",".join), max_size=20))
def test_no_row_is_lost_without_a_word(file: Path, rows: list[str]) -> None:
    file.write_bytes((HEADER + "\n".join(rows)).encode("utf-8", "replace"))
    roster = read_roster(file)
    lines = file.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")[1:]
    said = [line for line in lines if line.replace(",", "").replace('"', "").strip()]
    found = len(roster.schools) + len(roster.problems)
    assert len(said) <= found <= len(lines)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_whatsoever_make_a_traceback(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        read_roster(file)
