"""Projectors as recorded, each on a real socket: tests/cases/pjlink says where they come from."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.causes import CAUSES
from tests.agent.devices.pjlink.driving import CASES, driver, recorded


@pytest.mark.parametrize("folder", sorted(CASES.iterdir()), ids=lambda folder: folder.name)
async def test_a_recorded_projector_is_seen_as_it_was(folder: Path, tmp_path: Path) -> None:
    case = tomllib.loads((folder / "transcript.toml").read_text("utf-8"))
    options: dict[str, Any] = {}
    if "password" in case:
        file = tmp_path / "password"
        file.write_text(case["password"])
        file.chmod(0o600)
        options = {"password_file": file}
    async with recorded(case) as port:
        sighting = await driver(port, **options).look()
    fields = {name: value for name, value in sighting.fields.items() if name != "answer_ms"}
    expected = case["expected"]
    assert (sighting.state, sighting.cause, fields) == (
        expected["state"],
        expected["cause"],
        expected["fields"],
    )
    assert sighting.cause == "" or sighting.cause in CAUSES


def test_each_recording_says_where_it_comes_from() -> None:
    for folder in CASES.iterdir():
        case = tomllib.loads((folder / "transcript.toml").read_text("utf-8"))
        assert case["source"]
        assert case["made"].startswith(("recorded", "from "))
