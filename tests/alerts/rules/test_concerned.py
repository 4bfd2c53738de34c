"""What a reading costs: only the rules that it concerns, however many there are."""

from collections import Counter
from dataclasses import replace

import pytest

from alerts.facts import ReadingFact
from alerts.match import Match
from alerts.rules import Places, Rule, Threshold
from alerts.screen import Screen
from alerts.shipped import RULES
from core.catalog import CATALOG
from core.lineprotocol import encode
from core.types import Reading
from tests.collector.making import NOW

(DISK,) = [rule for rule in RULES if rule.name == "disk_full"]
HERE = "330100/school-1/host"
FACT = ReadingFact(HERE, "disk", {"path": "/"}, {"used_percent": 95.0}, NOW)


def others(count: int) -> list[Rule]:
    """Return rules that a disk of school-1 does not concern: other things, and other schools."""
    names = sorted(set(CATALOG) - {"disk"})
    assert isinstance(DISK.of, Threshold)
    return [
        replace(DISK, name=f"o{n}", of=replace(DISK.of, measurement=names[n % len(names)]))
        if n % 2
        else replace(DISK, name=f"o{n}", places=Places((f"330100/school-{n + 2}",)))
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1_000])
def test_of_a_thousand_other_rules_none_is_asked(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Counter[str]()
    says = Threshold.says

    def counting(of: Threshold, fields: dict[str, float]) -> object:
        asked["says"] += 1
        return says(of, fields)

    monkeypatch.setattr(Threshold, "says", counting)
    rules = Match([DISK, *others(count)])
    assert [signal.key.rule for signal in rules.reading(FACT, NOW)] == ["disk_full"]
    asked.clear()
    for _ in range(100):
        list(rules.reading(FACT, NOW))
    assert asked == {"says": 100}


def test_a_line_is_held_against_the_looks_of_its_own_rules_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Screen([DISK, *others(1_000)])
    line = encode(Reading("disk", {"used_percent": 10.0}, NOW, {"path": "/"}))
    assert list(screen.facts(HERE, [line], NOW, watched=False)) == []
    disk = screen.looks(HERE)[b"disk"]
    assert disk is not screen.looks("330100/school-2/host")[b"disk"]
    assert disk is screen.looks("330199/school-1/host")[b"disk"]
    (fact,) = screen.facts(HERE, [line], NOW, watched=True)
    assert fact.fields == {"used_percent": 10.0}


@pytest.mark.parametrize(
    ("at", "not_at", "place", "looked_at"),
    [
        ((), (), HERE, True),
        (("330100",), (), HERE, True),
        (("3301",), (), HERE, False),
        (("330100/school-1",), (), HERE, True),
        (("330100/school-1",), (), "330100/school-12/host", False),
        (("*/*/host",), (), HERE, True),
        (("*/*/ho",), (), HERE, False),
        (("*/school-*",), (), HERE, True),
        (("330100/school.1",), (), HERE, False),
        ((), ("330100",), HERE, False),
        (("330100",), ("*/school-1",), HERE, False),
        (("330100/school-1",), (), "330100", False),
    ],
)
def test_where_a_rule_looks_is_a_name_with_all_below_it(
    at: tuple[str, ...], not_at: tuple[str, ...], place: str, looked_at: bool
) -> None:
    assert Places(at, not_at).hold(place) is looked_at
