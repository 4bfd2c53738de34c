"""Zones and weekdays in configuration files; not in core/fields.py, for agents need none of it."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from core.hints import nearest, shown
from core.options import CHECK

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `date.weekday`."""


def zone_mistake(name: str) -> str:
    """Return what is wrong with the name of a zone."""
    import zoneinfo  # noqa: PLC0415 — the rest of this package is loaded where there are no zones

    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # A KeyError for names that nobody knows; the others for folders and damaged files.
        zones = sorted(zoneinfo.available_timezones())
        if not zones:
            return f"is {shown(name)}; this machine knows no zones: install the package tzdata"
        near = nearest(name, zones)
        advice = f"did you mean {shown(near)}?" if near else "expected a name as Asia/Shanghai"
        return f"is {shown(name)}; {advice}"
    return ""


def _any_zone_mistake(name: str) -> str:
    return zone_mistake(name) if name else ""


Zone = Annotated[str, Meta(extra={CHECK: zone_mistake})]
AnyZone = Annotated[str, Meta(extra={CHECK: _any_zone_mistake})]
"""The same, or "" for that of the district."""
