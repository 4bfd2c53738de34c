"""Causes and silences keep back what they keep back in Alertmanager: both live through the same."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from alerts import silences
from alerts.facts import Wrong
from alerts.rules import Rule, RuleTexts, Sighted
from alerts.silences import Matchers
from core import clock
from core.alerts import Text
from core.clock import SECOND
from tests.alerts.receiver import Post, receiving
from tests.alerts.stage import Stage
from tests.collector.making import REGION
from tests.real import alertmanager
from tests.real.alertmanager import Alertmanager

pytestmark = [pytest.mark.real("alertmanager"), pytest.mark.slow]

TEXT = Text("{where}", "{where}")
TEXTS = RuleTexts(TEXT, TEXT, TEXT, TEXT)
RULES = (
    Rule("cause", Sighted("cause"), "P2", TEXTS, hides=("effect",)),
    Rule("effect", Sighted("effect"), "P3", TEXTS),
)
CONFIGURATION = """\
route:
  receiver: test
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
- name: test
  webhook_configs:
  - url: {webhook}
inhibit_rules:
- source_matchers: ['alertname="cause"']
  target_matchers: ['alertname="effect"']
  equal: [place]
"""
"""One message for each alert, and a cause hides what is at its place."""
STEP_S = 4
"""Alertmanager looks at a group again after a second; a busy machine takes its time."""

Story = tuple[str, ...]
TOLD_BEFORE: Story = ("+effect", "+cause", "-effect", "-cause")
"""The one difference, and on purpose: who was told that something began hears at once that it is
over. Alertmanager keeps that back until the cause is over too."""


def stories(other: str = "cause") -> Iterator[Story]:
    """Give every order in which an effect and its cause, or a silence, can begin and end."""
    steps = (f"+{other}", f"-{other}", "+effect", "-effect")
    for order in permutations(steps):
        if all(order.index(f"+{one}") < order.index(f"-{one}") for one in (other, "effect")):
            yield order


def ours(story: Story, folder: Path) -> list[set[str]]:
    """Return what our engine tells after each step."""
    stage, wrong, told = Stage(folder, rules=RULES), set[str](), list[set[str]]()
    for step in story:
        before = len(stage.told())
        if step[1:] == "silence":
            _silence(stage, begins=step[0] == "+")
        else:
            (wrong.add if step[0] == "+" else wrong.discard)(step[1:])
        seen = [Wrong(kind, f"{REGION}/one", stage.clock()) for kind in sorted(wrong)]
        stage.see(*seen, covers=("cause", "effect"))
        stage.wait(10)
        told.append({one.split(" ", 1)[1] for one in stage.told()[before:]})
    stage.ledger.close()
    return told


def _silence(stage: Stage, *, begins: bool) -> None:
    at = stage.clock()
    with stage.ground.transaction() as db:
        if begins:
            silences.make(
                *(db,),
                by="us",
                reason="why",
                begins_at=at,
                ends_at=at + 3600 * SECOND,
                matchers=Matchers(rule="effect"),
                at=at,
            )
        else:
            assert silences.end(db, 1, "us", at)
    stage.engine.silences_changed()


def heard(posts: Sequence[Post], place: str) -> set[str]:
    """Return what Alertmanager told of *place* in *posts*."""
    words = {"firing": "begins", "resolved": "ends"}
    return {
        f"{words[alert['status']]} {alert['labels']['alertname']}"
        for post in posts
        for alert in post.body["alerts"]
        if alert["labels"]["place"] == place
    }


def handed(story: Story, step: int, place: str) -> list[dict[str, Any]]:
    """Return the alerts of *story* as they are after *step*, in Alertmanager's words."""
    done, now = story[: step + 1], clock.now()
    found = []
    for kind in ("cause", "effect"):
        if f"+{kind}" in done:
            ends = now - SECOND if f"-{kind}" in done else now + 3600 * SECOND
            found.append(
                {
                    "labels": {"alertname": kind, "place": place},
                    "startsAt": clock.rfc3339(now - 60 * SECOND),
                    "endsAt": clock.rfc3339(ends),
                }
            )
    return found


async def test_in_whatever_order_they_come_people_hear_the_same(tmp_path: Path) -> None:
    told = list(stories())
    assert len(told) == 6
    theirs = [list[set[str]]() for _ in told]
    async with receiving() as receiver:
        with alertmanager.running(tmp_path / "am", receiver.url, CONFIGURATION) as server:
            for step in range(4):
                before = len(receiver.posts)
                for number, story in enumerate(told):
                    await asyncio.to_thread(server.post, handed(story, step, f"place-{number}"))
                await asyncio.sleep(STEP_S)
                for number, found in enumerate(theirs):
                    found.append(heard(receiver.posts[before:], f"place-{number}"))
    for number, story in enumerate(told):
        mine = ours(story, tmp_path / f"ours-{number}")
        if story == TOLD_BEFORE:
            begun = [{"begins effect"}, {"begins cause"}]
            assert mine == [*begun, {"ends effect"}, {"ends cause"}]
            assert theirs[number] == [*begun, set(), {"ends cause", "ends effect"}]
        else:
            assert mine == theirs[number], story


async def test_a_silence_keeps_back_what_it_keeps_back_there(tmp_path: Path) -> None:
    told = list(stories("silence"))
    theirs = [list[set[str]]() for _ in told]
    async with receiving() as receiver:
        with alertmanager.running(tmp_path / "am", receiver.url, CONFIGURATION) as server:
            silenced = dict[str, str]()
            for step in range(4):
                before = len(receiver.posts)
                for number, story in enumerate(told):
                    await asyncio.to_thread(_go_on, server, story, step, number, silenced)
                await asyncio.sleep(STEP_S)
                for number, found in enumerate(theirs):
                    found.append(heard(receiver.posts[before:], f"place-{number}"))
    for number, story in enumerate(told):
        mine = ours(story, tmp_path / f"ours-{number}")
        if story == ("+effect", "+silence", "-effect", "-silence"):
            assert mine == [{"begins effect"}, set(), {"ends effect"}, set()]
            assert theirs[number] == [{"begins effect"}, set(), set(), {"ends effect"}]
        else:
            assert mine == theirs[number], story


def _go_on(
    server: Alertmanager, story: Story, step: int, number: int, silenced: dict[str, str]
) -> None:
    place, now = f"place-{number}", clock.now()
    if story[step] == "+silence":
        until = clock.rfc3339(now + 3600 * SECOND)
        silenced[place] = server.silence({"place": place}, clock.rfc3339(now), until)
    elif story[step] == "-silence":
        server.expire(silenced[place])
    server.post(handed(story, step, place))
