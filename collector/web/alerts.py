"""The answer of `/api/v1/alerts`: what is open, what was, and whom it was told.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/alerts?school=trial' | python -m json.tool
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from alerts.channels.body import labels_of
from alerts.history import MOST, Delivery, Stories, Story, Wanted
from collector.web import params
from collector.web.ledger import Words
from core.alerts import Text
from core.clock import rfc3339

PARAMETERS: Final = (*params.ALWAYS, "rule", "before", "limit")


class Told(msgspec.Struct, frozen=True):
    """One message to one channel: `queued`, `sending`, `delivered` or `undeliverable`.

    `repeat`: the receiver may have it twice.
    """

    message: int
    reason: str
    at: str | None
    channel: str
    state: str
    tries: int
    done: str | None
    error: str
    repeat: bool


class AlertAnswer(msgspec.Struct, frozen=True):
    """One alert with its story.

    `state` is `firing`, `keeping` (over, but perhaps not for good) or `ended`. `late`: it began
    while nobody could be told. `hidden_by` names the rule whose alert says it all.
    """

    number: int
    rule: str
    severity: str
    state: str
    labels: Mapping[str, str]
    title: Words
    text: Words
    began: str | None
    began_ns: int
    fired: str | None
    fired_ns: int
    ended: str | None
    ended_ns: int
    late: bool
    hidden_by: str
    waits_for_summary: bool
    details: Mapping[str, Any]
    told: list[Told]


class Answer(msgspec.Struct, frozen=True):
    """What is open, worst first, and what is over, newest first.

    `open_total` counts what is open; `next` is the `before` of the next page of what is over, 0
    on the last.
    """

    at: str
    at_ns: int
    open: list[AlertAnswer]
    open_total: int
    over: list[AlertAnswer]
    next: int


def wanted(pairs: Iterable[tuple[str, str]]) -> Wanted:
    """Return which alerts parameters ask for; raises ParameterError."""
    words = params.once(pairs, PARAMETERS)
    for name, above in (("agent", "school"), ("school", "region")):
        if words.get(name) and not words.get(above):
            raise params.ParameterError(name, f"needs {above} beside it")
    return Wanted(
        region=words.get("region", ""),
        school=words.get("school", ""),
        agent=words.get("agent", ""),
        rule=words.get("rule", ""),
        before=params.whole(words, "before", 0, 10**15),
        limit=params.whole(words, "limit", 100, MOST) or 1,
    )


def answered(stories: Stories, at: int) -> Answer:
    """Return *stories* in the words of the API."""
    return Answer(
        at=rfc3339(at),
        at_ns=at,
        open=[_alert(story) for story in stories.open],
        open_total=stories.open_total,
        over=[_alert(story) for story in stories.over],
        next=stories.before,
    )


def _alert(story: Story) -> AlertAnswer:
    telling, alert = story.telling, story.telling.alert
    return AlertAnswer(
        number=alert.number,
        rule=alert.key.rule,
        severity=alert.severity,
        state=alert.state,
        labels=labels_of(alert),
        title=_words(telling.title),
        text=_words(telling.text),
        began=_when(alert.began_at),
        began_ns=alert.began_at,
        fired=_when(alert.fired_at),
        fired_ns=alert.fired_at,
        ended=_when(alert.ended_at),
        ended_ns=alert.ended_at,
        late=alert.late,
        hidden_by=alert.hidden_by,
        waits_for_summary=story.waits_for_summary,
        details=alert.details,
        told=[_told(delivery) for delivery in story.deliveries],
    )


def _told(delivery: Delivery) -> Told:
    return Told(
        message=delivery.message,
        reason=delivery.reason,
        at=_when(delivery.made_at),
        channel=delivery.channel,
        state=delivery.state,
        tries=delivery.tries,
        done=_when(delivery.done_at),
        error=delivery.error,
        repeat=delivery.repeat,
    )


def _words(text: Text) -> Words:
    return Words(text.zh, text.en)


def _when(at: int) -> str | None:
    return rfc3339(at) if at else None
