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
    if case.begins is not None:
        return  # the clock of the stage begins at one moment
    stage = Stage(tmp_path / "d1", messages=case.messages, rules=rules_of(file))
    assert list(play(stage, case)) == []
    told = [(message, channel) for message, channel, _, _ in stage.outbox()]
    assert told == [(n + 1, "duty") for n in range(len(case.told))]


def test_both_begin_at_the_same_moment() -> None:
    assert BEGINS == NOW
