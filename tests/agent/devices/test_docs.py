"""What docs/devices.md and docs/adding-a-driver.md show and promise."""

import re
from pathlib import Path

from agent.config import read_agent
from agent.devices.base import drivers
from core.causes import asking, base
from core.devices import STATES

ROOT = Path(__file__).parents[3]
DEVICES = (ROOT / "docs/devices.md").read_text(encoding="utf-8")
ADDING = (ROOT / "docs/adding-a-driver.md").read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def rows(page: str, heading: str) -> set[str]:
    """Return the words in the first column of the table that begins with *heading*."""
    _, _, after = page.partition(f"| {heading} |")
    first = (line.split("|")[1] for line in after.split("\n\n")[0].splitlines()[2:])
    return {word for cell in first for word in re.findall(r"`(\w+)`", cell)}


def test_what_the_page_shows_of_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    who = 'kind = "agent"\nidentity = { region = "1", school = "2", agent = "3" }\n'
    file.write_text("\n".join([who, *blocks(DEVICES, "toml")]))
    ids = [one.id for one in read_agent(file).devices.list]
    assert ids == ["switch-2f", "panel-302", "pc-302", "ops-302"]


def test_the_page_names_every_state_and_driver_and_the_causes_of_any_device() -> None:
    assert rows(DEVICES, "`state`") == set(STATES)
    assert rows(DEVICES, "driver") == set(drivers.words())
    parts = {"fan", "lamp", "temperature", "cover", "filter", "other"}
    # The collector's own: the agent never says them.
    collectors = {"agent", "line", "stale", "not_asked"}
    assert rows(DEVICES, "`cause`") == {*base.CAUSES, *asking.CAUSES} - parts - collectors


def test_what_adding_a_driver_shows_is_what_stands_in_the_files() -> None:
    (module,), (sample,) = blocks(ADDING, "python"), blocks(ADDING, "toml")
    assert module == (ROOT / "agent/devices/drivers/tcp.py").read_text(encoding="utf-8")
    assert sample in (ROOT / "configs/agent.toml").read_text(encoding="utf-8")
    named = re.findall(r"`((?:agent|configs|core|docs|tests)/[\w./-]+\.\w+)`", ADDING)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
