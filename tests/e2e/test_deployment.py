"""The deployment folder as it is: what the compose file mounts, as whom it says, at its paths.

`deploy init` makes a district, `deploy agent` a school's agent; broker, database, collector,
watchdog and Grafana start as plain processes in rooms like their containers, and what the agent
measures can be read in Grafana.
"""

import base64
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from collector.deploy.district import District
from collector.deploy.owners import IN_CONTAINERS
from tests.collector.deploy.made import HOST, REGION, A, deploy, open_folder
from tests.real.composed import Composed, composed, configured
from tests.real.nobody import NOBODY
from tests.waiting import until_sync

PAGES, GRAFANA = "http://127.0.0.1:8480", "http://127.0.0.1:3000"
BOARDS = {"sw-district", "sw-school", "sw-machine", "sw-targets", "sw-health"}
SECRETS = ("*.key", "influx_login", "influx_token", "admin_password", "secret_key", "admin_login")
OURS = "SELECT last(usage_idle) FROM cpu WHERE school = '{school}' AND time > now() - 1h"


def servers() -> dict[str, Path]:
    """Return where images have what this machine keeps elsewhere; skips where it is not here."""
    influxd = os.environ.get("SCHOOLWATCH_TEST_INFLUXD2")
    grafana = os.environ.get("SCHOOLWATCH_TEST_GRAFANA_HOME")
    if not influxd or not grafana:
        pytest.skip(
            "InfluxDB 2 and Grafana: name them in SCHOOLWATCH_TEST_INFLUXD2 and …_GRAFANA_HOME"
        )
    return {"/opt/influxdb": Path(influxd).parent, "/usr/share/grafana": Path(grafana)}


def school(folder: Path, data: Path) -> dict[str, Any]:
    """Return an agent's machine as a service: its folder at the place that it is made for."""
    data.mkdir()
    for path in (data, folder, *folder.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    return {
        "user": f"{NOBODY}:{NOBODY}",
        "command": ["agent", "run", "--config", "/etc/schoolwatch/agent/agent.toml"],
        "volumes": [
            f"{folder}:/etc/schoolwatch/agent:ro",
            f"{data}:/var/lib/schoolwatch/agent:rw",
        ],
        "tmpfs": ["/tmp:size=64m"],
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }


@contextmanager
def district() -> Iterator[tuple[District, Composed]]:
    also = servers()
    with open_folder() as place:
        folder = place / "district"
        made = deploy("init", folder, "--region", REGION, "--host", HOST)
        assert made.returncode == 0, made.stderr
        enrolled = deploy("agent", folder, A.region, A.school, A.agent)
        assert enrolled.returncode == 0, enrolled.stderr
        spec = configured(folder)
        spec["services"]["school"] = school(folder / "agents" / str(A), place / "school")
        with composed(spec, place, also, [HOST]) as services:
            yield District(folder), services


def asked(services: Composed, url: str, login: str = "", body: object = None) -> tuple[int, Any]:
    """Return what *url* answers in the services' network."""
    headers = {"Content-Type": "application/json"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    data = None if body is None else json.dumps(body).encode()

    def ask() -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, data, headers), timeout=30
            ) as a:
                return a.status, json.loads(a.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode(errors="replace")

    return services.network.inside(ask)


def started(services: Composed) -> None:
    """Start what docs/deploy.md starts, in its order."""
    for name in ("mosquitto", "influxdb"):
        services.start(name)
    until_sync(lambda: services.is_healthy("mosquitto"), 60)
    # The command influx, which the check of its health uses, is in the image only.
    listening = ["curl", "-sf", "http://127.0.0.1:8086/health"]
    until_sync(lambda: services.run("influxdb", listening).returncode == 0, 120)
    made = services.run("store-init")
    assert made.returncode == 0, made.stdout + made.stderr
    for name in ("collector", "watchdog", "grafana", "school"):
        services.start(name)
    for name in ("collector", "grafana", "watchdog"):
        until_sync(partial(services.is_healthy, name), 180)


def points(answer: Any) -> list[Any]:
    """Return the values in what Grafana's /api/ds/query answers."""
    frames = answer["results"]["A"].get("frames", ())
    return [value for frame in frames for value in frame["data"]["values"][1:]]


@pytest.mark.slow
@pytest.mark.real("mosquitto")
@pytest.mark.real("docker-compose")
@pytest.mark.real("influxdb2")
@pytest.mark.real("grafana")
@pytest.mark.real("netns")
def test_from_an_empty_folder_to_readings_of_a_school_in_grafana() -> None:
    with district() as (made, services):
        started(services)
        login = f"admin:{(made.folder / 'grafana/admin_password').read_text().strip()}"
        # This snapshot drops `database` when it sees a data source for the first time.
        reload = f"{GRAFANA}/api/admin/provisioning/datasources/reload"
        assert asked(services, reload, login, {})[0] == 200
        query = {
            "refId": "A",
            "datasource": {"uid": "schoolwatch"},
            "query": OURS.format(school=A.school),
            "rawQuery": True,
            "resultFormat": "time_series",
        }
        wanted = {"queries": [query], "from": "now-1h", "to": "now"}

        def arrived() -> bool:
            status, answer = asked(services, f"{GRAFANA}/api/ds/query", login, wanted)
            return status == 200 and bool(points(answer))

        until_sync(arrived, 180)
        _, seen = asked(services, f"{PAGES}/api/v1/agents")
        assert [one["state"] for one in seen["agents"] if one["agent"] == A.agent] == ["up"]

        _, boards = asked(services, f"{GRAFANA}/api/search?type=dash-db", login)
        assert {board["uid"] for board in boards} >= BOARDS

        assert asked(services, f"{GRAFANA}/api/org", "admin:admin")[0] == 401
        assert asked(services, f"{GRAFANA}/api/org")[0] == 401
        users: dict[str, int] = {str(part): uid for part, uid in IN_CONTAINERS.items()}
        assert users_of(services) == users | {"school": NOBODY}
        assert ports(services) == {3000, 8086, 8480, 8883}
        told = secrets(made.folder)
        assert [place for name in services.running for place in shown(services, name, told)] == []
        assert {name: services.stop(name) for name in ("school", "watchdog", "collector")} == {
            "school": 0,
            "watchdog": 0,
            "collector": 0,
        }


def users_of(services: Composed) -> dict[str, int]:
    return {
        name: Path(f"/proc/{process.pid}").stat().st_uid
        for name, process in services.running.items()
    }


def ports(services: Composed) -> set[int]:
    """Return every TCP port that is listened on in the network, of whatever address."""
    said = services.network.inside(lambda: subprocess.check_output(["ss", "-Hltn"], text=True))
    return {int(line.split()[3].rpartition(":")[2]) for line in said.splitlines()}


def secrets(folder: Path) -> set[str]:
    """Return what nobody may ever see of the files; of keys the first line that is their own."""
    files = [path for pattern in SECRETS for path in folder.rglob(pattern)]
    assert len(files) > 10
    lines = {path: path.read_text().strip().split("\n") for path in files}
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    return {kept[1] if len(kept) > 1 else kept[0].rpartition(":")[2] for kept in lines.values()}


def shown(services: Composed, name: str, told: set[str]) -> list[str]:
    """Return where a service shows a secret: in its log, its environment, its command."""
    process = f"/proc/{services.running[name].pid}"
    places = {
        "log": services.log(name),
        "environment": Path(f"{process}/environ").read_text(),
        "command": Path(f"{process}/cmdline").read_text(),
    }
    return [
        f"{place} of {name}"
        for place, text in places.items()
        if any(secret in text for secret in told)
    ]
