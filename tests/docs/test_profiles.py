"""docs/profiles.md names every family, where its numbers are from, and the device it is held to."""

import json
import re
from pathlib import Path

from agent.devices.profile import read_profile
from agent.devices.profiles import profiles_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/profiles.md").read_text("utf-8")
CASES = ROOT / "tests/cases/snmp"


def family(name: str) -> str:
    """Return the row of the table about the profile *name*."""
    profile = profiles_of()[name]
    kinds = [
        json.loads((CASES / case / "expected.json").read_text("utf-8"))["source"].partition(":")[0]
        for case in profile.cases
    ]
    cases = ", ".join(
        f"`{case.partition('/')[2]}` ({'recorded' if kind == 'recorded' else 'made'})"
        for case, kind in zip(profile.cases, kinds, strict=True)
    )
    return f"| `{name}` | {profile.title} | {profile.reference} | {cases} |"


def table() -> str:
    rows = [family(name) for name in sorted(profiles_of())]
    head = ["| profile | family | reference | held to |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def test_the_table_of_families_is_that_of_the_files() -> None:
    shown = re.search(r"<!-- families: .*? -->\n(.*?)\n<!-- end -->", PAGE, re.DOTALL)
    assert shown, "the table stands between the two comments"
    assert shown[1] == table()


def test_the_example_is_a_profile_that_can_be_read(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "ups-mine.toml"
    file.write_text(example, "utf-8")
    assert read_profile(file).device == "ups"
