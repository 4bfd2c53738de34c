"""R-03 on real lines: a killed agent and a cut line give different causes, and both end."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.terminal import NoAnswer, fetch
from tests.alerts.receiver import Receiver, receiving
from tests.e2e.programs import Program, wait_until_served
from tests.real import brokers, school_line
from tests.real.brokers import RealBroker, free_port, need
from tests.real.school_line import Line
from tests.waiting import until

REGION = "330100"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("netns"),
    pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not()),
]


@dataclass
class School:
    """A school at the end of its own line, with one agent."""

    number: int
    line: Line
    agent: Program

    @property
    def key(self) -> str:
        return f"school-{self.number}"


@dataclass
class District:
    schools: list[School]
    collector: Program
    port: int
    toml: Path

    def live(self) -> dict[str, Any]:
        """Return by school what `/api/v1/live` says."""
        try:
            said = json.loads(fetch(f"http://127.0.0.1:{self.port}", "live"))
        except NoAnswer:
            return {}
        return {one["school"]: one for one in said["schools"]}

    def all_up(self) -> bool:
        """Tell whether every line and every agent is up, without any cause to name."""
        return {self.states(school) for school in self.schools} == {("up", "", "up", "")}

    def states(self, school: School) -> tuple[str, str, str, str]:
        """Return state and cause of the line, and of the agent."""
        said = self.live().get(school.key)
        if not said or not said["agents"]:
            return "", "", "", ""
        line, agent = said["line"], said["agents"][0]
        return line["state"], line["cause"], agent["state"], agent["cause"]


def agent_of(number: int, line: Line, broker_port: int, folder: Path) -> Program:
    toml = folder / f"agent-{number}.toml"
    toml.write_text(f"""
kind = "agent"
[identity]
region = "{REGION}"
school = "school-{number}"
agent = "host"
[broker]
host = "{line.ours}"
port = {broker_port}
keepalive_s = 5
reconnect_within_s = 1
[collector]
id = "d1"
[spool]
folder = "{folder / f"spool-{number}"}"
[batch]
seal_after_s = 1
[probes.mem]
interval_s = 1
""")
    log = folder / f"agent-{number}.log"
    return Program(["agent", "run", "--config", str(toml)], log, namespace=line.school)


@pytest.fixture
def district(tmp_path: Path) -> Iterator[District]:
    need("mosquitto")
    with ExitStack() as stack:
        lines = [stack.enter_context(school_line.line(number)) for number in (1, 2)]
        port = free_port()
        broker = brokers.mosquitto(
            tmp_path / "mosquitto",
            also=[f"listener {port} {line.ours}\nallow_anonymous true" for line in lines],
        )
        stack.enter_context(brokers.running(broker))
        made = _district(tmp_path, lines, broker, port)
        yield made
        for program in (made.collector, *(school.agent for school in made.schools)):
            if program.alive:
                program.kill()


def _district(folder: Path, lines: list[Line], broker: RealBroker, port: int) -> District:
    schools = [
        School(number, line, agent_of(number, line, port, folder))
        for number, line in enumerate(lines, 1)
    ]
    rows = [f"{REGION},{one.key},第{one.number}小学,在办,{one.line.address}" for one in schools]
    roster = folder / "roster.csv"
    roster.write_text("\n".join(["区划代码,学校代码,学校名称,状态,外部探测地址", *rows]))
    http, toml = free_port(), folder / "collector.toml"
    toml.write_text(f"""
kind = "collector"
[collector]
regions = ["{REGION}"]
folder = "{folder / "collector"}"
[broker]
port = {broker.port}
reconnect_within_s = 1
[roster]
file = "{roster}"
[outside]
control = ["127.0.0.1"]
[http]
port = {http}
""")
    words = ["collector", "run", "--config", str(toml)]
    return District(schools, Program(words, folder / "collector.log"), http, toml)


async def test_a_killed_agent_and_a_cut_line_have_different_causes_and_both_are_over_again(
    district: District,
) -> None:
    killed, cut = district.schools
    async with receiving() as receiver:
        webhook = f'[[alerts.webhook]]\nname = "duty"\nurl = "{receiver.url}"\n'
        district.toml.write_text(district.toml.read_text() + webhook)
        district.collector.start()
        wait_until_served(district.port)
        for school in district.schools:
            school.agent.start()
        await until(district.all_up, 60)
        # The addresses have to have answered once: only then does their silence prove anything.
        await until(lambda: _probed(district.toml.parent) == 2, 90)

        killed.agent.kill()
        cut.line.cut()
        await until(lambda: district.states(killed) == ("up", "outside_only", "down", "agent"), 60)
        await until(lambda: district.states(cut) == ("down", "no_answer", "unknown", "line"), 90)
        assert district.states(killed)[0] == "up"
        await until(lambda: ("line_down", "school-2", "firing") in _told(receiver), 150)
        assert not [told for told in _told(receiver) if told[:2] == ("line_down", "school-1")]

        cut.line.mend()
        killed.agent.start()
        await until(district.all_up, 90)
        await until(lambda: ("line_down", "school-2", "resolved") in _told(receiver), 60)
        lines = [told for told in _told(receiver) if told[0] == "line_down"]
        assert lines == [("line_down", "school-2", "firing"), ("line_down", "school-2", "resolved")]


def _probed(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "collector" / "ledger.db")) as db:
        return int(db.execute("SELECT count(*) FROM outside WHERE answers").fetchone()[0])


def _told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Return rule, school and state of every alert that somebody was told of."""
    return [
        (alert["labels"]["alertname"], alert["labels"].get("school", ""), alert["status"])
        for post in receiver.posts
        for alert in post.body["alerts"]
    ]
