"""docs/logs.md names every family, where its fields are from, and what it is held to."""

import json
import re
from pathlib import Path

from agent.logs.family import families_of, read_family
from agent.watchers.base import LASTING

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/logs.md").read_text("utf-8")
HOST = (ROOT / "docs/host-security.md").read_text("utf-8")
CASES = ROOT / "tests/cases/logs"


def family(name: str) -> str:
    one = families_of()[name]
    cases = []
    for case in one.cases:
        source = json.loads((CASES / case / "expected.json").read_text("utf-8"))["source"]
        cases.append(f"`{case.partition('/')[2]}` ({source.partition(':')[0]})")
    verdicts = sorted({f"`{rule.verdict}`" for rule in one.rule})
    return (
        f"| `{name}` | {one.title} | {one.reference} | {', '.join(verdicts)} | {', '.join(cases)} |"
    )


def table() -> str:
    head = ["| family | devices | reference | verdicts | held to |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(family(name) for name in sorted(families_of()))])


def test_the_table_of_families_is_that_of_the_files() -> None:
    shown = re.search(r"<!-- families -->\n(.*?)\n<!-- end -->", PAGE, re.DOTALL)
    assert shown, "the table stands between the two comments"
    assert shown[1] == table()


def test_the_example_of_a_family_can_be_read(tmp_path: Path) -> None:
    example = PAGE.rpartition("```toml\n")[2].partition("```")[0]
    file = tmp_path / "mine.toml"
    file.write_text(example, "utf-8")
    assert read_family(file).rule[0].person


def test_each_event_of_the_host_stands_on_its_page() -> None:
    for word in ("logins", "ports", "integrity"):
        for kind in LASTING[word]:
            assert f"`{kind}`" in HOST
