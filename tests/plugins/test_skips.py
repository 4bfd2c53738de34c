"""Skips as a person sees them, and as CI does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.skips import excuses

ROOT = Path(__file__).parents[2]

BROKERLESS = """
import pytest

@pytest.mark.real("mosquitto")
def test_with_a_broker():
    pytest.skip("mosquitto is not installed")

def test_without():
    pass
"""

WHOLE = "import pytest\npytest.skip('mosquitto is not installed', allow_module_level=True)\n"


def run(
    folder: Path, body: str, excuse: str = "", strict: bool = True, processes: int = 0
) -> tuple[int, list[str]]:
    (folder / "test_it.py").write_text(body)
    # A conftest.py of a neighbour makes pytest compare its plugins with each other.
    (folder / "neighbour").mkdir()
    (folder / "neighbour" / "conftest.py").touch()
    (folder / "neighbour" / "test_nothing.py").touch()
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = real\n")
    (folder / "excuses.txt").write_text(excuse)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "SCHOOLWATCH_TEST_STRICT": "1" if strict else "",
        "SCHOOLWATCH_TEST_EXCUSES": str(folder / "excuses.txt"),
        # All that is installed takes five times as long to load as what is tried here.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    plugins = ["-p", "xdist.plugin", "-p", "tests.plugins.skips"]
    command = [sys.executable, "-m", "pytest", *plugins, f"-n{processes}"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines()


def test_a_missing_part_is_told_to_a_person_and_is_no_failure(tmp_path: Path) -> None:
    code, said = run(tmp_path, BROKERLESS, strict=False)
    assert code == 0
    assert "mosquitto: mosquitto is not installed" in said
    assert "1 passed, 1 skipped" in said[-1]


def test_in_ci_a_skip_is_a_failure(tmp_path: Path) -> None:
    code, said = run(tmp_path, BROKERLESS)
    assert code == 1
    assert "1 failed, 1 passed" in said[-1]
    assert "none: every skip fails" in said


@pytest.mark.parametrize("body", [BROKERLESS, WHOLE], ids=["a test", "a module"])
def test_what_is_missing_in_another_process_is_told_all_the_same(tmp_path: Path, body: str) -> None:
    (tmp_path / "test_other.py").write_text("def test_other():\n    pass\n")
    code, said = run(tmp_path, body, processes=2)
    assert code == 1
    assert any("mosquitto is not installed" in line for line in said)
    assert "passed" in said[-1]


def test_in_ci_a_part_with_an_excuse_may_be_missing_and_the_excuse_is_shown(
    tmp_path: Path,
) -> None:
    code, said = run(tmp_path, BROKERLESS, "mosquitto  apt-get install mosquitto\n")
    assert code == 0
    assert "mosquitto: apt-get install mosquitto" in said
    assert "1 passed, 1 skipped" in said[-1]


@pytest.mark.parametrize(
    "body",
    [
        "import pytest\n\ndef test_it():\n    pytest.skip('tired')\n",
        "import pytest\npytest.skip('tired', allow_module_level=True)\n",
        "import pytest\n\n@pytest.mark.skip('tired')\ndef test_it():\n    pass\n",
    ],
    ids=["inside", "whole module", "marked"],
)
def test_in_ci_a_skip_without_a_part_has_no_excuse(tmp_path: Path, body: str) -> None:
    (tmp_path / "test_other.py").write_text("def test_other():\n    pass\n")
    code, said = run(tmp_path, body, "mosquitto  apt-get install mosquitto\n")
    assert code == 1
    assert "(no part named): tired" in said
    assert "1 passed" in said[-1]


def test_a_failure_that_is_expected_is_not_a_skip(tmp_path: Path) -> None:
    body = "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"
    assert run(tmp_path, body)[0] == 0


def test_a_part_without_the_command_that_failed_is_no_excuse() -> None:
    text = "# part  command\n\nmosquitto\ngrafana  apt-get install grafana\n"
    assert excuses(text) == {"grafana": "apt-get install grafana"}
