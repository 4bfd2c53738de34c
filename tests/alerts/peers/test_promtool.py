"""`for` and `keep_firing_for` mean what they mean in Prometheus: promtool judges our answers."""

import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.facts import ReadingFact
from alerts.rules import Rule, RuleTexts, Threshold
from core.alerts import Text
from core.clock import SECOND
from tests.alerts.stage import Stage
from tests.collector.making import NOW, WHO
from tests.real import prometheus

pytestmark = pytest.mark.real("prometheus")

STEP_S = 10
LIMIT = 90
TEXT = Text("{where}", "{where}")
TEXTS = RuleTexts(TEXT, TEXT, TEXT, TEXT)


@dataclass(frozen=True)
class Timeline:
    """A value every ten seconds, and what the rule asks of it."""

    name: str
    values: tuple[int, ...]
    for_s: int
    keep_s: int


def timelines() -> Iterator[Timeline]:
    """Give what people write by hand, and what nobody would."""
    bad, good = 95, 20
    yield Timeline("at_once", (good, bad, bad, good, good), 0, 0)
    yield Timeline("too_short", (bad, bad, good, bad, bad, good, good), 30, 0)
    yield Timeline("long_enough", (bad, bad, bad, bad, good, good), 30, 0)
    yield Timeline("comes_back", (bad, good, good, bad, good, good, good, good, good), 0, 30)
    yield Timeline("both", (bad, bad, bad, good, bad, good, good, good, good, bad, bad), 20, 20)
    dice = random.Random(10)
    for number in range(120):
        now, values = good, list[int]()
        for _ in range(60):
            if dice.random() < 0.3:
                now = bad if now == good else good
            values.append(now)
        for_s, keep_s = (dice.choice((0, 10, 20, 30, 50, 70)) for _ in range(2))
        yield Timeline(f"by_dice_{number}", tuple(values), for_s, keep_s)


def ours(timelines: Sequence[Timeline], folder: Path) -> list[list[bool]]:
    """Return of each timeline after which of its values our engine alerts."""
    rules = [
        Rule(
            one.name,
            Threshold(one.name, "percent", "", LIMIT, LIMIT, over=True),
            "P3",
            TEXTS,
            hold_s=one.for_s,
            keep_s=one.keep_s,
        )
        for one in timelines
    ]
    stage, alerting = Stage(folder, rules=rules), [list[bool]() for _ in timelines]
    for step in range(max(len(one.values) for one in timelines)):
        stage.clock.at = NOW + step * STEP_S * SECOND
        lasting = [one for one in timelines if step < len(one.values)]
        stage.engine.readings(
            ReadingFact(str(WHO), one.name, {}, {"percent": one.values[step]}, stage.clock.at)
            for one in lasting
        )
        stage.engine.tick()
        open_cases = [one.alert for one in stage.engine.open_cases()]
        on = {one.key.rule for one in open_cases if one.state in ("firing", "keeping")}
        for one, found in zip(timelines, alerting, strict=True):
            if one in lasting:
                found.append(one.name in on)
    stage.ledger.close()
    return alerting


def judged(timeline: Timeline, alerting: list[bool]) -> list[dict[str, Any]]:
    """Return what promtool is to find, by what our engine said."""
    return [
        {
            "eval_time": f"{number * STEP_S}s",
            "alertname": f"full_{timeline.name}",
            "exp_alerts": [{"exp_labels": {}}] if is_on else [],
        }
        for number, is_on in enumerate(alerting)
    ]


def asked(timeline: Timeline) -> dict[str, Any]:
    """Return the rule as Prometheus writes it."""
    return {
        "alert": f"full_{timeline.name}",
        "expr": f"{timeline.name} > {LIMIT}",
        "for": f"{timeline.for_s}s",
        "keep_firing_for": f"{timeline.keep_s}s",
    }


def promtool(folder: Path, played: list[tuple[Timeline, list[bool]]]) -> str:
    """Return what promtool has against it; nothing where it agrees."""
    rules = {"groups": [{"name": "ours", "rules": [asked(one) for one, _ in played]}]}
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{STEP_S}s",
        "tests": [
            {
                "interval": f"{STEP_S}s",
                "input_series": [
                    {"series": one.name, "values": " ".join(map(str, one.values))}
                    for one, _ in played
                ],
                "alert_rule_test": [what for one in played for what in judged(*one)],
            }
        ],
    }
    # JSON is YAML.
    (folder / "rules.yml").write_bytes(msgspec.json.encode(rules))
    (folder / "tests.yml").write_bytes(msgspec.json.encode(tests))
    command = [prometheus.program("promtool"), "test", "rules", str(folder / "tests.yml")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_alerts_begin_and_end_when_those_of_prometheus_do(tmp_path: Path) -> None:
    all_of_them = list(timelines())
    alerting = ours(all_of_them, tmp_path / "ours")
    assert promtool(tmp_path, list(zip(all_of_them, alerting, strict=True))) == ""
    assert 1_000 < sum(map(sum, alerting)) < 6_000, "both are seen"


def test_promtool_notices_an_alert_that_comes_a_step_late(tmp_path: Path) -> None:
    timeline = Timeline("late", (95, 95, 95, 95), 20, 0)
    (alerting,) = ours([timeline], tmp_path / "ours")
    assert "FAILED" in promtool(tmp_path, [(timeline, [False, *alerting[:-1]])])
