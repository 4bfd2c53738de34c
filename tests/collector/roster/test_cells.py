"""What stands in the columns of a roster, as people write it."""

from datetime import date
from pathlib import Path

import pytest

from collector.roster.columns import COLUMNS, header
from collector.roster.school import Address, Person
from tests.collector.roster.making import one, read, said

SAMPLE_HEADER = (
    "行政区划代码,学校（机构）标识码,校名,办学状态,启用日期,撤并日期,办学类型,城乡分类,是否教学点,"
    "签约带宽（Mbps）,目标带宽（兆）,接入方式,运营商,教学班数,在校生数（人）,多媒体教室数（间）,"
    "外部探测地址,主管责任人,主管电话,运维负责人,运维联系电话,使用责任人,使用责任人联系方式,"
    "分管领导,分管负责人电话,具体责任人,具体责任人联系电话,备注\n"
)
SAMPLE_ROW = (
    "330102,2133010203,紫阳小学,撤并,2001/9/1,2025年7月1日,小学,镇中心区,否,200M,1G,光纤,电信,"
    "24,980,26,203.0.113.7；[2001:db8::7]:443、gw.example.cn:8443,王主任,0571-1,李工,0571-2,"
    "张校长,0571-3,陈副校长,0571-4,赵老师,0571-5,好\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def test_a_whole_row_as_districts_write_it_is_understood(file: Path) -> None:
    roster = read(file, SAMPLE_HEADER + SAMPLE_ROW)
    (school,) = roster.schools
    assert said(roster) == ["1: column '备注' is not read"]
    assert (school.region, school.school, school.name) == ("330102", "2133010203", "紫阳小学")
    assert (school.status, school.opened, school.closed) == (
        *("merged", date(2001, 9, 1)),
        date(2025, 7, 1),
    )
    assert (school.type, school.area, school.teaching_point) == ("primary", "town", False)
    assert (school.contracted_mbps, school.target_mbps) == (200.0, 1000.0)
    assert (school.link, school.carrier) == ("fibre", "中国电信")
    assert (school.classes, school.pupils, school.rooms) == (24, 980, 26)
    assert school.outside == (
        *(Address("203.0.113.7"), Address("2001:db8::7", 443)),
        Address("gw.example.cn", 8443),
    )
    assert [str(address) for address in school.outside] == [
        *("203.0.113.7", "[2001:db8::7]:443"),
        "gw.example.cn:8443",
    ]
    assert school.people == (
        Person("authority", "王主任", "0571-1"),
        Person("operator", "李工", "0571-2"),
        Person("user", "张校长", "0571-3"),
        Person("leader", "陈副校长", "0571-4"),
        Person("person", "赵老师", "0571-5"),
    )


def test_every_column_is_known_by_its_chinese_and_its_english_name() -> None:
    for names in ([c.zh for c in COLUMNS.values()], [c.field for c in COLUMNS.values()]):
        found = header(names)
        assert (list(found.fields), found.mistakes, found.suspects) == (list(COLUMNS), (), ())


def test_every_other_name_of_a_column_means_one_column_only() -> None:
    for column in COLUMNS.values():
        for name in column.names():
            assert header([name]).fields == (column.field,), name


@pytest.mark.parametrize(
    ("cell", "near"),
    [("签约带款", "签约带宽 (contracted_mbps)"), ("运营商名", "运营商 (carrier)")],
)
def test_a_misspelt_column_is_named_with_the_one_that_is_meant(cell: str, near: str) -> None:
    found = header(["区划代码", "学校代码", "状态", cell, "校长星座"])
    assert found.suspects == (f"column '{cell}' is not known; is {near} meant?",)
    assert found.unread == ("column '校长星座' is not read",)


def test_where_the_schools_code_is_there_another_number_beside_it_is_another_matter() -> None:
    found = header(["区划代码", "标识码", "学校代码", "状态"])
    assert (found.fields, found.mistakes) == (("region", "", "school", "status"), ())


@pytest.mark.parametrize(
    "text",
    ["2024-07-01", "2024/7/1", "2024.7.1", "20240701", "2024年7月1日", "2024-07-01 00:00:00"],
)
def test_a_date_is_understood_as_people_write_it(file: Path, text: str) -> None:
    school, problems = one(file, "开办日期", text)
    assert (school.opened, problems) == (date(2024, 7, 1), [])


@pytest.mark.parametrize("text", ["2024-02-30", "2024年7月", "7/1/24", "去年", "45474"])
def test_what_is_no_single_day_is_named(file: Path, text: str) -> None:
    school, problems = one(file, "开办日期", text)
    assert school.opened is None
    assert problems == [f"2: column 开办日期: '{text}' is no date, as 2024-07-01"]


@pytest.mark.parametrize(
    ("text", "mbps"),
    [("100", 100), ("62.5", 62.5), ("100M", 100), ("1 Gbps", 1000), ("200兆", 200), ("0", 0)],
)
def test_a_bandwidth_is_in_mbps_whatever_its_unit(file: Path, text: str, mbps: float) -> None:
    assert one(file, "签约带宽", text)[0].contracted_mbps == mbps


@pytest.mark.parametrize("text", ["100/20", "-1", "1e9", "百兆", "９", "20000G"])
def test_a_bandwidth_that_could_mean_anything_is_named(file: Path, text: str) -> None:
    school, problems = one(file, "签约带宽", text)
    assert (school.contracted_mbps, len(problems)) == (None, 1)


@pytest.mark.parametrize("text", ["-3", "12.5", "许多", "9999999999", "²"])
def test_a_total_is_a_whole_number(file: Path, text: str) -> None:
    school, problems = one(file, "班级数", text)
    assert school.classes is None
    assert problems == [f"2: column 班级数: '{text}' is no whole number from 0 to 1000000"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("gw.school-1.example.cn", Address("gw.school-1.example.cn")),
        ("GW.Example.cn:80", Address("gw.example.cn", 80)),
        ("203.0.113.7：443", Address("203.0.113.7", 443)),
        ("2001:DB8:0::7", Address("2001:db8::7")),
        ("[2001:db8::7]", Address("2001:db8::7")),
        ("[2001:db8::7]:65535", Address("2001:db8::7", 65_535)),
    ],
)
def test_an_address_is_a_host_or_a_host_and_port(file: Path, text: str, address: Address) -> None:
    school, problems = one(file, "外部探测地址", text)
    assert (school.outside, problems) == ((address,), [])


@pytest.mark.parametrize(
    "text",
    [
        *("192.0.2.300", "192.0.2.0/24", "http://gw.example.cn", "gw.example.cn:0", "学校", "a..b"),
        *("gw.example.cn:65536", "gw.example.cn:http", "[gw.example.cn]:80", "2001:db8::7]:443"),
        *("0.0.0.0", "224.0.0.1", "fe80::1%eth0", "-a.cn", ":80", "[::1", "x" * 300),
    ],
)
def test_an_address_that_is_none_costs_only_itself(file: Path, text: str) -> None:
    school, problems = one(file, "外部探测地址", f"203.0.113.7 {text}")
    assert school.outside == (Address("203.0.113.7"),)
    assert len(problems) == 1
    assert problems[0].startswith("2: column 外部探测地址: ")


def test_more_addresses_than_are_probed_and_repeats_are_named(file: Path) -> None:
    school, problems = one(file, "外部探测地址", "a.cn a.cn b.cn c.cn d.cn e.cn")
    assert [str(address) for address in school.outside] == ["a.cn", "b.cn", "c.cn", "d.cn"]
    assert [text.partition("地址: ")[2] for text in problems] == [
        "'a.cn' is there twice",
        "5 addresses; only the first 4 are taken",
    ]


@pytest.mark.parametrize(
    ("column", "text", "sentence"),
    [
        ("城乡类型", "农村", "area '农村' is none of 城区 (urban), 镇区 (town), 乡村 (rural)"),
        ("学校类型", "九年一惯", "did you mean '九年一贯'?"),
        ("教学点", "也许", "answer '也许' is none of 是, 否"),
        ("主管责任人", "王\u202e主任", "has characters that cannot be shown"),
        ("主管电话", "33010219700101123X", "looks like an identity card's number"),
        ("学校名称", "#REF!", "#REF! is the mark of a formula that failed"),
        ("学校名称", "长" * 101, "has more than 100 characters"),
    ],
)
def test_a_word_that_nobody_is_sure_of_is_asked_back(
    file: Path, column: str, text: str, sentence: str
) -> None:
    _, problems = one(file, column, text)
    assert len(problems) == 1
    assert problems[0].startswith(f"2: column {column}: ")
    assert sentence in problems[0]


@pytest.mark.parametrize("text", ["中国电信", "电信", "China  Telecom", "china telecom"])
def test_a_carrier_has_one_name_and_any_other_keeps_its_own(file: Path, text: str) -> None:
    assert one(file, "运营商", text)[0].carrier == "中国电信"
    assert one(file, "运营商", "本地宽带")[0].carrier == "本地宽带"


def test_a_teaching_point_is_one_by_its_type_or_by_its_flag(file: Path) -> None:
    assert one(file, "学校类型", "教学点")[0].teaching_point
    assert one(file, "教学点", "是")[0].teaching_point
    school, problems = one(file, "学校类型,教学点", "教学点,否")
    assert school.teaching_point
    assert problems == ["2: column 教学点: says no, but the type is 教学点; taken as yes"]


def test_dates_that_contradict_the_status_or_each_other_are_named(file: Path) -> None:
    rows = """\
区划代码,学校代码,状态,开办日期,撤并日期
330102,1,在办,,2025-07-01
330102,2,撤并,,
330102,3,停办,2025-07-01,2024-07-01
"""
    assert said(read(file, rows), "value") == [
        "2: column 撤并日期: 2025-07-01 has no effect while the status is 在办 (open)",
        "3: column 撤并日期: no date: the school counts as if it had never been open",
        "4: column 撤并日期: 2024-07-01 is before the school opened, 2025-07-01",
    ]
