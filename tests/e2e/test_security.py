"""The sensor's whole way: arpspoof and nmap in a school, and who in the district reads what of it.

The school is a network of namespaces. One of its machines is the watcher: agent, mosquitto and
collector run there and speak over its loopback: the attack cuts its pings, and not its voice.
"""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psutil
import pytest

from agent.sensor.rights import NOBODY
from collector.web import openapi
from core import clock
from tests.collector.desk import audited_in
from tests.e2e.programs import REGION, SCHOOL, Program, agent_toml, collector_toml
from tests.real import attacks
from tests.real.attacks import Host, Lab, lab
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until_sync

pytestmark = [pytest.mark.slow, pytest.mark.real("netns", "mosquitto", "arpspoof", "nmap")]

CASES = Path(__file__).parents[1] / "cases"
FIREWALL = "logs/h3c-secpath/threats/lines.log"
SOON = 60

HOLDS = {"rule:packet_loss.hold_s": 3}
"""In life it has to last five minutes before anybody is told."""

PARTS = """
[probes.ping]
targets = ["{outside}"]
interval_s = 1
count = 2
timeout_s = 0.3
interval_between_s = 0
[watchers.logins]
journal = false
files = ["{auth_log}"]
[devices]
syslog = "127.0.0.1:{syslog}"
[logs]
[[logs.list]]
id = "firewall"
address = "127.0.0.1"
[sensor]
interfaces = ["eth0"]
[sensor.detectors.arp_spoof]
quiet_s = 15
[sensor.detectors.port_scan]
gap_s = 10
"""
WEBHOOKS = """
[alerts]
messages = 1000
[[alerts.webhook]]
name = "school"
url = "{school}"
school = "{where}"
[[alerts.webhook]]
name = "district"
url = "{district}"
"""


@dataclass
class Webhook:
    """Takes what it is sent, at an address that only *where* knows."""

    where: Host
    alerts: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def serving(self) -> Iterator["Webhook"]:
        alerts = self.alerts

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                alerts.extend(json.loads(body)["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        # A socket stays in the namespace in which it was opened, whoever serves it.
        make = partial(ThreadingHTTPServer, ("127.0.0.1", 0), Taker)
        with self.where.namespace.inside(make) as server:
            self.url = f"http://127.0.0.1:{server.server_address[1]}/"
            thread = threading.Thread(target=server.serve_forever, args=(0.1,))
            thread.start()
            yield self
            server.shutdown()
            thread.join()

    def told(self, kind: str, status: str = "firing") -> list[dict[str, Any]]:
        return [
            one
            for one in self.alerts
            if (one["labels"]["alertname"], one["status"]) == (kind, status)
        ]


@dataclass
class Scene:
    net: Lab
    folder: Path
    agent: Program
    http: int
    syslog: int
    school: Webhook
    district: Webhook

    def audited(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in audited_in(self.folder / "collector") if one["kind"] == kind]

    def stages(self, kind: str) -> list[bool]:
        return [one["active"] for one in self.audited(kind)]

    def sensor(self) -> int:
        """Return the process that reads frames, 0 while there is none."""
        assert self.agent.process is not None
        for one in psutil.Process(self.agent.process.pid).children():
            with suppress(psutil.NoSuchProcess):
                if "sensor" in one.cmdline():
                    return one.pid
        return 0

    def listens(self) -> bool:
        """Tell whether it has opened what it needs, and given up all else."""
        pid = self.sensor()
        return bool(pid) and psutil.Process(pid).uids().real == NOBODY and self.get("/readyz") != ""

    def get(self, path: str) -> str:
        def ask() -> str:
            try:
                with urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=20) as answer:
                    return str(answer.read().decode())
            except HTTPError as refused:
                return f"{refused.code} {refused.read().decode()}"
            except URLError:
                return ""  # it does not listen yet

        return self.net.watcher.namespace.inside(ask)

    def send(self, line: bytes) -> None:
        """Say *line* as a firewall does, by syslog over UDP."""

        def out() -> int:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                return sock.sendto(line, ("127.0.0.1", self.syslog))

        self.net.watcher.namespace.inside(out)

    def everybody_reads(self) -> dict[str, str]:
        """Return all that leaves the collector for people outside the school."""
        paths = [one.path for one in openapi.QUESTIONS]
        paths += ["/", "/alerts", "/security", f"/schools/{REGION}/{SCHOOL}", "/metrics"]
        found = {path: self.get(path) for path in paths}
        found["district"] = json.dumps(self.district.alerts)
        found["logs"] = "".join(path.read_text() for path in self.folder.glob("*.log"))
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    attacks.need("mosquitto", "arpspoof", "nmap")
    with ExitStack() as stack:
        net = stack.enter_context(lab())
        where = net.watcher
        broker = mosquitto(where, tmp_path)
        school, district = (stack.enter_context(Webhook(where).serving()) for _ in range(2))
        http, syslog = free_port(), free_port()
        (tmp_path / "auth").touch()
        parts = PARTS.format(outside=net.outside.address, auth_log=tmp_path / "auth", syslog=syslog)
        hooks = WEBHOOKS.format(
            school=school.url, district=district.url, where=f"{REGION}/{SCHOOL}"
        )
        collector, agent = (
            Program(
                [name, "run", "--config", str(toml)],
                tmp_path / f"{name}.log",
                namespace=where.namespace.name,
                waits=waits,
            )
            for name, toml, waits in (
                ("collector", collector_toml(tmp_path, broker, http, hooks), HOLDS),
                ("agent", agent_toml(tmp_path, broker, parts), {}),
            )
        )
        for one in (collector, agent):
            one.start()
            stack.callback(one.kill)
        made = Scene(net, tmp_path, agent, http, syslog, school, district)
        until_sync(made.listens, SOON)
        yield made


def mosquitto(where: Host, folder: Path) -> RealBroker:
    port, config, log = free_port(), folder / "mosquitto.conf", folder / "mosquitto.txt"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    where.start("mosquitto", "-c", str(config), log=log)
    return RealBroker("mosquitto", [], port, port, log, [])


def lines(path: str) -> list[bytes]:
    return (CASES / path).read_bytes().splitlines()


def reads(what: Callable[[], object]) -> None:
    until_sync(what, SOON)


def test_an_attack_is_told_once_to_those_who_can_find_the_machine_and_names_the_outage(
    scene: Scene,
) -> None:
    net = scene.net
    net.attacker.run("nmap", "-n", "-sS", "-p1-60", "--max-retries", "0", net.watcher.address)
    reads(lambda: scene.stages("port_scan"))

    words = ("-i", "eth0", "-t", net.watcher.address, net.router.address)
    spoof = net.attacker.start("arpspoof", *words)
    reads(lambda: scene.school.told("gateway_spoof"))
    reads(lambda: scene.school.told("packet_loss"))

    first = scene.sensor()
    os.kill(first, signal.SIGKILL)
    reads(lambda: scene.sensor() not in (0, first) and scene.listens())
    reads(lambda: scene.stages("sensor_stopped")[-1:] == [False])
    reads(lambda: len(scene.stages("gateway_spoof")) > 1)
    scene.agent.kill()
    again = clock.now()
    scene.agent.start()
    reads(lambda: any(one["at"] > again for one in scene.audited("gateway_spoof")))

    outlets = scene.everybody_reads()
    attacks.stop(spoof)
    reads(lambda: scene.school.told("gateway_spoof", "resolved"))
    reads(lambda: scene.school.told("packet_loss", "resolved"))

    # It began once, was updated, and ended; one machine did it, whatever was killed meanwhile.
    stages = scene.stages("gateway_spoof")
    assert stages == [True] * (len(stages) - 1) + [False]
    assert len(stages) > 2
    records = scene.audited("gateway_spoof")
    assert len({one["subject"] for one in records}) == 1
    assert {one["details"]["source"]["mac"] for one in records} == {net.attacker.mac}
    assert records[-2]["details"]["target"]["address"] == net.router.address
    assert scene.audited("port_scan")[0]["details"]["source"]["address"] == net.attacker.address

    (told,) = scene.school.told("gateway_spoof")
    assert f"MAC {net.attacker.mac}" in told["annotations"]["description_zh"]
    assert f"MAC {net.attacker.mac}" in told["annotations"]["description"]
    assert "请" in told["annotations"]["description_zh"]
    # The loss may be told first: its own end names the attack in any case.
    losses = json.dumps(scene.school.told("packet_loss", "resolved"), ensure_ascii=False)
    assert "冒充网关" in losses
    assert "冒充网关" in outlets[f"/schools/{REGION}/{SCHOOL}"]
    assert len(scene.district.told("gateway_spoof")) == 1
    assert len(scene.district.told("gateway_spoof", "resolved")) == 1
    assert not scene.school.told("port_scan"), "for the list only"

    outlets["later"] = json.dumps(scene.everybody_reads())
    leaks = {
        path: found
        for path, text in outlets.items()
        if (found := [one for one in (net.attacker.address, net.attacker.mac) if one in text])
    }
    assert leaks == {}
    for path in ("/security", "/api/v1/security", "district"):
        assert "192.0.2.0/24" in outlets[path], path


def test_what_is_kept_of_an_attacker_is_closed_to_other_users_of_the_machine(scene: Scene) -> None:
    scene.net.attacker.run("nmap", "-n", "-sS", "-p1-60", scene.net.watcher.address)
    reads(lambda: scene.stages("port_scan"))
    kept = [one for name in ("spool", "collector") for one in (scene.folder / name).rglob("*")]
    assert {"spool.db", "audit", "ledger.db"} <= {one.name for one in kept}
    assert [one for one in kept if one.stat().st_mode & 0o007] == []


def test_what_a_log_and_a_firewall_say_takes_the_same_way(scene: Scene) -> None:
    with (scene.folder / "auth").open("ab") as log:
        for line in lines("logins/ssh_root_is_guessed/auth.log"):
            log.write(line + b"\n")
    for line in lines(FIREWALL):
        scene.send(line)
    reads(lambda: scene.stages("logins_failed") and scene.stages("firewall_scan"))
    reads(lambda: scene.school.told("logins_failed"))
    guessed, *_ = scene.audited("logins_failed")
    assert guessed["details"]["source"]["address"] == "203.0.113.9"
    assert "root" not in json.dumps(guessed)
    outlets = scene.everybody_reads()
    assert [path for path, text in outlets.items() if "203.0.113.9" in text] == []
