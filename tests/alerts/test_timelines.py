"""Rules as timelines: what happens, and what people are told of it (tests/alerts/*.toml).

Each is played on the collector's own database and audit log here, and in memory, as an operator
plays his own with `schoolwatch rules test`: both have to say the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.language.file import SHIPPED, read_rules
from alerts.language.scene import BEGINS, Play
from alerts.language.timeline import CaseTable, Timelines, play, read_timelines
from alerts.rules import Rule
from tests.alerts.stage import Stage
from tests.collector.making import NOW

FOLDER = Path(__file__).parent
FILES = [
    read_timelines(path)
    for path in sorted(FOLDER.glob("**/*.toml"))
    if "timelines" in path.read_text("utf-8")[:400]
]
MOMENTARY = {
    *("audit_given_up", "audit_made_anew"),
    *("gateway_mac_changed", "identity_twice", "unexplained_gap", "forged_batch", "replay"),
    *("store_went_back", "witness_acknowledged", "person_data_removed"),
}
"""What happens and does not last: it is over by the clock, and nobody is told of that."""


def cases() -> Iterator[Any]:
    for file in FILES:
        for case in file.cases:
            yield pytest.param(file, case, id=f"{file.path.stem}: {case.name}")


def rules_of(file: Timelines) -> tuple[Rule, ...]:
    return tuple(read_rules(file.rules).rules if file.rules else SHIPPED.rules)


@pytest.mark.parametrize(("file", "case"), list(cases()))
def test_people_are_told_what_the_timeline_says(
    file: Timelines, case: CaseTable, tmp_path: Path
) -> None:
    assert list(play(Play(case, rules_of(file), file.path.parent), case)) == []
    if case.begins is not None or file.path.parent.name == "shipped":
        return  # the clock of the stage begins at one moment; and one rule is as another there
    stage = Stage(tmp_path / "d1", messages=case.messages, rules=rules_of(file))
    assert list(play(stage, case)) == []
    told = [(message, channel) for message, channel, _, _ in stage.outbox()]
    assert told == [(n + 1, "duty") for n in range(len(case.told))]


def test_every_shipped_rule_has_a_timeline_in_which_it_begins_and_ends() -> None:
    ours = [case for file in FILES for case in file.cases if not file.rules]
    seen = [{tuple(said.split()[1:3]) for said in (*c.told, *(c.listed or ()))} for c in ours]
    without = [
        rule.name
        for rule in SHIPPED.rules
        if not any(
            {("begins", rule.name), ("ends", rule.name)} <= said
            or (rule.momentary and ("begins", rule.name) in said)
            for said in seen
        )
    ]
    assert without == []
    momentary = {rule.name for rule in SHIPPED.rules if rule.momentary}
    assert momentary == MOMENTARY


def test_both_begin_at_the_same_moment() -> None:
    assert BEGINS == NOW
