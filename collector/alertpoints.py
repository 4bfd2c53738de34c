"""The lines of `alert`: each alert as the page shows it, by exception; pure.

Two alerts of one rule at one school share a series: the last six digits of a time are those of
the alert's number, so that none replaces another, and the number is no tag.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from alerts.acks import Ack
from alerts.history import Story
from alerts.stages.mute import CALENDAR, MAINTENANCE, SILENCE
from collector.district.points import HEARTBEAT, encoded
from core.alerts import Text
from core.clock import SECOND
from core.shown import scrubbed
from core.types import Value

STATES: Final = {"open": "open", "muted": "silenced", "hidden": "suppressed", "over": "ended"}
"""What the groups of the page are called here."""
UNPROVEN: Final = "link"
"""Who acknowledged it where no role is known: whoever got the message."""
_DIGITS: Final = 10**6
_HIDER: Final = "alert:"


class Said(NamedTuple):
    """What there is to say of one alert."""

    number: int
    tags: Mapping[str, str]
    fields: Mapping[str, Value]


class _Written(NamedTuple):
    at: int
    said: Said


@dataclass(slots=True)
class AlertPoints:
    """Gives a line where something of an alert changed, else each 300 s while it is open."""

    _written: dict[int, _Written] = field(default_factory=dict)

    def gone(self, found: Iterable[Said]) -> set[int]:
        """Return the numbers of what was open and is not among *found*."""
        return self._written.keys() - {one.number for one in found}

    def lines(self, found: Iterable[Said], over: Iterable[Said], at: int) -> Iterator[bytes]:
        """Give the lines of a look at *at* (ns): of what is open, and of what is *over* since."""
        found = list(found)
        for number in self.gone(found):
            del self._written[number]
        for one in found:
            last = self._written.get(one.number)
            if last is None or last.said != one or _slot(one, at) != _slot(one, last.at):
                self._written[one.number] = _Written(at, one)
                yield _line(one, at)
        # When that was seen, not when it ended: behind all that said that it is open.
        yield from (_line(one, at) for one in over)


def last_line(one: Said, ended: int) -> bytes:
    """Return the line of what is over for the list of the past, which is the same each time."""
    return _line(one, ended)


def said(story: Story, name_of: Callable[[str], str]) -> Said:
    """Return what is said of *story*; nobody's name, and no address."""
    alert, title, kept = story.telling.alert, story.telling.title, _kept(story)
    region, _, school = alert.key.school.partition("/")
    if not school and not alert.key.place.startswith("collector/"):
        region = alert.key.place
    tags = {"region": region, "school": school, "rule": alert.key.rule, "severity": alert.severity}
    fields: dict[str, Value] = {
        "number": alert.number,
        "state": STATES[story.group],
        "title_zh": _flat(title.zh),
        "title_en": _flat(title.en),
        "place": _flat(name_of(alert.key.place) if alert.key.place else ""),
        "target": _flat(scrubbed(alert.key.target)),
        "began": alert.began_at // SECOND,
        "kept_zh": _flat(kept.zh),
        "kept_en": _flat(kept.en),
        "acked": story.ack is not None,
        "acked_by": _role(story.ack) if story.ack else "",
    }
    if alert.state == "ended":
        fields["ended"] = alert.ended_at // SECOND
    return Said(alert.number, {name: value for name, value in tags.items() if value}, fields)


def _role(ack: Ack) -> str:
    return ack.role.partition(":")[0] or UNPROVEN


def _kept(story: Story) -> Text:
    """Return what keeps it from people, or did when it ended."""
    alert = story.telling.alert
    if alert.hidden_by:
        return _explained(alert.hider, story.hider)
    by = alert.muted_by
    if not by and alert.state == "ended" and story.mutes:
        by = story.mutes[-1].by
    if by.startswith(_HIDER):
        number = by.removeprefix(_HIDER)
        return _explained(int(number) if number.isdecimal() else 0, story.hider)
    if by.startswith(SILENCE):
        number = by.removeprefix(SILENCE)
        return Text(f"静默 {number}", f"silence {number}")
    if by.startswith(MAINTENANCE):
        return Text("维护中", "maintenance")
    return Text("等到上课时间", "waits for lessons") if by == CALENDAR else Text("", "")


def _explained(number: int, title: Text) -> Text:
    if not number:
        return Text("由其他告警引起", "explained by another alert")
    zh, en = (f"：{title.zh}", f": {title.en}") if title.zh else ("", "")
    return Text(f"由告警 {number} 引起{zh}", f"explained by alert {number}{en}")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _line(one: Said, at: int) -> bytes:
    when = at // _DIGITS * _DIGITS + one.number % _DIGITS
    return encoded("alert", one.tags, one.fields, when)


def _slot(one: Said, at: int) -> int:
    """Return in which of its five minutes an alert is: not all are written at one moment."""
    return (at + one.number * 37 % 300 * SECOND) // HEARTBEAT
