"""`statements.toml`: what a person says of clauses that no program can judge, and until when.

The file is optional. A statement is shown with who made it and never turns into a proof; one that
has expired is a gap.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from collector.evidence.report.clauses import topics
from collector.evidence.report.finding import Gap
from core import config
from core.alerts import Text
from core.hints import hint, shown
from core.options import CHECK
from core.tomlfile import content_of
from core.tomllines import KeyPath

SOON_DAYS: Final = 30
"""So long before a statement expires it is called for again."""


def _day_mistake(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"is {shown(text)}; expected a day, as 2026-11-22"
    return ""


Day = Annotated[str, Meta(extra={CHECK: _day_mistake})]
Words = Annotated[str, Meta(min_length=1, max_length=500)]


class Statement(Struct, frozen=True, kw_only=True):
    """What somebody said: `about` a word of clauses.toml; it holds on `valid_until` still."""

    about: str
    said_by: Words
    said_on: Day
    text: Words
    valid_until: Day

    def is_over(self, today: date) -> bool:
        """Return whether it holds no more."""
        return date.fromisoformat(self.valid_until) < today

    def ends_soon(self, today: date) -> bool:
        """Return whether it has to be made again before long."""
        return 0 <= (date.fromisoformat(self.valid_until) - today).days <= SOON_DAYS

    def shown(self) -> Text:
        """Return it as the report quotes it."""
        name = topics()[self.about]
        who, until = f"{self.said_by}, {self.said_on}", self.valid_until
        return Text(
            f"{name.zh}：“{self.text}”（{who}；有效期至 {until}）",
            f"{name.en}: “{self.text}” ({who}; valid until {until})",
        )


class Statements(Struct, frozen=True, kw_only=True):
    """The file."""

    kind: Literal["statements"] = "statements"
    statement: tuple[Statement, ...] = ()


def read_statements(path: Path) -> Statements:
    """Return the file at *path*; raises ConfigError with every mistake in it."""
    return config.parse(path, content_of(path), Statements, {"statement": _mistakes})


def _mistakes(rows: tuple[Statement, ...]) -> Iterator[tuple[KeyPath, str]]:
    known = topics()
    for number, one in enumerate(rows):
        if one.about not in known:
            near = hint(one.about, known)
            yield (number, "about"), f"about is {shown(one.about)}, which no clause asks for{near}"
        if one.valid_until < one.said_on:
            yield (number, "valid_until"), "valid_until is before said_on"


def gaps_of(said: list[Statement], today: date) -> Iterator[Gap]:
    """Return what is wrong with statements about one thing, the newest of which counts."""
    newest = max(said, key=lambda one: one.valid_until)
    name = topics()[newest.about]
    if newest.is_over(today):
        yield Gap(
            Text(
                f"人工说明（{name.zh}）已于 {newest.valid_until} 过期",
                f"the statement about {name.en} expired on {newest.valid_until}",
            ),
            Text(
                "请责任人核实现状，在 statements.toml 中写入新的说明和有效期",
                "have who answers for it look again, and write a new one into statements.toml",
            ),
            hole=True,
        )
    elif newest.ends_soon(today):
        yield Gap(
            Text(
                f"人工说明（{name.zh}）将于 {newest.valid_until} 到期",
                f"the statement about {name.en} expires on {newest.valid_until}",
            ),
            Text("到期前重新核实并更新说明", "look again and renew it before that day"),
        )
