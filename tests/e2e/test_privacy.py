"""R-61 and R-63 on the whole system: numbers of persons come in by every door, and none is kept.

Real programs and a real mosquitto; a firewall's log, a Telegraf, a device of another maker and an
agent that says too much all carry such numbers. Then everything is searched.
"""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from paho.mqtt import publish

from collector.auditcli import audit_group
from core import topics, wire
from core.personbytes import find_bytes
from core.types import Identity
from tests.collector.desk import audited_in
from tests.collector.making import A, batch, event, event_batch
from tests.e2e.programs import REGION, SCHOOL, Program, agent_toml, collector_toml
from tests.persons import identity_number, mobile_number, wide
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until_sync

pytestmark = [pytest.mark.slow, pytest.mark.real("mosquitto")]

CASES = Path(__file__).parents[1] / "cases/logs"
ID, PHONE = identity_number(), mobile_number()
SOON = 90
PARTS = """
[probes.mem]
interval_s = 1
[devices]
syslog = "127.0.0.1:{syslog}"
[logs]
[[logs.list]]
id = "firewall"
address = "127.0.0.1"
"""
TELEGRAF = Identity(REGION, SCHOOL, "telegraf")
TALKATIVE = Identity(REGION, SCHOOL, "pc-2")


@dataclass
class Scene:
    folder: Path
    http: int
    syslog: int
    broker: RealBroker
    programs: tuple[Program, Program]

    def metrics(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=20) as answer:
            return str(answer.read().decode())

    def audited(self, kind: str) -> list[dict[str, object]]:
        return [one for one in audited_in(self.folder / "collector") if one["kind"] == kind]

    def firewall_says(self, line: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(line, ("127.0.0.1", self.syslog))

    def publish(self, who: Identity, channel: topics.Channel, payload: bytes) -> None:
        topic = topics.topic(who, channel)
        publish.single(topic, payload, qos=1, hostname="127.0.0.1", port=self.broker.port)

    def scan(self) -> tuple[int, dict[str, object]]:
        """Search everything there is: both programs, what they print, and what the broker keeps."""
        words = ["scan", "--json", "--config", str(self.folder / "collector.toml")]
        words += ["--agent", str(self.folder / "agent.toml"), str(self.folder)]
        result = CliRunner().invoke(audit_group, words)
        assert find_bytes(result.stdout.encode()) == []
        return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def scene(tmp_path: Path, mosquitto: RealBroker) -> Iterator[Scene]:
    http, syslog = free_port(), free_port()
    tomls = (
        collector_toml(tmp_path, mosquitto, http),
        agent_toml(tmp_path, mosquitto, PARTS.format(syslog=syslog)),
    )
    programs = [
        Program([name, "run", "--config", str(toml)], tmp_path / f"{name}.log")
        for name, toml in zip(("collector", "agent"), tomls)
    ]
    made = Scene(tmp_path, http, syslog, mosquitto, (programs[0], programs[1]))
    with ExitStack() as stack:
        for program in programs:
            program.start()
            stack.callback(_end, program)
        until_sync(lambda: programs[1].said("connected by MQTT 5"), SOON)
        until_sync(lambda: made.audited("collector_started"), SOON)
        yield made


def _end(program: Program) -> None:
    if program.alive:
        program.kill()


def everything_says_too_much(scene: Scene) -> None:
    at = time.time_ns()
    for name in ("cef/any", "h3c-secpath/threats", "sangfor-af/threats"):
        for line in (CASES / name / "lines.log").read_bytes().splitlines():
            scene.firewall_says(line)
    for user in (f"user={ID} phone={PHONE}", f"用户:{PHONE} 身份证:{wide(ID)}"):
        scene.firewall_says(f"<134>Nov 28 09:00:01 fw %%10login: {user}".encode())
        scene.firewall_says(
            f"<134>Nov 28 09:00:01 fw CEF:0|V|P|1|1|Port scan by {PHONE}|9|"
            f"src=198.51.100.9 dst=192.0.2.1 act=blocked suser={ID} msg={user}".encode()
        )
    lines = (
        f"mem,user={PHONE} used=1i,owner={PHONE}i {at}",
        f'device,device=pj-1,kind=projector model="Epson {ID}",owner="{PHONE}" {at}',
        f'pupils,class=3 name="Li",id="{ID}",phone={PHONE}i {at}',
        f"net,interface={PHONE} bytes_recv=1i {at}",
    )
    scene.publish(TELEGRAF, "readings", "\n".join([*lines, ""]).encode())
    scene.publish(TELEGRAF, "readings", f"not a line {ID}\n".encode("utf-16"))
    scene.publish(TALKATIVE, "readings", wire.pack(batch(A, 1, [line.encode() for line in lines])))
    scene.publish(TALKATIVE, "readings", f"# schoolwatch v=1 broken {PHONE}\n".encode())
    said = event(at=at, pupil=ID, why=f"{PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}", added=[wide(ID)])
    scene.publish(TALKATIVE, "events", wire.pack(event_batch(A, 1, said)))
    scene.publish(TALKATIVE, "events", f'{{"schoolwatch":1,"id":"{ID}"}}\n'.encode())
    scene.publish(TALKATIVE, "state", f'{{"phone":"{PHONE}"}}'.encode())


def test_a_run_of_the_whole_system_leaves_no_number_of_a_person_anywhere(scene: Scene) -> None:
    everything_says_too_much(scene)
    until_sync(lambda: scene.audited("link_down"), SOON)
    until_sync(lambda: scene.audited("firewall_scan") or scene.audited("firewall_attack"), SOON)
    until_sync(lambda: "mem.owner" in scene.metrics(), SOON)
    until_sync(lambda: scene.audited("person_data_removed"), SOON)

    metrics = scene.metrics()
    assert 'schoolwatch_dropped_measurements_total{reason="pupils"} 2.0' in metrics
    assert 'schoolwatch_dropped_tags_total{reason="mem.user"} 2.0' in metrics
    assert 'schoolwatch_dropped_persons_total{reason="device.model"} 2.0' in metrics
    assert 'schoolwatch_dropped_details_total{reason="link_down.pupil"} 1.0' in metrics
    (event_row,) = scene.audited("link_down")
    assert event_row["details"] == {
        "why": "[phone number removed]",
        "added": ["[id number removed]"],
    }
    letters = sorted((scene.folder / "collector" / "dead-letter").iterdir())
    assert sum(len(path.read_bytes().splitlines()) for path in letters) >= 4

    code, said = scene.scan()
    assert (code, said["findings"], said["troubles"]) == (0, 0, []), said["hits"]
    for program in reversed(scene.programs):
        assert program.stop() == 0
    scene.broker.stop()
    code, said = scene.scan()
    assert (code, said["findings"], said["troubles"]) == (0, 0, []), said["hits"]
    assert len(audited_in(scene.folder / "collector")) > 3
    (scans,) = (scene.audited("privacy_scanned")[-1:],)
    assert scans

    # The search would have found it: the same run with one number in each place.
    spoiled = ("collector.log", "agent.log", "collector/dead-letter/x.jsonl", "spool/x", "b/x")
    for name in spoiled:
        path = scene.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            file.write(f"user {PHONE}\n".encode())
    code, said = scene.scan()
    assert code == 1
    found = {str(hit["place"]) for hit in said["hits"]}  # type: ignore[attr-defined]
    assert found == {str(scene.folder / name) for name in spoiled}
