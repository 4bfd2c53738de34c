"""Lengths of time as a person writes them in a rule: `90s`, `5m`, `2h`, `7d`."""

import re
from typing import Annotated, Final

from msgspec import Meta

_PATTERN: Final = r"(\d{1,7}(?:\.\d{1,3})?)(s|m|h|d)"
_SPAN: Final = re.compile(rf"\A{_PATTERN}\Z")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

SAID: Final = 'a length of time, as "90s", "5m", "2h" or "7d"'
Span = Annotated[str, Meta(pattern=rf"\A(?:{_PATTERN})?\Z", description=SAID)]
Since = Annotated[str, Meta(pattern=rf"\A(?:{_PATTERN}|last)?\Z", description=f'{SAID}; or "last"')]


def seconds(span: str) -> float:
    """Return *span* in seconds, 0 for an empty one; raises ValueError for what is none."""
    if not span:
        return 0.0
    found = _SPAN.match(span)
    if found is None:
        raise ValueError(f"{span!r} is no length of time, as 90s, 5m, 2h or 7d")
    return float(found[1]) * _UNITS[found[2]]
