"""The story of an alert as what happened one after another; pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.acks import Ack
from alerts.history import Delivery, Muted, Story
from collector.web.texts import Texts
from core.alerts import CONSOLE


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened at `at` (ns); `delivery` is what became of a message, `note` what a
    person wrote."""

    at: int
    words: str
    delivery: Delivery | None = None
    channel: str = ""
    note: str = ""


def steps(story: Story, t: Texts) -> list[Step]:
    """Return what happened, in its order."""
    return sorted(_steps(story, t), key=lambda step: step.at)


def _steps(story: Story, t: Texts) -> Iterator[Step]:
    alert = story.telling.alert
    yield Step(alert.began_at, t("story_began_late") if alert.late else t("story_began"))
    if alert.fired_at:
        yield Step(alert.fired_at, t("story_fired"))
    if alert.ended_at:
        yield Step(alert.ended_at, t("story_ended"))
    for one in story.deliveries:
        instead = t("delivery_via", name=one.via) if one.via else ""
        channel = _channel(one.channel, t) + instead
        yield Step(one.made_at, t(f"told_{one.reason}"), one, channel)
    for ack, undone in story.taken_back:
        yield _acked(ack, t)
        yield Step(undone, t("story_undone", by=ack.by))
    if story.ack:
        yield _acked(story.ack, t)
    for mute in story.mutes:
        yield Step(mute.since, _mute(mute, "story_from", t))
        if mute.until and mute.until != alert.ended_at:
            yield Step(mute.until, _mute(mute, "story_until", t))
    if story.followed and story.followed.supervised_at:
        yield Step(story.followed.supervised_at, t("story_supervised"))
        if story.followed.closed_at:
            yield Step(story.followed.closed_at, t("story_closed"))
    for done in story.handled:
        said = t("story_stage", stage=t(f"stage_{done.stage}"), by=done.by)
        yield Step(done.at, said, note=done.note)


def _mute(mute: Muted, key: str, t: Texts) -> str:
    kind, _, name = mute.by.partition(":")
    return t(f"{key}_{kind}", name=name)


def _acked(ack: Ack, t: Texts) -> Step:
    return Step(ack.at, t("story_acked", by=ack.by, how=t(f"how_{ack.how}")), note=ack.note)


def _channel(name: str, t: Texts) -> str:
    return t("channel_console") if name == CONSOLE else t("channel_other", name=name)
