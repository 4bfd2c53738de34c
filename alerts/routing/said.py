"""A message beside those of the pipeline: what it is about, to whom, and its title."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerts.step import Case
from alerts.texts import MOST_HELD, Words, summary
from core import clock
from core.alerts import NO_TEXT, Notification, Reason, Telling, Text

DIGEST: Final = "digest"
"""The place of a digest, which has none; its messages count apart."""

_PREFIX: Final[Mapping[str, Text]] = {
    "REPEAT": Text("仍未恢复：{title}", "still there: {title}"),
    "ESCALATED": Text("升级（无人确认）：{title}", "escalated, nobody acknowledged: {title}"),
    "REMINDER": Text("催办（应于 {due} 前处理）：{title}", "due by {due}: {title}"),
    "OVERDUE": Text("已逾期，列入督办：{title}", "overdue, under supervision: {title}"),
}
_DIGEST: Final = Text(
    "每日汇总：新发生 {began} 条，已恢复 {ended} 条，仍未恢复 {lasting} 条",
    "Daily digest: {began} began, {ended} are over, {lasting} still open",
)
_LOST: Final = Text(
    "，因规则取消或更改不再跟踪 {lost} 条",
    ", {lost} watched no more because their rules were removed or changed",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What follows of alerts that last. `due_at` is the earliest of their due dates (ns), or 0."""

    reason: Reason
    about: Sequence[Case]
    place: str
    channels: tuple[str, ...]
    repeat: bool
    due_at: int = 0
    overdue: bool = False

    def message(self, tellings: Sequence[Telling], at: int, words: Words) -> Notification:
        """Return the message; its number is given when it is written."""
        said = summary(tellings, self.reason, at, words)
        form = _PREFIX["OVERDUE" if self.overdue else self.reason]
        due = clock.minute(self.due_at, words.zone)
        texts = (
            text.format(title=title, due=due) for text, title in zip(form, said.title, strict=True)
        )
        return replace(said, title=Text(*texts))


@dataclass(frozen=True, slots=True)
class DigestSaid:
    """The small things of a day: `about` are the worst of the `total`; `lost` ended by their
    rules' end, and are not among the `ended`."""

    about: Sequence[Case]
    channels: tuple[str, ...]
    repeat: bool
    began: int
    ended: int
    lasting: int
    lost: int
    counts: Mapping[str, int]
    place: str = DIGEST

    def message(self, tellings: Sequence[Telling], at: int, words: Words) -> Notification:
        """Return the message; its number is given when it is written."""
        said = summary(tellings, "DIGEST", at, words)
        figures = {"began": self.began, "ended": self.ended, "lasting": self.lasting}
        parts = zip(_DIGEST, _LOST if self.lost else NO_TEXT, strict=True)
        title = Text(*((form + more).format(**figures, lost=self.lost) for form, more in parts))
        total = sum(self.counts.values())
        return replace(
            said,
            title=title,
            alerts=tuple(tellings[:MOST_HELD]),
            total=total,
            counts=dict(self.counts),
        )
