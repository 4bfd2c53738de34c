"""A file of rules that cannot be used gets the sentences that it expects, each with a line."""

from pathlib import Path

import pytest

from alerts.language.file import SHIPPED, read_rules
from alerts.language.mistakes import between, mistakes
from alerts.shipped import TABLES
from core.checkconfig import check
from core.errors import ConfigError

REFUSED = sorted((Path(__file__).parent / "refused").glob("*.toml"))
READERS = {"rules": "alerts.language.file:read_rules"}
EXPECT = "# expect: "


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_every_mistake_is_named_with_its_line_and_the_nearest_word(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    expected = [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
    said = check(path, READERS).text.split("\n")
    assert sorted(line.removeprefix(f"{path}:").strip() for line in said) == sorted(expected)


def test_the_shipped_rules_have_no_mistake() -> None:
    found = {table.name: [*mistakes(table)] for table in TABLES}
    assert {name: what for name, what in found.items() if what} == {}
    assert list(between(TABLES, ())) == []


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(f'kind = "rules"\n{text}', encoding="utf-8")
    return path


def test_a_file_that_says_nothing_leaves_the_shipped_rules_as_they_are(tmp_path: Path) -> None:
    assert read_rules(own(tmp_path, "")) == SHIPPED


def test_figures_of_a_shipped_rule_are_changed_by_name_and_the_rest_stays(tmp_path: Path) -> None:
    text = """off = ["room_limited"]
    [override.disk_full]
    at_least = 97
    for = "5m"
    severity = "P2"
    at = ["330100"]
    zh.first = "请联系管理员。"
    """
    rules = read_rules(own(tmp_path, text))
    before, now = (
        next(rule for rule in some if rule.name == "disk_full")
        for some in (SHIPPED.rules, rules.rules)
    )
    assert (now.of.limit, now.of.over, now.of.clear) == (97, False, 85)  # type: ignore[union-attr]
    assert (now.hold_s, now.severity, now.places.at) == (300, "P2", ("330100",))
    assert now.texts.first == ("请联系管理员。", before.texts.first.en)
    assert (now.texts.title, now.owner) == (before.texts.title, before.owner)
    assert (rules.off, rules.changed) == (("room_limited",), frozenset({"disk_full"}))
    others = [one for one in SHIPPED.rules if one.name not in ("disk_full", "room_limited")]
    assert [one for one in rules.rules if one.name != "disk_full"] == others


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_rules(tmp_path / "rules.toml")
