"""A district of made-up schools: which there are, what they have, and by which line.

The same seed gives the same district; a larger one begins with the schools of a smaller one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collector.roster.school import Area, Link, SchoolType
from core.types import Identity
from simulator.chance import mix, pick, unit
from simulator.lines import LINES, LineKind

HOST: Final = "server-room"
"""The agent that also looks after the line; each school has one."""
ROOM: Final = "lab-1"
"""A second one in a computer room, in larger schools."""


@dataclass(frozen=True, slots=True)
class School:
    """One school; `off_at_night` says that somebody switches its machines off.

    `played` of its `rooms` have devices that somebody asks (`simulator.rooms`).
    `outside` says that its line can be probed from outside: where not, an agent that fell silent
    leaves the line unknown.
    """

    number: int
    seed: int
    region: str
    school: str
    name: str
    area: Area
    type: SchoolType
    line: LineKind
    backup: bool
    carrier: str
    contracted: int
    target: int
    classes: int
    pupils: int
    rooms: int
    played: int
    agents: tuple[str, ...]
    off_at_night: bool
    outside: bool

    def who(self, agent: str = HOST) -> Identity:
        """Return who one of its agents is."""
        return Identity(self.region, self.school, agent)


@dataclass(frozen=True, slots=True)
class _Sort:
    """What schools of one sort have; shares from 0 to 1, `sizes` in classes."""

    area: Area
    types: tuple[SchoolType, ...]
    lines: tuple[Link, ...]
    carriers: tuple[str, ...]
    sizes: tuple[int, int]
    target: int
    backup: float
    second: float
    off_at_night: float


_BIG: Final = ("中国电信", "中国移动", "中国联通")
_SORTS: Final[tuple[tuple[float, _Sort], ...]] = (
    (
        0.35,
        _Sort(
            area="urban",
            types=("primary", "primary", "junior", "nine_year", "senior"),
            lines=("fibre", "private", "private", "fibre"),
            carriers=_BIG,
            sizes=(24, 60),
            target=500,
            backup=0.5,
            second=0.5,
            off_at_night=0.05,
        ),
    ),
    (
        0.65,
        _Sort(
            area="town",
            types=("primary", "primary", "nine_year", "junior"),
            lines=("fibre", "fibre", "private", "5g"),
            carriers=_BIG,
            sizes=(12, 36),
            target=200,
            backup=0.2,
            second=0.25,
            off_at_night=0.2,
        ),
    ),
    (
        0.85,
        _Sort(
            area="rural",
            types=("primary", "primary", "nine_year"),
            lines=("fibre", "fibre", "5g", "adsl"),
            carriers=_BIG[:2],
            sizes=(6, 14),
            target=100,
            backup=0.05,
            second=0.0,
            off_at_night=0.45,
        ),
    ),
    (
        1.0,
        _Sort(
            area="rural",
            types=("teaching_point",),
            lines=("fibre", "5g", "adsl", "satellite"),
            carriers=_BIG[:2],
            sizes=(1, 4),
            target=50,
            backup=0.0,
            second=0.0,
            off_at_night=0.6,
        ),
    ),
)
"""Up to which share of all schools each sort goes."""

_FIRST: Final = "青白清石柳杨松竹梅桃云龙凤金玉东西南北和"
_SECOND: Final = "山河溪桥坪岭湖塘湾岗泉林田关台城峰谷坝川"
_GOOD: Final = ("明德", "育才", "启智", "文华", "至诚", "新华", "实验", "中心", "红旗", "光明")
_ENDS: Final[dict[SchoolType, str]] = {
    "primary": "小学",
    "teaching_point": "教学点",
    "junior": "初级中学",
    "nine_year": "九年一贯制学校",
    "senior": "高级中学",
}
_SIZE_OF_CLASS: Final = (28, 45)


def district(seed: int, schools: int, regions: Sequence[str], rooms: int = 2) -> list[School]:
    """Return the schools of a district, spread evenly over *regions*; *rooms* of each played."""
    return [_school(seed, number, regions, rooms) for number in range(schools)]


def _school(seed: int, number: int, regions: Sequence[str], played: int) -> School:
    own = mix(seed, number)
    sort = _sort(number)
    line = LINES[pick(sort.lines, own, 1)]
    kind = pick(sort.types, own, 2)
    low, high = sort.sizes
    classes = low + mix(own, 3) % (high - low + 1)
    small, large = _SIZE_OF_CLASS
    pupils = classes * (small + mix(own, 4) % (large - small)) // (3 if high < 10 else 1)
    carrier = "教育网" if line.word == "private" else pick(sort.carriers, own, 5)
    fitting = [tier for tier in line.tiers if tier >= sort.target] or line.tiers[-1:]
    wrong = unit(own, 6) < 0.12
    """Some have a contract that cannot reach the target, whatever is measured."""
    contracted = line.tiers[0] if wrong else pick(fitting[:2], own, 7)
    second = unit(own, 8) < sort.second
    rooms = max(1, classes + mix(own, 10) % 4 - 1)
    return School(
        number=number,
        seed=own,
        region=regions[number % len(regions)],
        school=f"s{number + 1:04d}",
        name=_name(number, own, sort, kind),
        area=sort.area,
        type=kind,
        line=line,
        backup=line.word != "5g" and unit(own, 9) < sort.backup,
        carrier=carrier,
        contracted=contracted,
        target=sort.target,
        classes=classes,
        pupils=pupils,
        rooms=rooms,
        played=min(played, rooms),
        agents=(HOST, ROOM) if second else (HOST,),
        off_at_night=unit(own, 11) < sort.off_at_night,
        outside=unit(own, 12) < 0.8,
    )


def _sort(number: int) -> _Sort:
    # By the golden ratio, so that each sort has its share in a small district too.
    share = (0.31 + number * 0.6180339887498949) % 1.0
    return next(sort for until, sort in _SORTS if share < until)


def _name(number: int, own: int, sort: _Sort, kind: SchoolType) -> str:
    """Return a name that no other school has: place by number, the rest by chance."""
    place = _FIRST[number % len(_FIRST)] + _SECOND[number // len(_FIRST) % len(_SECOND)]
    more = number // (len(_FIRST) * len(_SECOND))
    if more:
        place += f"第{_DIGITS[more]}" if more < len(_DIGITS) else f"第{more + 1}"
    if sort.area == "urban":
        return f"{place}区{pick(_GOOD, own, 13)}{_ENDS[kind]}"
    return f"{place}{'镇' if sort.area == 'town' else '村'}{_ENDS[kind]}"


_DIGITS: Final = "一二三四五六七八九十"
