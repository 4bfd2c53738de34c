"""Debian's Alertmanager on loopback ports of its own, alone: it is no part of a cluster."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.real.brokers import free_port
from tests.waiting import until_sync

NAMES = ("prometheus-alertmanager", "alertmanager")
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
CONFIGURATION = """\
global:
  resolve_timeout: 2s
route:
  receiver: ours
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
- name: ours
  webhook_configs:
  - url: {webhook}
"""


def program() -> str:
    """Skip the test where there is no Alertmanager."""
    for name in NAMES:
        found = shutil.which(name, path=PLACES)
        if found:
            return found
    pytest.skip(
        "no prometheus-alertmanager: scripts/test installs it, or: "
        "apt-get install prometheus-alertmanager"
    )


@dataclass
class Alertmanager:
    """One that runs; it posts what it is told to *webhook*."""

    url: str

    def alerts(self) -> list[dict[str, Any]]:
        """What it knows to be going on."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found


@contextmanager
def running(folder: Path, webhook: str = "http://127.0.0.1:9/") -> Iterator[Alertmanager]:
    """Run an Alertmanager for the length of the block."""
    found, port = program(), free_port()
    folder.mkdir(exist_ok=True)
    file, log = folder / "alertmanager.yml", folder / "log"
    file.write_text(CONFIGURATION.format(webhook=webhook))
    command = [
        *(found, f"--config.file={file}", f"--storage.path={folder / 'data'}"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
    ]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    made = Alertmanager(f"http://127.0.0.1:{port}")
    try:
        until_sync(lambda: _answers(made), 60)
        yield made
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(made: Alertmanager) -> bool:
    try:
        made.alerts()
    except OSError:
        return False
    return True
