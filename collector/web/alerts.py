"""The answer of `/api/v1/alerts`: what is open, what was, and whom it was told.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/alerts?school=trial' | python -m json.tool
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

import core.alerts
from alerts import acks
from alerts.channels.body import labels_of
from alerts.history import MOST, Delivery, Muted, Stories, Story, Wanted
from collector.web import params
from collector.web.fields import (
    AlertStateWord,
    At,
    Count,
    DeliveryWord,
    Ns,
    SeverityWord,
    Words,
    when,
    words,
)
from core.clock import rfc3339
from core.kinds import kind_of

PARAMETERS: Final = (*params.ALWAYS, "rule", "number", "before", "limit")


class Told(msgspec.Struct, frozen=True):
    """One message to one channel: `queued`, `sending`, `delivered` or `undeliverable`.

    `repeat`: the receiver may have it twice. `via`: the channel that did not take it, where it went
    to this one instead.
    """

    message: int
    reason: str
    at: At | None
    channel: str
    state: DeliveryWord
    tries: Count
    done: At | None
    error: str
    repeat: bool
    via: str


class Because(msgspec.Struct, frozen=True):
    """An attack that is likely to be why: the rule that tells of it; `until` is null while it
    goes on."""

    rule: str
    title: Words
    since: At | None
    since_ns: Ns
    until: At | None
    until_ns: Ns


class Acked(msgspec.Struct, frozen=True):
    """Somebody takes care of it: by the page, by the link of a message (then nobody proved the
    name, and the receiver stands in brackets), or by the API."""

    at: At | None
    at_ns: Ns
    by: str
    role: str
    how: acks.How
    note: str


class Handled(msgspec.Struct, frozen=True):
    """A step of the handling that is done."""

    stage: acks.Stage
    at: At | None
    at_ns: Ns
    by: str
    role: str
    note: str


class Mute(msgspec.Struct, frozen=True):
    """What kept an alert from people: `alert:NUMBER` that hid it, `silence:NUMBER`,
    `maintenance:NAME`, or `calendar`, which waits for lessons; `until` is null while it does."""

    by: str
    since: At | None
    since_ns: Ns
    until: At | None
    until_ns: Ns


class Alert(msgspec.Struct, frozen=True):
    """One alert with its story.

    `state` is `firing`, `keeping` (over, but perhaps not for good) or `ended`; `group` is `open`,
    `muted`, `hidden` or `over`, as on the page. `acked` is who takes care of it, `handled` what was
    done since; `due` until when it should be over, `supervised` since when it is on the
    supervision list. `late`: it began
    while nobody could be told. `hidden_by` names the rule whose alert says it all, and
    `hidden_by_number` that alert (0: not known); `muted_by` why nobody is told now, and `mutes` is
    the story of both. `because`: attacks at the school that went on while it was open, and are
    likely to be why.
    """

    number: int
    rule: str
    severity: SeverityWord
    state: AlertStateWord
    group: Literal["open", "muted", "hidden", "over"]
    labels: Mapping[str, str]
    title: Words
    text: Words
    began: At | None
    began_ns: Ns
    fired: At | None
    fired_ns: Ns
    ended: At | None
    ended_ns: Ns
    late: bool
    hidden_by: str
    hidden_by_number: Count
    muted_by: str
    muted_until: At | None
    mutes: list[Mute]
    waits_for_summary: bool
    details: Mapping[str, Any]
    because: list[Because]
    told: list[Told]
    acked: Acked | None
    handled: list[Handled]
    due: At | None
    supervised: At | None


class Alerts(msgspec.Struct, frozen=True):
    """What is open, and what is over, newest first.

    Of what is open first what people are told of, then what is muted, then what another alert
    explains: of each the worst first, up to `limit`. `open_total` counts what is open, `muted` and
    `hidden` these two groups, `open_by_severity` the others and `unacked` those of them that nobody
    has acknowledged. `over_total` counts what is over; `next` is the `before` of the next page of
    that, 0 on the last. `rules_off` names the shipped rules that are switched off: of what they
    look at nobody is told.
    """

    at: At
    at_ns: Ns
    open: list[Alert]
    open_total: Count
    open_by_severity: Mapping[str, Count]
    muted: Count
    hidden: Count
    unacked: Count
    over: list[Alert]
    over_total: Count
    next: int
    rules_off: list[str]


def wanted(pairs: Iterable[tuple[str, str]]) -> Wanted:
    """Return which alerts parameters ask for; raises ParameterError."""
    asked = params.once(pairs, PARAMETERS)
    for name, above in (("agent", "school"), ("school", "region")):
        if asked.get(name) and not asked.get(above):
            raise params.ParameterError(name, f"needs {above} beside it")
    return Wanted(
        region=asked.get("region", ""),
        school=asked.get("school", ""),
        agent=asked.get("agent", ""),
        rule=asked.get("rule", ""),
        before=params.whole(asked, "before", 0, 10**15),
        limit=params.whole(asked, "limit", 100, MOST) or 1,
        number=params.whole(asked, "number", 0, 10**15),
    )


def answered(stories: Stories, at: int) -> Alerts:
    """Return *stories* in the words of the API."""
    return Alerts(
        at=rfc3339(at),
        at_ns=at,
        open=[_alert(story) for story in stories.open],
        open_total=stories.open_total,
        open_by_severity=stories.severities,
        muted=stories.muted,
        hidden=stories.hidden,
        unacked=stories.unacked,
        over=[_alert(story) for story in stories.over],
        over_total=stories.over_total,
        next=stories.before,
        rules_off=list(stories.rules_off),
    )


def _alert(story: Story) -> Alert:
    telling, alert = story.telling, story.telling.alert
    return Alert(
        number=alert.number,
        rule=alert.key.rule,
        severity=alert.severity,
        state=alert.state,
        group=story.group,
        labels=labels_of(alert),
        title=words(telling.title),
        text=words(telling.text),
        began=when(alert.began_at),
        began_ns=alert.began_at,
        fired=when(alert.fired_at),
        fired_ns=alert.fired_at,
        ended=when(alert.ended_at),
        ended_ns=alert.ended_at,
        late=alert.late,
        hidden_by=alert.hidden_by,
        hidden_by_number=alert.hider,
        muted_by=alert.muted_by,
        muted_until=when(story.kept.until),
        mutes=[_mute(one) for one in story.mutes],
        waits_for_summary=story.waits_for_summary,
        details=alert.details,
        because=[_because(one) for one in alert.because],
        told=[_told(delivery) for delivery in story.deliveries],
        acked=acked(story.ack) if story.ack else None,
        handled=[_handled(one) for one in story.handled],
        due=when(story.followed.due_at) if story.followed else None,
        supervised=when(story.followed.supervised_at) if story.followed else None,
    )


def acked(one: acks.Ack) -> Acked:
    """Return *one* in the words of the API."""
    return Acked(when(one.at), one.at, one.by, one.role, one.how, one.note)


def _handled(one: acks.Handled) -> Handled:
    return Handled(one.stage, when(one.at), one.at, one.by, one.role, one.note)


def _mute(one: Muted) -> Mute:
    return Mute(
        by=one.by,
        since=when(one.since),
        since_ns=one.since,
        until=when(one.until),
        until_ns=one.until,
    )


def _because(one: core.alerts.Because) -> Because:
    kind = kind_of(one.rule)
    return Because(
        rule=one.rule,
        title=Words(kind.zh, kind.en),
        since=when(one.since),
        since_ns=one.since,
        until=when(one.until),
        until_ns=one.until,
    )


def _told(delivery: Delivery) -> Told:
    return Told(
        message=delivery.message,
        reason=delivery.reason,
        at=when(delivery.made_at),
        channel=delivery.channel,
        state=delivery.state,
        tries=delivery.tries,
        done=when(delivery.done_at),
        error=delivery.error,
        repeat=delivery.repeat,
        via=delivery.via,
    )
