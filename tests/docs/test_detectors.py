"""docs/detectors.md has each option of a detector, with its default."""

import re
from pathlib import Path

import pytest

from agent.sensor.detectors.base import detectors

TEXT = (Path(__file__).parents[2] / "docs/detectors.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("word", SECTIONS)
def test_every_option_stands_there_with_its_default(word: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", SECTIONS[word], re.MULTILINE)
    shown = {name: float(default) for name, default in rows if default.strip()[0].isdigit()}
    known = {
        option.name: float(option.default)
        for option in detectors.options(word)
        if isinstance(option.default, int | float) and not isinstance(option.default, bool)
    }
    assert shown == known
