"""What a message says to people, before any program's way to write it: pure.

Chinese first. Whether something begins or is over stands in words at the very beginning, since a
telephone shows the first twenty characters and no colours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from alerts.outbox import Parcel
from core.alerts import Language, Notification, Telling, Text
from core.kind import Severity

Tone = Literal["begins", "over", "news"]

MOST_FULL: Final = 3
"""With more alerts than these each is one line and since when."""
MOST_TITLE: Final = 160
"""Characters at the top of a message; below it stands whole."""
SIGNATURE: Final = "schoolwatch"
"""In every message, so that it can be the keyword that a robot asks for."""

_HEADS: Final[Mapping[str, tuple[Tone, Text]]] = {
    "FIRST": ("begins", Text("告警", "ALERT")),
    "NEW_ALERTS": ("begins", Text("告警汇总", "ALERTS")),
    "REPEAT": ("begins", Text("仍未恢复", "STILL OPEN")),
    "ESCALATED": ("begins", Text("升级·无人处理", "ESCALATED")),
    "REMINDER": ("begins", Text("催办", "REMINDER")),
    "SOME_RESOLVED": ("over", Text("已恢复", "RECOVERED")),
    "ALL_RESOLVED": ("over", Text("已恢复", "RECOVERED")),
    "DIGEST": ("news", Text("每日汇总", "DAILY DIGEST")),
    "TEST": ("news", Text("测试", "TEST")),
}
_UNWATCHED: Final = Text("不再跟踪", "WATCHED NO MORE")
"""Of what ended for us, and nobody knows whether it is over."""
_URGENCY: Final[Mapping[Severity, Text]] = {
    "P1": Text("P1 立即处理", "P1 now"),
    "P2": Text("P2 三十分钟内处理", "P2 within 30 min"),
    "P3": Text("P3 当天处理", "P3 today"),
    "P4": Text("P4 有空时处理", "P4 when there is time"),
}
REPEATED: Final = Text("（可能重复）", "(may be a repeat)")
_VIA: Final = Text(
    "（原渠道“{via}”发送失败，改由此处发送）",
    "(the channel {via} failed; sent here instead)",
)
_MORE: Final = Text("另有 {more} 条，请看告警页面。", "{more} more: see the page of alerts.")
CONFIRM: Final = Text("确认收到", "Acknowledge")


@dataclass(frozen=True, slots=True)
class Item:
    """One alert: its title, its sentences, and where it is acknowledged ("" for nowhere)."""

    title: str
    lines: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A message in words; `head` tells at the first glance what it is."""

    tone: Tone
    severity: Severity
    head: str
    title: str
    notes: tuple[str, ...]
    items: tuple[Item, ...]
    foot: str
    confirm: str = ""
    marks: Text = field(default=REPEATED)

    @property
    def headline(self) -> str:
        """The line that a notification of the telephone shows."""
        return f"【{self.head}】{self.short}"

    @property
    def short(self) -> str:
        """The title, cut where it would leave no room for what there is to say."""
        title = self.title
        return title if len(title) <= MOST_TITLE else title[:MOST_TITLE] + "…"

    @property
    def urgent(self) -> bool:
        """Whether somebody has to act now."""
        return self.tone == "begins" and self.severity == "P1"


def said_of(parcel: Parcel, language: Language, sender: str) -> Said:
    """Return what a parcel says; *sender* is the collector's id."""
    number = 1 if language == "en" else 0
    note = parcel.notification
    tone, head = _HEADS.get(note.reason, _HEADS["FIRST"])
    if tone == "over" and all(one.alert.ended_by for one in note.alerts):
        head = _UNWATCHED
    words = head[number]
    if tone == "begins":
        words += f"·{_URGENCY[note.severity][number]}"
    short = len(note.alerts) > MOST_FULL
    items = [_item(one, parcel, language, short=short) for one in note.alerts]
    return Said(
        tone,
        note.severity,
        words,
        note.title[number],
        tuple(_notes(parcel, number)),
        (*items, *_more(note, number)),
        f"{SIGNATURE} {sender} #{note.number}",
        CONFIRM[number],
    )


def _notes(parcel: Parcel, number: int) -> list[str]:
    notes = [REPEATED[number]] if parcel.repeat else []
    if parcel.via:
        notes.append(_VIA[number].format(via=parcel.via))
    return notes


def _item(telling: Telling, parcel: Parcel, language: Language, *, short: bool) -> Item:
    number = 1 if language == "en" else 0
    lines = [line for line in telling.text[number].split("\n") if line]
    if short:
        lines = lines[:1]
    if language == "both" and telling.title.en:
        lines.append(telling.title.en)
    link = "" if telling.alert.state == "ended" else parcel.links.get(telling.alert.number, "")
    return Item(telling.title[number], tuple(lines), link)


def _more(note: Notification, number: int) -> tuple[Item, ...]:
    more = note.total - len(note.alerts)
    return (Item(_MORE[number].format(more=more), ()),) if more > 0 else ()
