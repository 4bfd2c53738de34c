"""Rules as timelines: what happens, and what people are told of it (tests/alerts/*.toml)."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from alerts.facts import Wrong
from core.clock import SECOND
from core.types import Event, Identity
from tests.alerts.stage import Stage
from tests.collector.making import NOW, WHO, A

FOLDER = Path(__file__).parent
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(text: str) -> float:
    return float(text[:-1]) * UNITS[text[-1]]


def cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            yield pytest.param(case, id=f"{path.stem}: {case['name']}")


def play(stage: Stage, what: dict[str, Any]) -> None:
    """Let one line of a timeline happen."""
    who = Identity(*what.pop("who", str(WHO)).split("/"))
    match what:
        case {"event": kind, **rest}:
            stage.say(_event(kind, rest), who=who, epoch=rest.get("epoch", A))
        case {"list": kinds, **rest}:
            found = [_event(one.pop("event"), one) for one in kinds]
            since = NOW + int(seconds(rest.get("since", "0s")) * SECOND)
            stage.say(*found, who=who, epoch=rest.get("epoch", A), full=since)
        case {"note": kind, "target": target}:
            stage.note(kind, target)
        case {"reading": measurement, "tags": tags, **fields}:
            stage.read(measurement, tags, who, **fields)
        case {"sees": found, **rest}:
            covers = rest.get("covers", ("agent_silent", "line_down", "region_away", "broker_away"))
            wrong = [_wrong(one) for one in found]
            unknown = [place.strip("*") for place in rest.get("unknown", ())]
            stage.see(*wrong, covers=covers, unknown=unknown)
        case {"born": holds}:
            stage.born(who, holds)
        case {"restart": True}:
            stage.restart()
        case {"heard": True}:
            stage.engine.heard(str(who))
        case {}:
            """Only time passes."""
        case _:
            raise AssertionError(f"nobody knows what this means: {what}")


def _event(kind: str, rest: dict[str, Any]) -> Event:
    at = NOW + int(seconds(rest["since"]) * SECOND)
    target, subject = rest.get("target", "switch-2"), rest.get("subject", "switch-2/port-5")
    return Event(kind, target, subject, rest.get("active", True), at)


def _wrong(text: str) -> Wrong:
    kind, place, since = text.split(" ")
    return Wrong(kind, place.strip("*"), NOW + int(seconds(since) * SECOND))


@pytest.mark.parametrize("case", list(cases()))
def test_people_are_told_what_the_timeline_says(case: dict[str, Any], tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1", messages=case.get("messages", 20))
    for number, what in enumerate(case["do"]):
        now = (stage.clock.at - NOW) / SECOND
        at = seconds(what.pop("at"))
        assert at >= now, f"step {number} goes back in time"
        stage.wait(at - now, case.get("step", 1))
        if "event" in what:
            what.setdefault("since", f"{at:g}s")
        if what:
            play(stage, what)
    assert stage.told() == case["told"]
    told = [(message, channel) for message, channel, _, _ in stage.outbox()]
    assert told == [(n + 1, "duty") for n in range(len(case["told"]))]
    messages = stage.messages_made()
    assert [message.title.zh for message in messages] == case.get("titles", ANY)
    assert [message.severity for message in messages] == case.get("severities", ANY)
