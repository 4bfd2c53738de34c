"""`schoolwatch rules` at a terminal: what it says, and the exit code that scripts see."""

import json
from pathlib import Path

import pytest

from collector.cli import main

CONFIGS = Path(__file__).parents[2] / "configs"

TIMELINE = """kind = "timelines"
[[case]]
name = "a disk"
do = [
    { at = "0s", reading = "disk", tags = { path = "/" }, used_percent = 95.0 },
    { at = "1m", reading = "disk", tags = { path = "/" }, used_percent = 80.0 },
]
told = TOLD
"""


def written(tmp_path: Path, told: str) -> list[str]:
    path = tmp_path / "mine.test.toml"
    path.write_text(TIMELINE.replace("TOLD", told), encoding="utf-8")
    return ["rules", "test", str(path)]


def test_the_samples_are_fine_and_do_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(CONFIGS / "rules.toml")]) == 0
    assert "3 of this file" in capsys.readouterr().out
    assert main(["rules", "test", str(CONFIGS / "rules.test.toml")]) == 0
    assert "2 timelines, as expected" in capsys.readouterr().out


def test_what_would_be_told_otherwise_is_named_with_its_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(written(tmp_path, '["0s begins disk_full", "60s ends disk_full"]')) == 0
    capsys.readouterr()
    assert main(written(tmp_path, '["0s begins disk_full", "61s ends disk_full"]')) == 1
    said = capsys.readouterr().out
    assert "a disk: step 2 (at 1m): told 2" in said
    assert 'expected "61s ends disk_full", got "60s ends disk_full"' in said

    assert main(written(tmp_path, '["0s begins disk_full"]')) == 1
    assert 'expected nothing, got "60s ends disk_full"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("step", "mistake"),
    [
        ('{ at = "0s", redaing = "disk" }', "nobody knows what 'redaing' means; did you mean"),
        ('{ at = "0s", reading = "dsk" }', "there is no measurement 'dsk'; did you mean 'disk'?"),
        ('{ at = "0s", reading = "disk", used = 1, usd = 2 }', "disk has no field 'usd'"),
        ('{ at = "0s", event = "link_down", actve = true }', "did you mean 'active'?"),
        ('{ at = "soon" }', "is no length of time"),
        ('{ at = "5m" }, { at = "4m" }', "step 2 goes back in time"),
    ],
)
def test_a_step_that_means_nothing_is_named_with_its_line(
    step: str, mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.test.toml"
    path.write_text(f'kind = "timelines"\n[[case]]\nname = "a"\ntold = []\ndo = [\n{step}\n]\n')
    assert main(["rules", "test", str(path)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{path}:6: step ")
    assert mistake in said


def test_the_list_names_each_rule_and_what_is_switched_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('kind = "rules"\noff = ["room_limited"]\n[override.disk_full]\nabove = 95\n')
    assert main(["rules", "list", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines if line[0] != " "] == [
        ["*", "disk_full", "P3"],
        ["-", "room_limited", "switched"],
    ]
    assert main(["rules", "list", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["off"] == ["room_limited"]
    (disk,) = [rule for rule in found["rules"] if rule["name"] == "disk_full"]
    assert (disk["from"], disk["when"]) == ("changed", "disk used_percent > 95 (ends under 85)")


def test_mistakes_are_told_to_programs_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('kind = "rules"\noff = ["disk_fill"]\n')
    assert main(["rules", "check", str(path), "--json"]) == 1
    (mistake,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert mistake["line"] == 2
    assert "did you mean 'disk_full'?" in mistake["text"]
