"""docs/sensor.md says what `sensor read` prints and counts."""

import json
import re
from pathlib import Path

from agent.sensor.roles import ROLES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/sensor.md").read_text(encoding="utf-8")


def test_every_reason_why_a_frame_is_not_read_stands_there_and_no_other() -> None:
    _, _, table = TEXT.partition("| reason | what was wrong |\n|---|---|\n")
    told = {
        word
        for row in table.split("\n\n")[0].splitlines()
        for word in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    code = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "agent/sensor").rglob("*.py")
    )
    assert told == {*re.findall(r"Malformed\(\"(\w+)\"\)", code), "cut", "short"}


def test_the_example_is_json_and_every_key_of_it_is_explained() -> None:
    [example] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    keys = set(json.loads(example))
    _, _, table = TEXT.partition("| key | |\n|---|---|\n")
    told = set(re.findall(r"^\| (.*?) \|", table.split("\n\n")[0], re.MULTILINE))
    words = set(re.findall(r"`(\w+)`", " ".join(told)))
    assert keys <= words
    assert words - keys == {"role", "vlan", "file", "why"}
    assert all(f"`{role}`" in TEXT for role in ROLES)
