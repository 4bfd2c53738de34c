"""What a file of rules may say, as it is written: `docs/rules.md` explains every key.

Whether the words make sense together is asked in alerts/language/mistakes.py, and what they come
to in alerts/language/build.py.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from alerts.language.spans import Since, Span
from alerts.rules import Owner
from core.alerts import Text
from core.kind import Severity

Name = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z][a-z0-9_]{0,59}\Z",
        description="small letters, digits and '_', a letter first, at most 60",
    ),
]
Word = Annotated[str, Meta(min_length=1, max_length=100)]
Sentence = Annotated[str, Meta(max_length=600)]
Place = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9_.*-]{1,64}(?:/[A-Za-z0-9_.*-]{1,64}){0,2}\Z",
        description='REGION, REGION/SCHOOL or REGION/SCHOOL/AGENT, "*" for any name',
    ),
]
By = Literal["agent", "collector"]
Tags = dict[Word, tuple[Word, ...]]


class OnTable(Struct, frozen=True, kw_only=True, rename={"unless": "except", "heeds": "while"}):
    """What a rule looks at: a reading, an event or the live picture, and where."""

    reading: str = ""
    field: str = ""
    each: str = ""
    beside: tuple[Word, ...] = ()
    only: Tags = {}
    unless: dict[Word, Word] = {}
    heeds: Tags = {}
    event: str = ""
    by: By = "agent"
    momentary: bool = False
    live: str = ""
    at: tuple[Place, ...] = ()
    not_at: tuple[Place, ...] = ()


class LimitTable(Struct, frozen=True, kw_only=True):
    """A number that is too large or too small, and from where on it is well again."""

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    recover: float | None = None
    size: bool = False


class OtherwiseTable(LimitTable, frozen=True, kw_only=True):
    """The number that decides where there is a code and no word."""

    code: str = ""
    field: str = ""


class TextTable(Struct, frozen=True, kw_only=True):
    """What people are told, in one language."""

    title: Sentence
    meaning: Sentence
    first: Sentence
    ended: Sentence = ""


class ChangeTable(Struct, frozen=True, kw_only=True):
    """The difference to an earlier value."""

    since: Since = ""
    percent: bool = False


class WindowTable(Struct, frozen=True, kw_only=True):
    """What is looked at over some time: how fast a counter grows, how often a value changes."""

    over: Span = ""


class UsualTable(Struct, frozen=True, kw_only=True):
    """The same hour of past weeks."""

    weeks: Annotated[int, Meta(ge=0, le=8)] = 0
    known: Annotated[int, Meta(ge=1, le=8)] = 2
    by: Literal["factor", "deviation"] = "factor"
    least: float = 0


class ShareTable(LimitTable, frozen=True, kw_only=True):
    """The share of a group of which the rest of the rule holds, in percent."""

    of: Literal["school", "region", "district", ""] = ""
    members: Literal["series", "agents", "schools"] = "series"
    least: Annotated[int, Meta(ge=1, le=100_000)] = 3


NO_LIMIT: Final = OtherwiseTable()


class RuleTable(
    LimitTable, frozen=True, kw_only=True, rename={"hold": "for", "keep": "keep_firing"}
):
    """One rule as it is written."""

    name: Name
    on: OnTable
    severity: Severity
    zh: TextTable
    en: TextTable
    bad: tuple[Word, ...] = ()
    good: tuple[Word, ...] = ()
    otherwise: OtherwiseTable = NO_LIMIT
    tells: tuple[Word, ...] = ()
    change: ChangeTable = ChangeTable()
    rate: WindowTable = WindowTable()
    flaps: WindowTable = WindowTable()
    usual: UsualTable = UsualTable()
    absent: Span = ""
    share: ShareTable = ShareTable()
    hold: Span = ""
    keep: Span = ""
    in_school_time: Severity | None = None
    owner: Owner = "operator"
    quiet: bool = False
    recorded: bool = False
    hides: tuple[Name, ...] = ()
    waits_for_lessons: bool = False
    counts_in_lessons: bool = False
    carries_rooms: bool = False


class OtherTexts(Struct, frozen=True, kw_only=True):
    """Texts in place of those of a shipped rule; an empty one leaves what it says."""

    title: Sentence = ""
    meaning: Sentence = ""
    first: Sentence = ""
    ended: Sentence = ""


class OverrideTable(
    LimitTable, frozen=True, kw_only=True, rename={"hold": "for", "keep": "keep_firing"}
):
    """What an operator has otherwise than the shipped rule; what is not there stays."""

    severity: Severity | None = None
    in_school_time: Severity | None = None
    size: bool | None = None  # type: ignore[assignment]  # None: as the rule has it
    otherwise: OtherwiseTable = NO_LIMIT
    change: ChangeTable = ChangeTable()
    rate: WindowTable = WindowTable()
    flaps: WindowTable = WindowTable()
    usual: UsualTable = UsualTable()
    absent: Span | None = None
    share: ShareTable = ShareTable()
    hold: Span | None = None
    keep: Span | None = None
    owner: Owner | None = None
    quiet: bool | None = None
    recorded: bool | None = None
    hides: tuple[Name, ...] | None = None
    waits_for_lessons: bool | None = None
    counts_in_lessons: bool | None = None
    carries_rooms: bool | None = None
    at: tuple[Place, ...] | None = None
    not_at: tuple[Place, ...] | None = None
    zh: OtherTexts = OtherTexts()
    en: OtherTexts = OtherTexts()


class RulesTable(Struct, frozen=True, kw_only=True):
    """A file of rules."""

    kind: Literal["rules"] = "rules"
    off: tuple[Name, ...] = ()
    override: dict[str, OverrideTable] = {}
    rule: tuple[RuleTable, ...] = ()


LIMITS: Final = ("above", "at_least", "below", "at_most")
HOWS: Final = ("change", "rate", "flaps", "usual", "absent")


def texts(table: RuleTable, name: str) -> Text:
    """Return one text of a rule in both languages."""
    return Text(getattr(table.zh, name), getattr(table.en, name))
