"""Rows that are kept at the school: a real sender, agent, mosquitto, collector, and no way out.

Every outlet is looked at: what goes over MQTT, every file of the collector, the agent's spool, both
programs' logs, the pages, and what alerts say.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.logs.kept.book import Book
from core import clock
from core.clock import SECOND
from tests.collector.desk import audited_in
from tests.e2e.programs import (
    AGENT,
    REGION,
    SCHOOL,
    Program,
    agent_toml,
    collector_toml,
    wait_until_served,
)
from tests.real.brokers import RealBroker, free_port
from tests.real.snmpd import free_udp_port
from tests.waiting import until_sync

pytestmark = [pytest.mark.slow, pytest.mark.real("mosquitto")]

PLANTED = ("张三丰", "ZhangSanfeng", "110101201001011234", "13800138000", "zhangsf@example.cn")
ROWS = (
    "<134>Nov 28 09:00:01 fw fwlog: 日志类型:网站访问, 用户:张三丰, 源IP:192.0.2.4, "
    "URL:http://www.example.cn/?id=110101201001011234&tel=13800138000",
    "<134>Nov 28 09:00:02 fw CEF:0|V|P|1|1|ZhangSanfeng logged on|1|suser=zhangsf@example.cn",
    "<134>Nov 28 09:00:03 fw CEF:0|V|P|1|7|SQL injection by 13800138000|9|src=198.51.100.7 "
    "dst=192.0.2.7 act=deny suser=张三丰 msg=110101201001011234",
    "<134>Nov 28 09:00:04 nobody knows this: ZhangSanfeng 张三丰 110101201001011234",
    "<999>ZhangSanfeng",
)
PARTS = """
[probes.mem]
[devices]
syslog = "127.0.0.1:{udp}"
[logs]
tcp = "127.0.0.1:{tcp}"
keep_folder = "{kept}"
[[logs.list]]
id = "firewall"
address = "127.0.0.1"
"""
DAY = 86_400 * SECOND


def planted_in(content: bytes) -> list[str]:
    """Return what of the planted stands there, in the encodings that devices use."""
    return [
        one
        for one in PLANTED
        for code in ("utf-8", "gb18030", "utf-16-le")
        if one.encode(code) in content or json.dumps(one).strip('"').encode() in content
    ]


@contextmanager
def overheard(broker: RealBroker) -> Iterator[list[bytes]]:
    """Record every topic and payload that goes over *broker*."""
    heard = list[bytes]()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: heard.append(
        message.topic.encode() + b" " + message.payload
    )
    client.on_connect = lambda made, *_: made.subscribe("#")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield heard
    finally:
        client.loop_stop()
        client.disconnect()


def send(port: int, *how: str) -> None:
    logger = shutil.which("logger")
    if logger is None:
        pytest.skip("no logger: apt-get install bsdutils")
    for number, line in enumerate(ROWS, 1):
        element = ("--sd-id", "meta", "--sd-param", f'sequenceId="{number * 2}"')
        words = [logger, "--server", "127.0.0.1", "--port", str(port), *how, "--rfc5424"]
        words += [*element, "--", line.partition(" fw ")[2] or line]
        subprocess.run(words, check=True)


def yesterdays(folder: Path) -> None:
    """Leave what an agent left that lost its power yesterday: a day that is not sealed."""
    at = clock.now() - DAY
    book = Book(folder)
    book.recover(at, 0)
    book.append([(at + i * SECOND, line.encode()) for i, line in enumerate(ROWS)], 0)
    book.close()


def test_rows_stay_at_the_school_and_the_district_has_the_proof_of_them(
    tmp_path: Path, mosquitto: RealBroker
) -> None:
    kept, http, udp, tcp = tmp_path / "kept", free_port(), free_udp_port(), free_port()
    yesterdays(kept / "firewall")
    parts = PARTS.format(udp=udp, tcp=tcp, kept=kept)
    own = agent_toml(tmp_path, mosquitto, parts, compress=False)
    theirs = collector_toml(tmp_path, mosquitto, http)
    collector = Program(["collector", "run", "--config", str(theirs)], tmp_path / "collector.log")
    agent = Program(["agent", "run", "--config", str(own)], tmp_path / "agent.log")

    def rows() -> bytes:
        return b"".join(path.read_bytes() for path in (kept / "firewall").glob("*.log"))

    def audited(kind: str) -> list[dict[str, Any]]:
        return [one for one in audited_in(tmp_path / "collector") if one["kind"] == kind]

    def sealed() -> list[dict[str, Any]]:
        return [one for one in audited("log_day_sealed") if one["active"]]

    try:
        with overheard(mosquitto) as heard:
            collector.start()
            wait_until_served(http, 60)
            agent.start()
            until_sync(lambda: len(sealed()) == 1, 60)
            send(udp, "--udp")
            until_sync(lambda: rows().count("张三丰".encode()) >= 3, 60)
            wait_until_served(tcp, 30)
            send(tcp, "--tcp", "--octet-count")
            until_sync(lambda: rows().count("张三丰".encode()) >= 6, 60)
            until_sync(lambda: bool(audited("firewall_attack")), 60)
            until_sync(lambda: any(b"log_kept" in one for one in heard), 120)
            pages = [
                urlopen(f"http://127.0.0.1:{http}{path}", timeout=30).read()
                for path in ("/", "/metrics", "/api/v1/alerts")
            ]
            agent.stop()
            collector.stop()
    finally:
        for program in (agent, collector):
            if program.alive:
                program.kill()
    assert planted_in(rows()) != [], "what is looked for below would be seen"
    assert len(heard) > 10
    assert [one for one in heard if planted_in(one)] == []
    assert [one for one in pages if planted_in(one)] == []
    looked_at = [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and not path.is_relative_to(kept) and planted_in(path.read_bytes())
    ]
    assert looked_at == []

    (seal,) = sealed()
    assert (seal["agent"], seal["details"]["rows"]) == (f"{REGION}/{SCHOOL}/{AGENT}", len(ROWS))
    exported = tmp_path / "exported.jsonl"
    exported.write_bytes(
        b"".join(
            path.read_bytes() for path in sorted((tmp_path / "collector/audit").glob("*.jsonl"))
        )
    )
    verify = [sys.executable, "-m", "schoolwatch", "agent", "logs", "verify", "--config", str(own)]
    done = subprocess.run(
        [*verify, "--district", str(exported)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"root={seal['details']['root']}" in done.stdout
    (file,) = (kept / "firewall").glob("*.log.gz")
    file.unlink()
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"firewall/{file.name}: missing" in done.stdout
