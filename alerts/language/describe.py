"""When a rule alerts, in one short line: for a list of rules, and for the table in the docs."""

from alerts.rules import (
    Absent,
    Change,
    Condition,
    EventOf,
    Flaps,
    Rate,
    Recalled,
    Rule,
    Share,
    Sighted,
    Threshold,
    Usual,
    Watched,
    Worded,
)


def described(rule: Rule) -> str:
    """Return when *rule* alerts."""
    hold = f", for {span(rule.hold_s)}" if rule.hold_s else ""
    keep = f"; over after {span(rule.keep_s)}" if rule.keep_s else ""
    where = f" at {', '.join(rule.places.at)}" if rule.places.at else ""
    return f"{_of(rule.of)}{where}{hold}{keep}"


def span(seconds: float) -> str:
    """Return a length of time as a file writes it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _of(of: Condition) -> str:
    match of:
        case EventOf(kind, by, momentary):
            said = "happens" if momentary else "goes on"
            return f"{by} says: {kind} {said}"
        case Watched():
            return _watched(of)
        case Sighted(kind):
            return f"the picture shows {kind}"
        case Worded():
            return f"{of.measurement} {of.name} is {_words(of)}"
        case Threshold():
            return f"{of.measurement} {of.name} {_limit(of)}"
        case Recalled():
            return _recalled(of)


def _watched(of: Watched) -> str:
    limit = _limit(of.judge) if of.judge else ""
    what = f"{of.kind} in the picture" if of.by == "live" else f"event {of.kind}"
    match of.how:
        case Flaps(over_s):
            said = f"{what} changed {limit} times in {span(over_s)}"
        case Change(since_s):
            since = f"{span(since_s)} ago" if since_s else "before"
            said = f"the share with {what} differs by {limit} from {since}"
        case Usual(weeks, _, by):
            said = f"the share with {what} is {limit} {by} of the same hour of {weeks} weeks"
        case _:
            said = what
    return said + _group(of.share)


def _group(share: Share | None) -> str:
    if share is None:
        return ""
    limit = f"{_limit(share.judge)} % of " if share.judge else ""
    return f", at {limit}the {share.members} of a {share.of}"


def _recalled(of: Recalled) -> str:
    name = f"{of.measurement} {of.name}"
    judged = _words(of.judge) if isinstance(of.judge, Worded) else ""
    limit = _limit(of.judge) if isinstance(of.judge, Threshold) else judged
    match of.how:
        case Absent(after_s):
            said = f"{name} not heard of for {span(after_s)}"
        case Change(since_s):
            said = (
                f"{name} differs by {limit} from {span(since_s) + ' ago' if since_s else 'before'}"
            )
        case Rate(over_s):
            said = f"{name} grows by {limit}/s over {span(over_s)}"
        case Flaps(over_s):
            said = f"{name} changed {limit} times in {span(over_s)}"
        case Usual(weeks, _, by):
            said = f"{name} is {limit} {by} of the same hour of {weeks} weeks"
        case _:
            said = f"{name} {limit or judged}"
    return said + _group(of.share)


def _limit(of: Threshold) -> str:
    sign = ("<" if of.over else "<=") if of.under else (">" if of.over else ">=")
    side = "above" if of.under else "under"
    over = f" (ends {side} {of.clear:,.10g})" if of.clear != of.limit else ""
    return f"{sign} {of.limit:,.10g}{over}"


def _words(of: Worded) -> str:
    words = sorted(of.on)
    return " or ".join(words) if len(words) <= 4 else f"one of {len(words)} bad words"
