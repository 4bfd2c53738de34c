"""What docs/templates.md shows is taken as it stands."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.devices.base import drivers
from agent.devices.templates import read_template
from core.causes import CAUSES

PAGE = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BESIDE = ("id", "kind", "driver", "room")


def test_the_template_that_is_shown_is_right(tmp_path: Path) -> None:
    (shown,) = [text for text in BLOCKS if 'kind = "template"' in text]
    (tmp_path / "shown.toml").write_text(shown)
    assert read_template(tmp_path / "shown.toml").meanings


@pytest.mark.parametrize("word", ["bytes", "http", "onvif"])
def test_the_devices_that_are_shown_can_be_asked(word: str, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        row
        for text in BLOCKS
        if "devices.list" in text
        for row in tomllib.loads(text)["devices"]["list"]
    ]
    (row,) = [row for row in rows if row["driver"] == word]
    options = {name: value for name, value in row.items() if name not in BESIDE}
    if "password_file" in options:
        path = tmp_path / "password"
        path.write_text("x")
        path.chmod(0o600)
        options["password_file"] = str(path)
    drivers.build(word, options)


def test_the_causes_that_are_named_are_causes() -> None:
    table = PAGE.partition("| what happens |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`unknown`, `(\w+)`", PAGE)) | set(re.findall(r", `(\w+)`", table))
    assert len(named) > 3
    assert named <= CAUSES.keys()
