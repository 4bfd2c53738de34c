"""The Tab key: in a real bash, and by what other shells are told."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import click
import pytest

import schoolwatch
from collector import completion
from collector.cli import Commands, commands

ROOT = Path(__file__).parents[2]

ASK = """
eval "$SCRIPT" || exit 9
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
complete -p schoolwatch >/dev/null || exit 8
$(complete -p schoolwatch | sed 's/.*-F \\([^ ]*\\).*/\\1/') schoolwatch
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with the command, however this Python was installed."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "schoolwatch"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m schoolwatch "$@"\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@cache
def script(path: str) -> str:
    """Return what a shell of bash reads once, when it starts."""
    command = ["schoolwatch", "completion", "bash"]
    env = {**os.environ, "PATH": path}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def tab(path: str, *words: str, cwd: Path = ROOT) -> list[str]:
    """Return what a real bash offers where *words* stand on its line and Tab is pressed."""
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("there is no bash")
    done = subprocess.run(
        [bash, "--norc", "-c", ASK, "bash", "schoolwatch", *words],
        env={**os.environ, "PATH": path, "SCRIPT": script(path)},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_every_command_is_offered_also_those_of_other_programs(path: str) -> None:
    found = set(tab(path, ""))
    assert found == {
        *("up", "agent", "collector", "check-config", "status", "ledger", "roster", "simulate"),
        "sensor",
        *(name for name in Commands.list_commands(commands, click.Context(commands))),
    }
    assert tab(path, "sta") == ["status"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["status", "--are"], ["--area"]),
        (["status", "--state", "n"], ["never_seen", "not_up"]),
        (["agent", ""], ["check", "device", "discover", "probe", "run", "wake"]),
        (["agent", "run", "--log-level", "W"], ["WARNING"]),
        (["agent", "probe", "pi"], ["ping"]),
        (["collector", "w"], ["watch"]),
        (["sensor", "read", "--e"], ["--explain"]),
        (["roster", "c"], ["check"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_what_may_come_next_is_offered(path: str, words: list[str], offered: list[str]) -> None:
    assert sorted(tab(path, *words)) == sorted(offered)


def test_after_a_command_that_there_is_not_nothing_breaks(path: str) -> None:
    assert "status" in tab(path, "nothing", "")


def test_a_file_is_left_to_the_shell(path: str) -> None:
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("there is no bash")
    env = {**os.environ, "PATH": path, "COMP_WORDS": "schoolwatch check-config ag"}
    env |= {"COMP_CWORD": "2", completion.VARIABLE: "bash_complete"}
    done = subprocess.run(["schoolwatch"], env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("file,ag\n", "")


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_shell_gets_its_script_and_its_answers(path: str, shell: str) -> None:
    env = {**os.environ, "PATH": path}
    script = subprocess.run(
        ["schoolwatch", "completion", shell], env=env, capture_output=True, text=True, check=True
    ).stdout
    assert completion.VARIABLE in script
    assert f"{shell}_complete" in script
    words = {"COMP_WORDS": "schoolwatch sta", "COMP_CWORD": "sta" if shell == "fish" else "1"}
    env |= words | {completion.VARIABLE: f"{shell}_complete"}
    done = subprocess.run(["schoolwatch"], env=env, capture_output=True, text=True, check=True)
    assert "status" in done.stdout
    assert "check-config" not in done.stdout


@pytest.mark.parametrize("wanted", ["x", "bash_complete", "tcsh_complete", "_", "bash_source_x"])
def test_a_question_that_no_shell_asks_is_1_and_writes_nothing(path: str, wanted: str) -> None:
    env = {**os.environ, "PATH": path, completion.VARIABLE: wanted}
    done = subprocess.run(["schoolwatch"], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def leaves(command: click.Command, *names: str) -> list[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        return [(names, command)]
    return [leaf for name, one in command.commands.items() for leaf in leaves(one, *names, name)]


@pytest.mark.parametrize(
    ("names", "command"),
    [leaf for name, one in completion.elsewhere().items() for leaf in leaves(one, name)],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_offered_of_other_programs_is_what_they_take(
    names: tuple[str, ...],
    command: click.Command,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with suppress(SystemExit):
        schoolwatch.main([*names, "--help"])
    said = capsys.readouterr().out
    taken = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", said, re.MULTILINE)) - {"--help"}
    assert said.startswith("usage:") or "Usage:" in said
    offered = {word for one in command.params for word in one.opts if word.startswith("--")}
    assert offered == taken
