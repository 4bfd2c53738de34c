"""The rules of the house: which package may import which, and what a running agent may load."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "core": set(),
    "agent": {"core"},
    "alerts": {"core"},
    "collector": {"core", "alerts", "configs"},
    "configs": set(),
    "grafana": {"core"},
    "simulator": {"core", "agent", "collector", "alerts", "configs"},
}
OURS = {*MAY_IMPORT, "schoolwatch", "tests"}
TALKS_TO_PEOPLE = ("cli.py", "__main__.py")

LEAN = ("click", "rich", "aiohttp", "jinja2", "prometheus_client", "collector", "alerts")


def files(package: str) -> Iterator[Path]:
    return (ROOT / package).rglob("*.py")


def modules_named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide which package is meant"
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(word.value) for word in node.args if isinstance(word, ast.Constant))


def imports(path: Path) -> set[str]:
    names = modules_named(ast.parse(path.read_text(encoding="utf-8")))
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_stands_below_it(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    found = {str(path.relative_to(ROOT)): imports(path) & OURS - allowed for path in files(package)}
    assert {path: names for path, names in found.items() if names} == {}


def test_scapy_is_loaded_by_one_module_when_a_capture_needs_it() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for package in MAY_IMPORT
        for path in files(package)
        if "scapy" in imports(path)
    ]
    assert found == ["agent/sensor/rare.py"]
    loaded = loaded_after("import agent.sensor.readcli, agent.sensor.rare")
    assert loaded & {"scapy", *LEAN, "paho", "sqlite3", "psutil"} == set()


def printing(path: Path) -> list[int]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if ast.unparse(call.func) == "print"]


def test_only_commands_print() -> None:
    """A program that runs for months logs; printing is for who sits at a terminal."""
    found = {
        path.relative_to(ROOT).as_posix(): printing(path)
        for package in ("core", "agent", "collector", "alerts")
        for path in files(package)
        if not path.name.endswith(TALKS_TO_PEOPLE)
    }
    # `python -m`, and `up`
    allowed = {
        *("core/catalog.py", "core/kinds.py", "collector/trial/terminal.py"),
        "collector/evidence/standalone/verify.py",  # a program of its own, for an auditor
    }
    assert {path for path, lines in found.items() if lines} <= allowed


def loaded_after(statement: str) -> set[str]:
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_a_running_agent_never_loads_what_only_the_district_needs() -> None:
    assert loaded_after("import schoolwatch, agent.cli, agent.app") & set(LEAN) == set()


def test_an_agent_with_a_sensor_leaves_foreign_packets_to_its_process() -> None:
    statement = "import agent.app, agent.sensor.keeper, sys"
    program = f"{statement}\nprint([m for m in sys.modules if m.startswith('agent.sensor.')])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(ast.literal_eval(done.stdout))
    assert loaded == {
        f"agent.sensor.{name}"
        for name in (
            "astray",
            "child",
            "goingon",
            "handover",
            "keeper",
            "lines",
            "readings",
            "whys",
        )
    }
    assert "scapy" not in loaded_after(statement)


def test_a_running_agent_holds_nothing_that_it_got_only_through_a_library() -> None:
    loaded = loaded_after("import schoolwatch, agent.cli, agent.app")
    assert loaded & {"argparse", "dns", "email", "http", "socks"} == set()


def test_paho_leaves_what_it_was_loaded_without_to_whoever_needs_it() -> None:
    loaded = loaded_after("import core.mqtt, urllib.request; urllib.request.urlopen, urllib.parse")
    assert "http" in loaded


def test_the_trial_knows_its_parts_only_as_commands() -> None:
    loaded = loaded_after("import collector.cli")
    assert loaded & {"agent", "alerts", "aiohttp", "jinja2", "paho", "sqlite3"} == set()
