"""kill -9 while a digest is made, and while a file of rules is taken over: told once, and not twice
without saying so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from alerts.rules import Rule
from alerts.shipped import RULES
from core.clock import SECOND
from core.types import Event
from tests.alerts.fused import FusedStage, Says, Step, Waits, check_copies, opened, survive
from tests.alerts.routing.play import OF_SEVERITY, TEST_RULES, at, routing
from tests.alerts.test_kill import said
from tests.collector.making import NOW, Clock

OTHERS = [rule for rule in RULES if rule.name != "link_down"]
MORNING = at("2026-11-23 07:29:40")
DIGESTS = """kind = "routing"
[[receiver]]
name = "duty"
owner = "operator"
channels = ["duty"]
"""


@dataclass
class Takes(Step):
    """The file of rules is another one; a process that starts anew reads that."""

    rules: Sequence[Rule]

    def __call__(self, stage: FusedStage) -> None:
        stage.rules = self.rules
        stage.engine.take_rules(self.rules)
        stage.deliver()


@pytest.mark.parametrize("lasts", [40, 10], ids=["told", "still in its hold"])
def test_a_kill_while_rules_are_taken_over_loses_no_end_and_tells_none_twice(
    lasts: int, tmp_path: Path
) -> None:
    wanted = ["FIRST", "ALL_RESOLVED"] if lasts > 30 else []
    for step in range(1, 1_000):
        stage = opened(tmp_path / f"{step}")
        survive(stage, Says(1, said("link_down", 0)), Waits(NOW + lasts * SECOND))
        stage.begin(step)
        survive(stage, Takes(OTHERS), Waits(NOW + 90 * SECOND))
        check_copies(stage.copies)
        first = {copy.number: copy.reason for copy in reversed(stage.copies)}
        assert [first[number] for number in sorted(first)] == wanted
        assert list(stage.engine.open_cases()) == []
        stage.ledger.close()
        if stage.fuse.left:
            break
    assert step > 5


def test_a_kill_while_a_digest_is_made_leaves_out_nothing_and_tells_nothing_twice(
    tmp_path: Path,
) -> None:
    routes, kind = routing(DIGESTS, channels=("duty",)), OF_SEVERITY["P4"]
    repeats = 0
    for step in range(1, 1_000):
        folder, clock = tmp_path / f"{step}", Clock(MORNING)
        stage = FusedStage(folder, clock, TEST_RULES, channels=("duty",), routing=routes)
        stage.born()
        event = Event(kind, "host", kind, True, MORNING)
        survive(stage, Waits(MORNING + SECOND), Says(1, event))
        stage.begin(step)
        survive(stage, Waits(MORNING + 60 * SECOND))
        check_copies(stage.copies)
        assert {(copy.reason, copy.rules) for copy in stage.copies} == {("DIGEST", (kind,))}
        assert {copy.number for copy in stage.copies} == {1}
        repeats += len(stage.copies) - 1
        stage.ledger.close()
        if stage.fuse.left:
            break
    assert step > 5
    assert repeats > 0, "no kill fell between the call and its record"
