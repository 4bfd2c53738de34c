"""How a scenario says when something begins and how long it lasts."""

import re
from datetime import datetime, tzinfo
from typing import Annotated, Final

from msgspec import Meta

from core.options import CHECK

UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_MOMENT: Final = "%Y-%m-%d %H:%M"
EXAMPLES: Final = '"+5m" after the start, "10:15" on each day of lessons, or "2026-11-27 10:15"'


def seconds(span: str) -> float:
    """Return how long *span* is, as in `90s`, `5m`, `2h` or `1.5d`; raises ValueError."""
    found = _SPAN.fullmatch(span)
    if found is None:
        raise ValueError(span)
    return float(found[1]) * UNITS[found[2]]


def _lasts_mistake(text: str) -> str:
    known = _SPAN.fullmatch(text) and seconds(text) > 0
    return "" if known else f'is "{text[:40]}"; expected a length as in "90s", "5m", "2h" or "1d"'


def _begins_mistake(text: str) -> str:
    if _TIME.fullmatch(text) or (text.startswith("+") and _SPAN.fullmatch(text[1:])):
        return ""
    try:
        datetime.strptime(text, _MOMENT)  # noqa: DTZ007 — the zone is the district's
    except ValueError:
        return f'is "{text[:40]}"; expected {EXAMPLES}'
    return ""


def _holiday_mistake(spans: tuple[str, ...]) -> str:
    wrong = next((one for one in spans if not _HOLIDAYS.fullmatch(one)), None)
    expected = 'expected days as in "05-01/05-05" of each year, or "2026-10-01/2026-10-07"'
    return "" if wrong is None else f'holds "{wrong[:40]}"; {expected}'


_DAY: Final = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_HOLIDAYS: Final = re.compile(rf"{_DAY}(?:/{_DAY})?|\d{{4}}-{_DAY}(?:/\d{{4}}-{_DAY})?")

Lasts = Annotated[str, Meta(extra={CHECK: _lasts_mistake})]
Begins = Annotated[str, Meta(extra={CHECK: _begins_mistake})]
Holidays = Annotated[tuple[str, ...], Meta(extra={CHECK: _holiday_mistake})]


def daily(begins: str) -> bool:
    """Tell whether *begins* comes again on each day of lessons."""
    return bool(_TIME.fullmatch(begins))


def moment(begins: str, started_s: int, zone: tzinfo) -> int:
    """Return when *begins*, which is not daily, is, in seconds since 1970."""
    if begins.startswith("+"):
        return started_s + round(seconds(begins[1:]))
    there = datetime.strptime(begins, _MOMENT).replace(tzinfo=zone)
    return int(there.timestamp())
