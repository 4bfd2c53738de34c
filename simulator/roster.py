"""The roster of a made-up district: a file that `schoolwatch roster check` has nothing against."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from collector.roster.school import OWNERS, Area, SchoolType
from collector.roster.words import AREAS, LINKS, ROLE_WORDS, TYPES
from simulator.chance import pick
from simulator.district import School

_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_TITLES: Final = {"authority": "主任", "operator": "工程师", "user": "老师"}
_COLUMNS: Final = (
    *("区划代码", "学校代码", "学校名称", "状态", "学校类型", "城乡类型", "教学点"),
    *("签约带宽(Mbps)", "目标带宽(Mbps)", "接入方式", "运营商", "班级数", "学生数"),
    "多媒体教室数",
)


def roster_csv(schools: Iterable[School]) -> str:
    """Return the roster, without addresses to probe: nothing there would answer for a school."""
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    people = [word for role in OWNERS for word in (ROLE_WORDS[role], f"{ROLE_WORDS[role]}联系方式")]
    out.writerow((*_COLUMNS, *people))
    for school in schools:
        out.writerow((*_cells(school), *_people(school)))
    return file.getvalue()


def write_roster(path: Path, schools: Iterable[School]) -> None:
    """Write the roster of *schools* to *path*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(roster_csv(schools), encoding="utf-8")


def _cells(school: School) -> tuple[object, ...]:
    return (
        *(school.region, school.school, school.name, "在办"),
        *(_word(TYPES, school.type), _word(AREAS, school.area)),
        "是" if school.type == "teaching_point" else "否",
        *(school.contracted, school.target, _word(LINKS, school.line.word), school.carrier),
        *(school.classes, school.pupils, school.rooms),
    )


def _people(school: School) -> Iterable[str]:
    for number, role in enumerate(OWNERS):
        yield pick(_SURNAMES, school.seed, 20 + number) + _TITLES[role]
        yield f"0571-{10_000_000 + school.number * 10 + number}"


def _word(words: Mapping[str, Area | SchoolType | str], meaning: str) -> str:
    """Return the first word of the roster that has *meaning*: the Chinese one."""
    return next(word for word, means in words.items() if means == meaning)
