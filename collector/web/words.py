"""Numbers and times as people read them: three figures, a unit, the district's zone."""

from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from collector.web.texts import Texts
from core.clock import SECOND, local

_BINARY: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL: Final = ("", "k", "M", "G", "T")
_STEPS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


class Amount(NamedTuple):
    """A number and its unit, apart, since a page writes the number larger."""

    number: str
    unit: str

    def __str__(self) -> str:
        """Return both with a space between, a percent sign without one."""
        return self.number + ("" if self.unit == "%" else "\N{NO-BREAK SPACE}") + self.unit


def percent(value: float) -> Amount:
    """Return a share with a decimal where it is small; what is not 0 or 100 is not shown as it."""
    if 0 < value < 0.1:
        return Amount("<0.1", "%")
    if 99.5 <= value < 100:
        return Amount(f"{min(value, 99.9):.1f}", "%")
    return Amount(f"{value:.1f}" if 0 < value < 10 else f"{value:.0f}", "%")


def size(value: float) -> Amount:
    """Return bytes in steps of 1024."""
    return _stepped(value, 1024, _BINARY, "")


def bits(value: float, unit: str) -> Amount:
    """Return bits per second in steps of 1000; *unit* is how the language writes them."""
    return _stepped(value, 1000, _DECIMAL, unit)


def milliseconds(value: float) -> Amount:
    """Return *value* in ms, in seconds from 1000 on."""
    if value >= 1000:
        return Amount(_figures(value / 1000), "s")
    return Amount(_figures(value), "ms")


def lasting(duration: int, t: Texts) -> str:
    """Return *duration* (ns) in its two largest units: `2 h 5 min`."""
    left = max(0, duration // SECOND)
    words: list[str] = []
    for name, seconds in _STEPS:
        n, left = divmod(left, seconds)
        if n or (name == "seconds" and not words):
            words.append(t(name, n=n))
        elif words:
            break
        if len(words) == 2:
            break
    return " ".join(words)


def ago(at: int, now: int, t: Texts) -> str:
    """Return how long before *now* something was; never a negative time."""
    if not at:
        return t("never")
    if now - at < 3 * SECOND:
        return t("just_now")
    return t("ago", lasting=lasting(now - at, t))


def moment(at: int, now: int, zone: tzinfo) -> str:
    """Return *at* in *zone*: the time of day today, else with its date."""
    when = local(at, zone)
    same_day = when.date() == local(now, zone).date()
    return when.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M")


def started(text: str, now: int, zone: tzinfo) -> str:
    """Return the RFC 3339 time that an agent names as its start; what is none, as it came."""
    try:
        at = datetime.fromisoformat(text[:40])
        return moment(int(at.timestamp()) * SECOND, now, zone) if at.tzinfo else text[:40]
    except (ValueError, OverflowError):
        return text[:40]


def _stepped(value: float, step: int, prefixes: tuple[str, ...], unit: str) -> Amount:
    power = 0
    # 999.6 would be printed as 1000; it belongs to the next prefix.
    while value >= step * 0.9995 and power < len(prefixes) - 1:
        value /= step
        power += 1
    return Amount(_figures(value), prefixes[power] + unit)


def _figures(value: float) -> str:
    if value == 0 or value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
