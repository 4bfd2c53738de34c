"""A real Grafana for tests, provisioned from the project's own files.

Its folder is named by SCHOOLWATCH_TEST_GRAFANA_HOME. Look at the dashboards over a played district:
python -m tests.real.grafana 1 (or 2, the version of InfluxDB); it prints addresses, Ctrl-C ends it.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import end
from tests.real import influxdb1, influxdb2
from tests.real.brokers import LOOPBACK, free_port
from tests.real.influx import RealInflux
from tests.waiting import until_sync

VARIABLE = "SCHOOLWATCH_TEST_GRAFANA_HOME"
OURS = Path(__file__).parents[2] / "grafana"
PASSWORD = "a-password-for-tests"

CONFIG = """
[server]
http_addr = {host}
http_port = {port}
[paths]
data = {folder}/data
logs = {folder}/log
plugins = {folder}/plugins
provisioning = {ours}/provisioning
[analytics]
reporting_enabled = false
check_for_updates = false
check_for_plugin_updates = false
[auth.anonymous]
enabled = true
org_role = Viewer
[security]
admin_password = {password}
disable_gravatar = true
[users]
default_theme = light
[news]
news_feed_enabled = false
"""


class NoGrafana(Exception):
    """There is none here; the text says what would bring one."""


@dataclass(frozen=True, slots=True)
class Grafana:
    """A running server; `log` holds what it printed."""

    url: str
    log: Path

    def call(
        self, path: str, body: object = None, *, admin: bool = False, method: str = ""
    ) -> tuple[int, Any]:
        """Return status and answer, refusals too; with a *body* it is a POST."""
        headers = {"Content-Type": "application/json"}
        if admin:
            word = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
            headers["Authorization"] = f"Basic {word}"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, headers, method=method or None)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode(errors="replace")


def found() -> bool:
    """Tell whether there is one here."""
    return bool(os.environ.get(VARIABLE))


@contextmanager
def running(folder: Path, influx: RealInflux, bucket: str) -> Iterator[Grafana]:
    """Run a server with its data in *folder* that reads *bucket* and its rollups."""
    home = os.environ.get(VARIABLE)
    if not home:
        raise NoGrafana(f"no Grafana: name its unpacked folder in {VARIABLE}")
    port = free_port()
    config = folder / "grafana.ini"
    words = {"host": LOOPBACK, "port": port, "folder": folder, "ours": OURS, "password": PASSWORD}
    config.write_text(CONFIG.format(**words))
    ours = {
        "SCHOOLWATCH_INFLUX_URL": influx.url,
        "SCHOOLWATCH_INFLUX_BUCKET": bucket,
        "SCHOOLWATCH_INFLUX_TOKEN": influx.token,
        "SCHOOLWATCH_DASHBOARDS": str(OURS / "dashboards"),
    }
    command = [f"{home}/bin/grafana", "server", "--homepath", home, "--config", str(config)]
    grafana = Grafana(f"http://{LOOPBACK}:{port}", folder / "grafana.log")
    with grafana.log.open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | ours, cwd=folder
        )
    try:
        until_sync(lambda: _ready(grafana, process), 120)
        # This snapshot drops `database` when it sees a data source for the first time.
        reload = "/api/admin/provisioning/datasources/reload"
        status, said = grafana.call(reload, admin=True, method="POST")
        assert status == 200, said
        yield grafana
    finally:
        end(process, signal.SIGTERM)


def _ready(grafana: Grafana, process: "subprocess.Popen[bytes]") -> bool:
    code = process.poll()
    assert code is None, f"Grafana ended with {code}:\n{grafana.log.read_text()[-2000:]}"
    with suppress(OSError):
        status, said = grafana.call("/api/health")
        return status == 200 and said["database"] == "ok"
    return False


def _show(version: str) -> None:
    from tests.grafana import simulated

    module = {"1": influxdb1.running, "2": influxdb2.serving}[version]
    with tempfile.TemporaryDirectory() as place:
        database, play, folder = (Path(place) / name for name in ("influx", "play", "grafana"))
        for one in (database, play, folder):
            one.mkdir()
        with module(database) as server:
            simulated.fill(play, server)
            with running(folder, server, simulated.RAW) as grafana:
                print(server.url, f"{grafana.url}/d/sw-district", flush=True)  # noqa: T201
                signal.pause()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _show(sys.argv[1])
