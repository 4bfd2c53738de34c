"""The columns of a timetable and what their cells say, in both languages."""

import re
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Final

from alerts.calendar.rows import BadRow
from alerts.calendar.timetable import Weeks
from alerts.targets.days import Hours
from collector.roster.columns import plain
from core.hints import quoted

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "region": ("区划代码", "行政区划代码", "region"),
    "school": ("学校", "学校代码", "学校标识码", "school"),
    "room": ("教室", "教室名称", "上课教室", "上课地点", "room", "classroom"),
    "weekday": ("星期", "周次日", "星期几", "weekday", "day"),
    "period": ("节次", "第几节", "period"),
    "begins": ("开始", "开始时间", "上课时间", "start", "begins"),
    "ends": ("结束", "结束时间", "下课时间", "end", "ends"),
    "kind": ("课程类型", "类型", "课型", "kind", "type", "lesson type"),
    "weeks": ("单双周", "周", "weeks"),
    "subject": ("课程", "科目", "课程名称", "subject", "course"),
}
"""The first name is the Chinese one; the field's own name is the English one."""

_FIELDS: Final = {
    plain(name): field for field, names in COLUMNS.items() for name in (*names, field)
}
_DAYS: Final = "一二三四五六日"
_ENGLISH: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LIVE: Final = re.compile(r"直播|互动|同步|专递|\blive\b|\binteractive\b", re.IGNORECASE)
_TIME: Final = re.compile(r"([0-9]{1,2})[:：]([0-9]{2})(?::00)?")
_PERIOD: Final = re.compile(r"(?:第)?([0-9]{1,2})(?:[-~—至到,、]([0-9]{1,2}))?节?")
_WEEKS: Final[Mapping[str, Weeks]] = {
    "": "all",
    "全": "all",
    "全部": "all",
    "每周": "all",
    "all": "all",
    "单": "odd",
    "单周": "odd",
    "odd": "odd",
    "双": "even",
    "双周": "even",
    "even": "even",
}


def fields_of(cells: Sequence[str]) -> list[str]:
    """Return the field of each column, "" of one that is not read."""
    return [_FIELDS.get(plain(cell), "") for cell in cells]


def missing(fields: Sequence[str]) -> str:
    """Return what a header lacks, "" where nothing."""
    if len({one for one in fields if one}) < sum(bool(one) for one in fields):
        twice = next(one for one in fields if one and fields.count(one) > 1)
        return f"column {COLUMNS[twice][0]} ({twice}) is there twice"
    for field in ("room", "weekday"):
        if field not in fields:
            return f"missing column {COLUMNS[field][0]} ({field})"
    if "period" not in fields and not {"begins", "ends"} <= set(fields):
        return "missing columns 开始 and 结束 (start, end), or 节次 (period)"
    return ""


def weekday(text: str) -> int:
    """Return 0 for Monday to 6 for Sunday; raises BadRow."""
    word = plain(text).removeprefix("星期").removeprefix("周").removeprefix("礼拜")
    if len(word) == 1 and word in f"{_DAYS}天":
        return 6 if word == "天" else _DAYS.index(word)
    if len(word) == 1 and word in "1234567":
        return int(word) - 1
    if word[:3] in _ENGLISH and len(word) >= 3:
        return _ENGLISH.index(word[:3])
    raise BadRow(f"{quoted(text)} is no weekday, as 周一, 星期一, 1 or Monday")


def hours(cells: Mapping[str, str], periods: Sequence[Hours]) -> Hours:
    """Return when a lesson begins and ends: by the clock, or by its period; raises BadRow."""
    if cells.get("begins") or cells.get("ends"):
        begins, ends = (_clock(cells.get(name, "")) for name in ("begins", "ends"))
        if not begins < ends:
            raise BadRow(f"ends at {ends:%H:%M}, not after it begins at {begins:%H:%M}")
        return begins, ends
    text = cells.get("period", "")
    found = _PERIOD.fullmatch(text.replace(" ", ""))
    if not found:
        raise BadRow(f"{quoted(text)} is no period, as 3, 第3节 or 3-4, and no times are given")
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last <= len(periods):
        raise BadRow(f"period {quoted(text)}: the calendar has {len(periods)} periods here")
    return periods[first - 1][0], periods[last - 1][1]


def weeks(text: str) -> Weeks:
    """Return in which weeks a lesson is held; raises BadRow."""
    found = _WEEKS.get(plain(text))
    if found is None:
        raise BadRow(f"{quoted(text)} is none of 全 (all), 单 (odd), 双 (even)")
    return found


def is_live(text: str) -> bool:
    """Return whether a kind of lesson is live or interactive."""
    return bool(_LIVE.search(text))


def _clock(text: str) -> time:
    found = _TIME.fullmatch(text.strip())
    try:
        if found:
            return time(int(found[1]), int(found[2]))
    except ValueError:
        pass
    raise BadRow(f"{quoted(text)} is no time of day, as 08:00")
