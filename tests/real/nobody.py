"""The agent's own files where everybody may read them, and a Python that everybody may run.

So a test that is root can start it as an ordinary user, wherever checkout and interpreter lie.
"""

import configparser
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = 65_534
INSTALLED = ("schoolwatch.py", "agent", "core")
ASK = "import sys; print(sys.version_info[:2])"


@dataclass(frozen=True, slots=True)
class Nobody:
    """`home` belongs to nobody; `code` is what an agent's installation holds."""

    home: Path
    code: Path
    python: str

    def command(self, *words: str) -> list[str]:
        return [self.python, "-m", "schoolwatch", *words]

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.code), "PATH": os.environ["PATH"]}

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of ours as nobody."""
        return subprocess.run(
            self.command(*words),
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@contextmanager
def living() -> Iterator[Nobody]:
    """Give nobody a home and a copy of the program; skips where that cannot be."""
    if os.geteuid():
        pytest.skip("only root can start an agent as somebody else")
    python = _python()
    folder = Path(tempfile.mkdtemp(prefix="schoolwatch-nobody-"))
    try:
        folder.chmod(0o755)
        home, code = folder / "home", folder / "code"
        home.mkdir()
        os.chown(home, NOBODY, NOBODY)
        code.mkdir()
        _install(code)
        yield Nobody(home, code, python)
    finally:
        shutil.rmtree(folder)


def _python() -> str:
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            said = subprocess.check_output([python, "-c", ASK], user=NOBODY, cwd="/", text=True)
        except (OSError, subprocess.CalledProcessError):
            continue  # not there, or in a folder of root's
        if said.strip() == str(sys.version_info[:2]):
            return python
    pytest.skip(f"no Python {sys.version_info[0]}.{sys.version_info[1]} that everybody may run")


def _install(code: Path) -> None:
    for name in INSTALLED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, code / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, code)
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for wanted in setup["options"]["install_requires"].splitlines():
        if wanted.strip():
            _copy_distribution(re.split(r"[<>=!~;\[ ]", wanted.strip())[0], code)
    for path in code.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _copy_distribution(name: str, code: Path) -> None:
    for file in importlib.metadata.distribution(name).files or []:
        if ".." not in file.parts and file.suffix != ".pyc":
            target = code / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)
