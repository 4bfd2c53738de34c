"""An installed schoolwatch has its samples and pages with it, as a wheel and as an editable."""

import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from core import VERSION

ROOT = Path(__file__).parents[1]
DATA = (
    *("configs/*.toml", "configs/*.csv", "collector/web/templates/*", "collector/web/static/*"),
    *("grafana/dashboards/*/*.json", "grafana/provisioning/*/*.yaml", "configs/deploy/**/*"),
    "agent/firewalls/*.toml",
    "agent/profiles/*.toml",
    "agent/templates/*.toml",
    "alerts/incidents/*.toml",
    "alerts/shipped/*.toml",
)
NOT_FOR_USERS = {"tests", "scripts", "docs"}

WHERE = "import importlib.resources as r; print(r.files('configs'), r.files('collector.web'))"


def data_files() -> set[str]:
    """Return what the programs read beside their code, as it stands in the checkout."""
    there = [path for pattern in DATA for path in ROOT.glob(pattern) if path.is_file()]
    found = {path.relative_to(ROOT).as_posix() for path in there}
    assert len(found) > 5
    return found


class Installed:
    """One installation, used from a folder where nothing of the checkout can be found."""

    def __init__(self, binaries: Path, elsewhere: Path) -> None:
        self.binaries, self.elsewhere = binaries, elsewhere

    def run(self, program: str, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [str(self.binaries / program), *words],
            cwd=self.elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def python(self, statement: str) -> str:
        code, said = self.run("python", "-P", "-c", statement)
        assert code == 0, said
        return said

    def pip(self, *words: str) -> None:
        code, said = self.run("python", "-m", "pip", "-q", "--disable-pip-version-check", *words)
        assert code == 0, said

    def packages(self) -> Path:
        configs, _ = self.python(WHERE).split()
        return Path(configs).parent


def check_works(installed: Installed, wanted: Mapping[str, int]) -> None:
    """Check the version, the samples, and that each command line gives the wanted exit code."""
    assert installed.run("schoolwatch", "--version") == (0, f"schoolwatch {VERSION}\n")
    for name in sorted(data_files()):
        assert (installed.packages() / name).is_file(), name
    for line, code in wanted.items():
        got, said = installed.run("schoolwatch", *line.split())
        assert got == code, said


def check_samples(installed: Installed, *names: str) -> None:
    for name in names:
        got, said = installed.run(
            "schoolwatch", "check-config", str(installed.packages() / "configs" / name)
        )
        assert got == 0, said


def build_wheel(folder: Path) -> Path:
    """Build from a copy: what lies about in the checkout's build/ would end up in the wheel."""
    skip = shutil.ignore_patterns(".*", "var", "build", "dist", "*.egg-info", "__pycache__")
    copy = shutil.copytree(ROOT, folder / "source", ignore=skip)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_what_the_programs_read_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert data_files() - names == set()
    assert {name.partition("/")[0] for name in names} & NOT_FOR_USERS == set()


def test_the_editable_install_works_from_any_folder(tmp_path: Path) -> None:
    installed = Installed(Path(sys.executable).parent, tmp_path)
    check_works(installed, {"up --help": 0, "status --help": 0, "agent --help": 0})
    check_samples(installed, "agent.toml", "collector.toml")


@pytest.mark.slow
def test_the_wheel_works_with_what_it_declares_and_nothing_more(
    wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    installed = Installed(tmp_path / "venv" / "bin", tmp_path)

    # An agent in a school: nothing of the district is installed, and who asks for it is told.
    installed.pip("install", str(wheel))
    check_works(installed, {"agent --help": 0, "agent probe mem": 0, "up": 2})
    check_samples(installed, "agent.toml")
    assert "pip install 'schoolwatch[trial]'" in installed.run("schoolwatch", "up")[1]
    assert "pip install 'schoolwatch[collector]'" in installed.run("schoolwatch", "status")[1]

    installed.pip("install", f"{wheel}[trial]")
    check_works(installed, {"up --help": 0, "status --help": 0, "collector run --help": 0})
    check_samples(installed, "agent.toml", "collector.toml")
    installed.python("import collector.app, collector.web.app, iotcore")
