"""The table of clauses: every row of the requirements, and nothing that no function can answer."""

import re
from pathlib import Path

from collector.evidence.report.clauses import clauses, topics
from collector.evidence.report.judge import SELF_CHECK
from collector.evidence.report.looks import LOOKS

ROWS = Path(__file__).parents[3] / "cases" / "self_check" / "clauses.txt"
NUMBER = re.compile(r"(?:8|7)\.\d+(?:\.(?:\d+|x))*")
COVERAGES = {"full": "full", "part": "part", "stmt": "manual", "full/part": "part", "–": "part"}


def rows() -> list[tuple[str, str]]:
    lines = ROWS.read_text(encoding="utf-8").splitlines()[1:]
    return [(name, coverage) for name, _, coverage in (line.partition("\t") for line in lines)]


def test_every_row_of_the_requirements_has_a_clause_in_their_order() -> None:
    table = clauses().clause
    assert len(rows()) == len(table) == 38
    for (name, coverage), one in zip(rows(), table):
        asked = NUMBER.findall(name)
        assert [n for n in asked if n.startswith("8")] == NUMBER.findall(one.l3), name
        said = [n for n in asked if n.startswith("7")]
        assert said in ([], NUMBER.findall(one.l2)), name
        assert one.coverage == COVERAGES[coverage], name


def test_what_level_3_adds_alone_is_asked_of_level_3_alone() -> None:
    only = [one.l3 for one in clauses().clause if not one.l2]
    assert "8.1.4.3 d" in only
    assert all(name.startswith(("8.1.5.", "8.1.3.5", "8.1.4.3", "8.1.4.8")) for name in only)


def test_the_seven_items_of_the_police_are_there() -> None:
    assert [one.number for one in clauses().police] == [1, 2, 3, 4, 5, 6, 7]


def test_every_word_of_the_table_is_known_and_every_function_is_asked_for() -> None:
    every = [*clauses().rows()]
    looks = {word for one in every for word in one.look} - {SELF_CHECK}
    assert looks == set(LOOKS)
    assert {word for one in every for word in one.stated} == set(topics())
    assert all(one.look or one.coverage == "manual" for one in every)


def test_nothing_but_the_clause_of_assessments_by_others_calls_itself_one() -> None:
    text = (Path(clauses.__wrapped__.__code__.co_filename).parent / "clauses.toml").read_text(
        encoding="utf-8"
    )
    lines = [line for line in text.splitlines() if "测评" in line]
    assert all(
        "有资质" in line or "等级测评" in line or line == 'id = "定级备案、测评"' for line in lines
    )
