"""The folder of a district, made for a test, where every user may get to it."""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import schoolwatch
from collector.deploy import enrol, init
from collector.deploy.authority import utc_now
from collector.deploy.district import District
from core.types import Identity

ROOT = Path(__file__).parents[3]
REGION, SCHOOL, HOST = "440304", "3144000123", "mqtt.district.example"
A, B = Identity(REGION, SCHOOL, "server-room"), Identity(REGION, "3144000124", "server-room")


def deploy(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run `schoolwatch deploy` with *words*."""
    command = [sys.executable, "schoolwatch.py", "deploy", *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def ran(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """The same in this process, since most of its time a program only loads."""
    command, said, wrong = ["deploy", *map(str, words)], io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(wrong):
        code = schoolwatch.main(command)
    return subprocess.CompletedProcess(command, code, said.getvalue(), wrong.getvalue())


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder that others than root may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="schoolwatch-deploy-"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def made() -> Iterator[District]:
    """Give a district of one region, with no agent yet."""
    with open_folder() as place:
        folder = place / "district"
        init.init(init.Wanted(folder, (REGION,), (HOST, "127.0.0.1")), utc_now())
        yield District(folder)


def enrolled(district: District, who: Identity) -> Path:
    """Return the folder of a new agent."""
    return enrol.enrol(district, who, utc_now()).folder
