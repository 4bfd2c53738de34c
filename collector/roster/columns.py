"""The columns of a roster: their names in both languages, and which cell of a row is which.

A header is compared without spaces, brackets, full-width forms and case, so `签约带宽（Mbps）` and
`Contracted Mbps` are what they look like. A column that nobody knows is named, with the right one
where one is near, because a misspelt column would otherwise empty a field in every row.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from collector.roster.school import ROLES, Role
from collector.roster.words import ROLE_WORDS
from core.hints import nearest, quoted

_IGNORED: Final = str.maketrans("", "", "()[]【】*:_-/、·. \t\r\n\u00a0\u3000\ufeff")
_MBPS: Final = ("Mbps", "M", "兆", "Mb/s", "Mbit/s")
_CONTACT: Final = ("联系方式", "联系电话", "电话")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the name of its field, which is its English header too, and the Chinese one."""

    field: str
    zh: str
    aliases: tuple[str, ...] = ()
    needed: bool = False
    units: tuple[str, ...] = ()

    def names(self) -> Iterator[str]:
        """Yield every name, the Chinese one first, each also with each unit behind it."""
        for name in (self.zh, self.field, *self.aliases):
            yield from (name, *(f"{name}{unit}" for unit in self.units))

    def __str__(self) -> str:
        """Return it as people are told of it."""
        return f"{self.zh} ({self.field})"


def _people(role: Role, *others: str) -> Iterator[Column]:
    zh = ROLE_WORDS[role]
    yield Column(role, zh, others)
    contacts = tuple(f"{name}{word}" for name in (zh, *others) for word in _CONTACT)
    if zh.endswith("责任人") and role != "person":
        contacts += tuple(f"{zh.removesuffix('责任人')}{word}" for word in _CONTACT)
    yield Column(f"{role}_contact", f"{zh}联系方式", contacts)


def _every() -> Iterator[Column]:
    yield Column("region", "区划代码", ("行政区划代码", "行政区划码", "region code"), needed=True)
    codes = ("学校标识码", "标识码", "学校（机构）标识码", "school code", "school id")
    yield Column("school", "学校代码", codes, needed=True)
    yield Column("name", "学校名称", ("校名", "school name"))
    yield Column("status", "状态", ("办学状态", "学校状态"), needed=True)
    yield Column("opened", "开办日期", ("启用日期", "open date"))
    closed = ("撤并日期", "停办日期", "撤并停办日期", "closing date")
    yield Column("closed", "停办撤并日期", closed)
    yield Column("type", "学校类型", ("办学类型", "学校类别", "school type"))
    yield Column("area", "城乡类型", ("城乡分类", "城乡属性", "城乡类别"))
    yield Column("teaching_point", "教学点", ("是否教学点",))
    contracted = ("合同带宽", "contracted bandwidth", "contracted")
    yield Column("contracted_mbps", "签约带宽", contracted, units=_MBPS)
    target = ("target bandwidth", "target")
    yield Column("target_mbps", "目标带宽", target, units=_MBPS)
    yield Column("link", "接入方式", ("接入类型", "link type"))
    yield Column("carrier", "运营商", ("网络运营商", "宽带运营商", "ISP"))
    yield Column("classes", "班级数", ("教学班数", "班数"), units=("个",))
    pupils = ("在校生数", "在校学生数", "students")
    yield Column("pupils", "学生数", pupils, units=("人",))
    rooms = ("多媒体教室", "multimedia classrooms")
    yield Column("rooms", "多媒体教室数", rooms, units=("间", "个"))
    yield Column("outside", "外部探测地址", ("探测地址", "outside addresses"))
    more = {
        "authority": ("主管负责人",),
        "operator": ("运维负责人",),
        "user": ("使用负责人",),
        "leader": ("分管领导",),
        "person": ("具体负责人",),
    }
    for role in ROLES:
        yield from _people(role, *more[role])


COLUMNS: Final[Mapping[str, Column]] = {column.field: column for column in _every()}


def plain(header: str) -> str:
    """Return *header* without what people write differently and mean the same by."""
    return unicodedata.normalize("NFKC", header).translate(_IGNORED).casefold()


_EXACT: Final = {
    plain(name): column.field for column in COLUMNS.values() for name in (column.zh, column.field)
}
_ALIASES: Final = {
    plain(name): column.field for column in COLUMNS.values() for name in column.names()
}
_SAID: Final = {
    name: column
    for column in COLUMNS.values()
    for name in (*column.aliases, column.field, column.zh)
}


@dataclass(frozen=True, slots=True)
class Header:
    """`fields` are by column, "" for one that is not read; `mistakes` make the whole unreadable.

    `suspects` are columns that nobody knows and that look like one of ours, `unread` the others.
    """

    cells: tuple[str, ...]
    fields: tuple[str, ...]
    mistakes: tuple[str, ...]
    suspects: tuple[str, ...]
    unread: tuple[str, ...]


def header(cells: Sequence[str]) -> Header:
    """Return what the columns named *cells* are."""
    fields = _fields(cells)
    strange = [cell for cell, field in zip(cells, fields) if cell and not field]
    likely = {cell: _meant(cell, fields) for cell in strange}
    suspects = tuple(
        f"column {quoted(cell)} is not known; is {near} meant?"
        for cell, near in likely.items()
        if near
    )
    unread = tuple(
        f"column {quoted(cell)} is not read" for cell, near in likely.items() if not near
    )
    mistakes = tuple(_mistakes(cells, fields))
    return Header(tuple(cells), tuple(fields), mistakes, suspects, unread)


def _fields(cells: Sequence[str]) -> list[str]:
    named = [plain(cell) for cell in cells]
    exact = {_EXACT[name] for name in named if name in _EXACT}
    # Where 学校代码 is there, 标识码 beside it is another matter.
    others = {name: field for name, field in _ALIASES.items() if field not in exact}
    return [_EXACT.get(name) or others.get(name, "") for name in named]


def _mistakes(cells: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    for column in COLUMNS.values():
        found = [cell for cell, field in zip(cells, fields) if field == column.field]
        if len(found) > 1:
            yield f"column {column} is there twice: {', '.join(map(quoted, found))}"
        if column.needed and not found:
            near = _near(column, [c for c, field in zip(cells, fields) if c and not field])
            yield f"missing column {column}" + (f"; is {quoted(near)} meant?" if near else "")


def _near(column: Column, unused: Sequence[str]) -> str:
    names = (column.zh, column.field, *column.aliases)
    return next(filter(None, (nearest(name, unused) for name in names)), "")


def _meant(cell: str, fields: Sequence[str]) -> str:
    """Return the column that a header nobody knows was probably meant to be, one not there yet."""
    near = nearest(cell, [name for name, column in _SAID.items() if column.field not in fields])
    return str(_SAID[near]) if near else ""
