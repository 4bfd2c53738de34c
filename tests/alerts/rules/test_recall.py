"""What rules remember: bounded, kept while other rules change, and learned over restarts."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.file import read_rules
from alerts.recall import shelf
from alerts.recall.samples import MOST, Counter, Values
from alerts.recall.usual import Book
from alerts.rules import Rule, Usual
from alerts.shipped import RULES
from core.clock import SECOND
from tests.alerts.stage import RULE_FILES, Stage

HOUR = 3_600 * SECOND
WEEK = 7 * 24 * HOUR
USUAL = Usual(4, 2, "factor", 0)
MEMORY = tuple(read_rules(RULE_FILES / "memory.rules.toml").rules)


def only(name: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in MEMORY if rule.name == name)


STEPS = st.lists(st.tuples(st.integers(1, 300), st.integers(0, 50), st.booleans()), max_size=60)


@given(STEPS)
def test_a_counter_has_grown_by_what_was_added_also_since_it_began_anew(
    steps: list[tuple[int, int, bool]],
) -> None:
    counter, at, value, grown = Counter(0, over=10**6), 0, 0, 0
    counter.add(0, 0)
    for pause, more, restarts in steps:
        at += pause
        # One that is past its old value already cannot be told from one that went on.
        value = more if restarts and more < value else value + more
        grown += more
        counter.add(at, float(value))
    assert counter.total == grown


def test_a_series_that_speaks_often_is_not_remembered_word_by_word() -> None:
    values = Values(0, over=600 * SECOND)
    for second in range(10_000):
        values.add(second * SECOND // 10, float(second))
    assert len(values.kept) <= MOST + 2
    before = values.before(9_999 * SECOND // 10)
    assert isinstance(before, float)
    assert abs(before - 3_999) <= 40, "ten minutes before, as near as a sample is"


def test_series_beyond_the_bound_are_counted_and_said_nothing_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "MOST_OF_ONE_PLACE", 3)
    stage = Stage(tmp_path / "d1", rules=only("firmware_changed"))
    for version in ("1.0", "1.1"):
        for number in range(5):
            tags = {"device": f"sw{number}", "kind": "switch"}
            stage.read("device", tags, firmware=version)
        stage.wait(1)
    assert len(stage.told()) == 3
    assert stage.engine.counts["alert_series_refused", ""] == 4


def test_what_is_remembered_outlasts_other_rules(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1", rules=only("rtt_jumps"))
    stage.read("ping", {"url": "gw"}, average_response_ms=10.0)
    stage.wait(610, step=100)
    stage.engine.take_rules([*RULES, *MEMORY])
    stage.read("ping", {"url": "gw"}, average_response_ms=90.0)
    assert stage.told() == ["610s begins rtt_jumps"]


@dataclass
class Database:
    """One in memory that can refuse."""

    db: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    refuses: bool = False

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        if self.refuses:
            raise sqlite3.OperationalError("database is locked")
        with self.db:
            yield self.db

    def book(self, holidays: frozenset[date] = frozenset()) -> Book:
        return Book(self.transaction, UTC, lambda day: day not in holidays)


def hour(book: Book, value: float, week: int) -> None:
    for minute in range(0, 60, 5):
        book.add("a", value, week * WEEK + minute * 60 * SECOND, HOUR)


def test_what_is_usual_is_the_median_of_the_weeks_that_are_known() -> None:
    book = Database().book()
    for week, value in ((1, 10.0), (2, 12.0), (3, 500.0)):
        hour(book, value, week)
    book.add("a", 24.0, 4 * WEEK, HOUR)
    assert book.compared("a", 24.0, USUAL) == (2.0, 12.0)
    assert book.compared("a", 24.0, Usual(1, 1, "factor", 0)) == (24 / 500, 500.0)
    assert book.compared("a", 24.0, Usual(4, 4, "factor", 0)) is None, "three are known"
    assert book.compared("a", 24.0, Usual(4, 2, "factor", 20)) is None, "too little to compare"


def test_a_holiday_is_not_held_against_school_days() -> None:
    at_school = date(1970, 1, 8)  # 7 days after the epoch
    book = Database().book(frozenset({date(1970, 1, 15)}))
    assert at_school.toordinal() - date(1970, 1, 1).toordinal() == 7
    for week, value in ((1, 10.0), (2, 1.0), (3, 10.0)):
        hour(book, value, week)
    book.add("a", 30.0, 4 * WEEK, HOUR)
    assert book.compared("a", 30.0, USUAL) == (3.0, 10.0)


def test_what_was_learned_outlasts_a_kill_and_a_database_that_refuses_for_a_while() -> None:
    database = Database()
    book = database.book()
    hour(book, 10.0, 1)
    book.flush(WEEK + HOUR)
    database.refuses = True
    with pytest.raises(sqlite3.OperationalError):
        book.add("a", 10.0, 2 * WEEK, HOUR)
    database.refuses = False
    hour(book, 20.0, 2)
    book.flush(2 * WEEK + HOUR)

    again = database.book()
    again.add("a", 45.0, 3 * WEEK, HOUR)
    assert again.compared("a", 45.0, USUAL) == (3.0, 15.0)
