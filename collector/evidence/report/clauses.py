"""The clauses as data: `clauses.toml`, one table for each row of domain.md §10."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from collector.evidence.report.finding import Coverage
from core import config
from core.alerts import Text

Word = Annotated[str, Meta(min_length=1)]
FILE: Final = "clauses.toml"


class Clause(Struct, frozen=True, kw_only=True):
    """One row. `l3` and `l2` are its numbers in GB/T 22239-2019; `l2` is empty where level 2 does
    not ask. `number`: `quoted` by a third party, or by the standard's regular `order`, unproven.

    `adds` is what level 3 asks for besides. `look` names the functions that read the evidence,
    `stated` what a person may say of it.
    """

    id: Word
    l3: Word
    l2: str = ""
    number: Literal["quoted", "quoted_once", "order"]
    zh: Word
    en: Word
    asks_zh: Word
    asks_en: Word
    adds_zh: str = ""
    adds_en: str = ""
    coverage: Coverage
    look: tuple[Word, ...] = ()
    stated: tuple[Word, ...] = ()

    @property
    def name(self) -> Text:
        """What the standard calls it."""
        return Text(self.zh, self.en)

    @property
    def asks(self) -> Text:
        """What it asks for, in short."""
        if not self.adds_zh:
            return Text(self.asks_zh, self.asks_en)
        return Text(
            f"{self.asks_zh}；三级另要求：{self.adds_zh}",
            f"{self.asks_en}; level 3 also: {self.adds_en}",
        )


class PoliceItem(Struct, frozen=True, kw_only=True):
    """One of the seven items of MPS-151, Art. 10: the clauses that say something of it."""

    number: int
    zh: Word
    en: Word
    coverage: Coverage
    look: tuple[Word, ...] = ()
    stated: tuple[Word, ...] = ()


class Topic(Struct, frozen=True, kw_only=True):
    """What a statement may be about."""

    word: Word
    zh: Word
    en: Word


class Clauses(Struct, frozen=True, kw_only=True):
    """The file."""

    topic: tuple[Topic, ...]
    clause: tuple[Clause, ...]
    police: tuple[PoliceItem, ...]

    def rows(self) -> Iterator[Clause | PoliceItem]:
        """Return everything that is judged."""
        yield from self.clause
        yield from self.police


@cache
def topics() -> Mapping[str, Text]:
    """Return everything that somebody may state something about, by its word."""
    return {one.word: Text(one.zh, one.en) for one in clauses().topic}


@cache
def clauses() -> Clauses:
    """Return the table."""
    content = files("collector.evidence.report").joinpath(FILE).read_bytes()
    return config.parse(Path(FILE), content, Clauses)
