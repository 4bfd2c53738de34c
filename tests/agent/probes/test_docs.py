"""What docs/adding-a-probe.md shows is what stands in the files."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/adding-a-probe.md").read_text()
SHOWN = {
    "agent/probes/mem.py",
    "agent/probes/base.py",
    "configs/agent.toml",
    "tests/cases/mem/a_system_that_names_fewer_kinds/input.json",
    "tests/cases/mem/a_system_that_names_fewer_kinds/expected.json",
}


def test_every_block_of_code_is_a_part_of_a_file_that_the_page_names() -> None:
    blocks = re.findall(r"^```(?:python|toml|json)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    texts = {path: (ROOT / path).read_text() for path in SHOWN}
    found = [{path for path, text in texts.items() if block in text} for block in blocks]
    assert all(found), "a block differs from its file: copy it anew"
    assert set().union(*found) == SHOWN


def test_the_whole_module_is_shown() -> None:
    assert (ROOT / "agent/probes/mem.py").read_text() in PAGE


def test_the_files_and_folders_that_the_page_names_are_there() -> None:
    named = re.findall(r"`((?:agent|configs|core|docs|tests)/[\w./-]+\.\w+)`", PAGE)
    assert [path for path in named if not (ROOT / path).exists()] == []
