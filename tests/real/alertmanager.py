"""An Alertmanager on loopback ports of its own, alone: it is no part of a cluster."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real.brokers import free_port
from tests.real.prometheus import program
from tests.waiting import until_sync

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


@dataclass
class Alertmanager:
    """One that runs; it posts what it is told to *webhook*."""

    url: str

    def post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Hand alerts over, as Prometheus does."""
        self._send("alerts", alerts)

    def silence(self, labels: Mapping[str, str], since: str, until: str) -> str:
        """Silence what has *labels*; return the silence's id."""
        matchers = [{"name": n, "value": v, "isRegex": False} for n, v in labels.items()]
        asked = {"matchers": matchers, "startsAt": since, "endsAt": until}
        found: str = self._send("silences", asked | {"createdBy": "us", "comment": "why"})[
            "silenceID"
        ]
        return found

    def expire(self, silence: str) -> None:
        """End a silence now."""
        self._send(f"silence/{silence}", None, "DELETE")

    def _send(self, where: str, what: Any, method: str = "POST") -> Any:
        body = None if what is None else json.dumps(what).encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.url}/api/v2/{where}", body, headers, method=method)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def alerts(self) -> list[dict[str, Any]]:
        """What it knows to be going on."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found


@contextmanager
def running(
    folder: Path, webhook: str = "http://127.0.0.1:9/", configuration: str = CONFIGURATION
) -> Iterator[Alertmanager]:
    """Run an Alertmanager for the length of the block; skips the test where there is none."""
    found, port = program("prometheus-alertmanager"), free_port()
    folder.mkdir(exist_ok=True)
    file, log = folder / "alertmanager.yml", folder / "log"
    file.write_text(configuration.format(webhook=webhook))
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
