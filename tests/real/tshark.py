"""Wireshark's tshark: another reader of the same captures, which knows nothing of ours."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def need() -> None:
    """Skip the test where there is no tshark."""
    if shutil.which("tshark", path=PLACES) is None:
        pytest.skip("no tshark: scripts/test installs it, or: apt-get install tshark")


def fields(capture: Path, names: Sequence[str]) -> list[dict[str, list[str]]]:
    """What each packet has under each of *names*, as texts; nothing is resolved or put together."""
    command = ["tshark", "-n", "-r", str(capture), "-T", "fields", "-E", "aggregator=|"]
    for name in names:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [
        {name: text.split("|") for name, text in zip(names, line.split("\t"), strict=True) if text}
        for line in done.stdout.splitlines()
    ]
