"""Rules out of their tables, which are right: alerts/language/mistakes.py has seen them."""

from collections.abc import Mapping
from typing import Any

from alerts.language.spans import seconds
from alerts.language.table import (
    HOWS,
    LIMITS,
    LimitTable,
    OnTable,
    OtherwiseTable,
    RuleTable,
    ShareTable,
    texts,
)
from alerts.rules import (
    Absent,
    Change,
    Condition,
    EventOf,
    Flaps,
    Places,
    Rate,
    Recalled,
    Rule,
    RuleTexts,
    Share,
    Sighted,
    Threshold,
    Usual,
    Watched,
    Worded,
)

QUIET = 1
"""What flaps is over, where the rule says nothing else, when nothing changed for a window."""


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
        waits_for_lessons=table.waits_for_lessons,
        counts_in_lessons=table.counts_in_lessons,
        carries_rooms=table.carries_rooms,
    )


def limit_of(table: LimitTable) -> tuple[str, float] | None:
    """Return the word and the number of the limit of *table*, None where it has none."""
    found = [(name, getattr(table, name)) for name in LIMITS]
    return next(((name, value) for name, value in found if value is not None), None)


def hows(table: RuleTable) -> list[str]:
    """Return which ways to make a number of what was the table names; a good one names one."""
    said = {
        "change": table.change.since,
        "rate": table.rate.over,
        "flaps": table.flaps.over,
        "usual": table.usual.weeks,
        "absent": table.absent,
    }
    return [name for name in HOWS if said[name]]


def _of(table: RuleTable) -> Condition:
    on = table.on
    if hows(table) or table.share.of:
        return _recalled(table, on) if on.reading else _watched(table, on)
    if on.live:
        return Sighted(on.live)
    if on.event:
        return EventOf(on.event, on.by, on.momentary)
    return _reading(table, on)


def _watched(table: RuleTable, on: OnTable) -> Watched:
    how = next(iter(hows(table)), "")
    judged = table if how != "flaps" else _quiet(table)
    found = _how(table, how)
    assert not isinstance(found, Rate | Absent), "what asks for readings has been refused"
    return Watched(
        *(on.live or on.event, "live" if on.live else on.by, found),
        judge=threshold(judged, OnTable(), how) if how else None,
        share=_share(table.share, on) if table.share.of else None,
        momentary=on.momentary,
    )


def _recalled(table: RuleTable, on: OnTable) -> Recalled:
    how = next(iter(hows(table)), "")
    judged = table if how != "flaps" else _quiet(table)
    return Recalled(
        *(on.reading, on.field, on.each),
        **_series(on),
        tells=table.tells,
        how=_how(table, how),
        judge=None if how == "absent" else _reading(judged, on),
        share=_share(table.share, on) if table.share.of else None,
    )


def _quiet(table: RuleTable) -> LimitTable:
    if table.recover is not None:
        return table
    limits = {name: getattr(table, name) for name in LIMITS}
    return LimitTable(**limits, recover=QUIET)


def _how(table: RuleTable, how: str) -> Change | Rate | Flaps | Usual | Absent | None:
    match how:
        case "change":
            since = table.change.since
            return Change(0 if since == "last" else seconds(since), table.change.percent)
        case "rate":
            return Rate(seconds(table.rate.over))
        case "flaps":
            return Flaps(seconds(table.flaps.over))
        case "usual":
            usual = table.usual
            return Usual(usual.weeks, usual.known, usual.by, usual.least)
        case "absent":
            return Absent(seconds(table.absent))
    return None


def _share(table: ShareTable, on: OnTable) -> Share:
    plain = OnTable(reading=on.reading)
    judge = threshold(table, plain, "share") if limit_of(table) else None
    return Share(table.of or "school", table.members, table.least, judge)


def _reading(table: LimitTable, on: OnTable) -> Threshold | Worded:
    if not isinstance(table, RuleTable):
        return threshold(table, on, on.field)
    if not table.bad:
        return threshold(table, on, on.field, tells=table.tells)
    otherwise = table.otherwise
    return Worded(
        *(on.reading, on.field, on.each, frozenset(table.bad), frozenset(table.good)),
        **_series(on),
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
        **_series(on),
        tells=tells,
    )


def _series(on: OnTable) -> dict[str, Any]:
    return {"beside": on.beside, "unless": on.unless, "only": _words(on.only)}


def _words(tags: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(words) for name, words in tags.items()}
