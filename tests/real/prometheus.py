"""Prometheus' promtool and Alertmanager as Debian has them; a server is ended by its process id."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.real.brokers import free_port
from tests.waiting import until_sync

VARIABLE: Final = "SCHOOLWATCH_TEST_PROMETHEUS"
"""A folder that holds the programs, where they are not on the PATH."""


def program(name: str) -> str:
    """Return where *name* is; skips the test where it is not."""
    path = f"{os.environ.get(VARIABLE, '')}:{os.environ.get('PATH', '')}"
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"no {name}: scripts/test fetches one, or name its folder in {VARIABLE}")
    return found


@dataclass(frozen=True)
class Alertmanager:
    """A running one."""

    url: str

    def post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Hand alerts over, as Prometheus does."""
        self._ask("/api/v2/alerts", json.dumps(alerts).encode())

    def alerts(self) -> Any:
        """Return what it has: each with its labels and `status`."""
        return json.loads(self._ask("/api/v2/alerts"))

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        with suppress(OSError):
            self._ask("/-/ready")
            return True
        return False

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, body, headers)
        with urllib.request.urlopen(asked, timeout=5) as answer:
            found: bytes = answer.read()
        return found


@contextmanager
def alertmanager(folder: Path, configuration: Mapping[str, Any]) -> Iterator[Alertmanager]:
    """Run one with *configuration* for the length of the block; it logs into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    (folder / "alertmanager.yml").write_text(json.dumps(configuration))
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus-alertmanager"),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (folder / "alertmanager.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        server = Alertmanager(f"http://{address}")
        until_sync(server.is_ready, 20)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
