"""A real Telegraf with the plugins that scripts/test compiles in; ended by its process id."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

VARIABLE = "SCHOOLWATCH_TEST_TELEGRAF"


def program() -> str | None:
    """Return where Telegraf is: named by the variable, or on the PATH."""
    return os.environ.get(VARIABLE) or shutil.which("telegraf")


def need() -> None:
    """Skip the test where there is none."""
    if program() is None:
        pytest.skip(f"no Telegraf: scripts/test builds one, or name yours in {VARIABLE}")


@contextmanager
def running(folder: Path, configuration: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run Telegraf with *configuration* for the length of the block; it logs into *folder*."""
    file = folder / "telegraf.conf"
    file.write_text(configuration)
    with (folder / "telegraf.log").open("ab") as log:
        process = subprocess.Popen(
            [program() or "telegraf", "--config", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
