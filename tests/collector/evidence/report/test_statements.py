"""What people say: it holds until a day, and from the next one on it is a gap."""

from pathlib import Path

import pytest

from collector.evidence.report.statements import Statement, Statements, read_statements
from core.errors import ConfigError
from tests.collector.evidence.report.recorded import DAY, District, gaps
from tests.collector.making import NOW

SAMPLE = Path(__file__).parents[4] / "configs" / "statements.toml"


def drill(until: str) -> Statements:
    one = Statement(
        about="emergency_drill",
        said_by="李四",
        said_on="2026-05-20",
        text="已演练",
        valid_until=until,
    )
    return Statements(statement=(one,))


def test_a_clause_for_people_stays_one_whatever_they_say(district: District) -> None:
    silent = district.clause("8.1.10.13")
    assert silent.verdict(3) == "manual"
    assert gaps(silent.finding) == ["nobody made a statement about contingency plan and drill"]
    district.statements = drill("2027-05-20")
    said = district.clause("8.1.10.13")
    assert (said.verdict(3), gaps(said.finding)) == ("manual", [])
    assert "“已演练” (李四, 2026-05-20; valid until 2027-05-20)" in said.finding.stated[0].en


def test_a_statement_holds_on_its_last_day_and_is_a_gap_on_the_next(district: District) -> None:
    district.statements, district.now = drill("2026-11-23"), NOW
    assert district.sources().today.isoformat() == "2026-11-23"
    ending = district.clause("8.1.10.13")
    assert ending.verdict(3) == "manual"
    assert "expires on 2026-11-23" in gaps(ending.finding)[0]
    district.now += DAY
    over = district.clause("8.1.10.13")
    assert over.verdict(3) == "gap"
    assert "expired on 2026-11-23" in gaps(over.finding)[0]
    both = (*drill("2026-11-23").statement, *drill("2027-11-23").statement)
    district.statements = Statements(statement=both)
    assert gaps(district.clause("8.1.10.13").finding) == []


def test_the_sample_can_be_read() -> None:
    assert {one.about for one in read_statements(SAMPLE).statement} == {"filing", "emergency_drill"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('about = "fillng"', "did you mean 'filing'?"),
        ('said_on = "1 May"', "expected a day, as 2026-11-22"),
        ('valid_until = "2020-01-01"', "valid_until is before said_on"),
        ('said_by = ""', "said_by"),
        ('untl = "2027-01-01"', "did you mean 'until'?|unknown key 'untl'"),
    ],
)
def test_a_mistake_is_named_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    keys = {
        "about": '"filing"',
        "said_by": '"张三"',
        "said_on": '"2026-05-01"',
        "text": '"x"',
        "valid_until": '"2027-05-01"',
    }
    name, _, value = line.partition(" = ")
    body = "\n".join(f"{key} = {word}" for key, word in {**keys, name: value}.items())
    path = tmp_path / "statements.toml"
    path.write_text(f'kind = "statements"\n[[statement]]\n{body}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_statements(path)
