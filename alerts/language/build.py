"""Rules out of their tables, which are right: alerts/language/mistakes.py has seen them."""

from collections.abc import Mapping

from alerts.language.spans import seconds
from alerts.language.table import LIMITS, LimitTable, OnTable, OtherwiseTable, RuleTable, texts
from alerts.rules import EventOf, Places, Rule, RuleTexts, Sighted, Threshold, Worded


def build(table: RuleTable) -> Rule:
    """Return the rule that *table* says."""
    return Rule(
        table.name,
        _of(table),
        table.severity,
        RuleTexts(*(texts(table, name) for name in ("title", "meaning", "first", "ended"))),
        hold_s=seconds(table.hold),
        keep_s=seconds(table.keep),
        in_school_time=table.in_school_time,
        hides=table.hides,
        quiet=table.quiet,
        recorded=table.recorded,
        owner=table.owner,
        places=Places(table.on.at, table.on.not_at),
    )


def limit_of(table: LimitTable) -> tuple[str, float] | None:
    """Return the word and the number of the limit of *table*, None where it has none."""
    found = [(name, getattr(table, name)) for name in LIMITS]
    return next(((name, value) for name, value in found if value is not None), None)


def _of(table: RuleTable) -> EventOf | Threshold | Worded | Sighted:
    on = table.on
    if on.live:
        return Sighted(on.live)
    if on.event:
        return EventOf(on.event, on.by, on.momentary)
    return _reading(table, on)


def _reading(table: RuleTable, on: OnTable) -> Threshold | Worded:
    if not table.bad:
        return threshold(table, on, on.field, tells=table.tells)
    otherwise = table.otherwise
    return Worded(
        *(on.reading, on.field, on.each, frozenset(table.bad), frozenset(table.good)),
        beside=on.beside,
        unless=on.unless,
        only=_words(on.only),
        tells=table.tells,
        code=otherwise.code,
        otherwise=_otherwise(otherwise, on) if otherwise.code else None,
    )


def _otherwise(table: OtherwiseTable, on: OnTable) -> Threshold:
    plain = OnTable(reading=on.reading, each=on.each)
    return threshold(table, plain, table.field)


def threshold(table: LimitTable, on: OnTable, name: str, tells: tuple[str, ...] = ()) -> Threshold:
    """Return the limit that *table* says."""
    found = limit_of(table)
    assert found is not None, "a table without a limit has been refused"
    word, limit = found
    return Threshold(
        *(on.reading, name, on.each, limit, limit if table.recover is None else table.recover),
        over=word in ("above", "below"),
        under=word in ("below", "at_most"),
        size=bool(table.size),
        heeds=_words(on.heeds),
        beside=on.beside,
        unless=on.unless,
        only=_words(on.only),
        tells=tells,
    )


def _words(tags: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in tags.items()}
