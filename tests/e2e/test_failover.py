"""R-10 on real lines: a school fails over to its second uplink, and nobody calls its line down.

Two pairs of veths lead out of the school's namespace; the broker is reached by the default route,
so by whichever of them the kernel takes. Seen from outside only the first one has an address.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collector.terminal import NoAnswer, fetch
from tests.e2e.programs import Program, wait_until_served
from tests.real import brokers, school_line
from tests.real.brokers import free_port, need
from tests.real.school_line import Line, ip
from tests.waiting import until

REGION = "330100"
KEEPALIVE_S = 20
"""So long a hung connection is not noticed by itself, and half as long again by the broker."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real("netns"),
    pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not()),
]


@dataclass
class School:
    """A school with two uplinks: `line` is the first, `second` our end of the other."""

    line: Line
    second: str
    agent: Program
    collector: Program
    port: int
    folder: Path
    states: list[str] = field(default_factory=list)

    def look(self) -> str:
        """Return what the live picture says of the line, and remember it."""
        try:
            said = json.loads(fetch(f"http://127.0.0.1:{self.port}", "live"))
        except NoAnswer:
            return ""
        (school,) = said["schools"]
        self.states.append(school["line"]["state"])
        return self.states[-1]

    def outside(self) -> list[int]:
        """Return whether the last probe from outside was answered, nothing before the first."""
        with closing(sqlite3.connect(self.folder / "collector" / "ledger.db")) as db:
            return [int(row[0]) for row in db.execute("SELECT answers FROM outside")]

    def told(self) -> list[dict[str, Any]]:
        """Return what the audit log says of fail-over, without the lists of what goes on."""
        lines = [
            json.loads(line)
            for path in sorted((self.folder / "collector" / "audit").glob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        told = [line for line in lines if line.get("kind") == "uplink_failover"]
        return [line for line in told if not line.get("full")]

    async def on(self, active: list[bool]) -> None:
        """Wait until the events of fail-over say *active*; the line is looked at all the while."""

        def there() -> bool:
            self.look()
            return [one["active"] for one in self.told()] == active

        began = time.monotonic()
        await until(there, 60)
        print(f"in the audit log {time.monotonic() - began:.1f} s after")  # noqa: T201


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    need("mosquitto")
    with ExitStack() as stack:
        line = stack.enter_context(school_line.line(7))
        second, host = f"sw2{secrets.token_hex(3)}", f"203.0.113.{1 + secrets.randbelow(250)}"
        _second_uplink(line, second, host)
        port = free_port()
        broker = brokers.mosquitto(
            tmp_path / "mosquitto", also=[f"listener {port} {host}\nallow_anonymous true"]
        )
        stack.enter_context(brokers.running(broker))
        # A connection that still tries to end holds the namespace, and that its end of the cable.
        stack.callback(ip, "link", "del", second)
        made = _school(tmp_path, line, second, (host, port), broker.port)
        yield made
        for program in (made.collector, made.agent):
            if program.alive:
                program.kill()


def _second_uplink(line: Line, second: str, host: str) -> None:
    inside = ("-n", line.school)
    ip("link", "add", second, "type", "veth", "peer", "name", "second", "netns", line.school)
    ip("addr", "add", "198.51.100.254/30", "dev", second)
    ip("addr", "add", f"{host}/32", "dev", second)
    ip("link", "set", second, "up")
    ip(*inside, "addr", "add", "198.51.100.253/30", "dev", "second")
    ip(*inside, "link", "set", "second", "up")
    _first_route(line)
    ip(*inside, "route", "add", "default", "via", "198.51.100.254", "metric", "200")


def _first_route(line: Line) -> None:
    ip("-n", line.school, "route", "add", "default", "via", line.ours, "metric", "100")


def _school(folder: Path, line: Line, second: str, at: tuple[str, int], broker_port: int) -> School:
    agent, collector = folder / "agent.toml", folder / "collector.toml"
    agent.write_text(f"""
kind = "agent"
[identity]
region = "{REGION}"
school = "school-1"
agent = "host"
[broker]
host = "{at[0]}"
port = {at[1]}
keepalive_s = {KEEPALIVE_S}
[collector]
id = "d1"
[spool]
folder = "{folder / "spool"}"
[batch]
seal_after_s = 1
[[uplinks]]
name = "fibre"
interface = "inside"
link_type = "fibre"
[[uplinks]]
name = "cellular"
interface = "second"
link_type = "5g"
metered = true
[probes.uplink]
interval_s = 1
[watchers.uplink]
[watchers.gateway]
""")
    roster = folder / "roster.csv"
    roster.write_text(
        f"区划代码,学校代码,学校名称,状态,外部探测地址\n{REGION},school-1,小学,在办,{line.address}"
    )
    http = free_port()
    collector.write_text(f"""
kind = "collector"
[collector]
regions = ["{REGION}"]
folder = "{folder / "collector"}"
[broker]
port = {broker_port}
reconnect_within_s = 1
[roster]
file = "{roster}"
[outside]
control = ["127.0.0.1"]
[http]
port = {http}
""")
    words = ["agent", "run", "--config", str(agent)]
    return School(
        line,
        second,
        Program(words, folder / "agent.log", namespace=line.school),
        Program(["collector", "run", "--config", str(collector)], folder / "collector.log"),
        http,
        folder,
    )


async def test_a_fail_over_is_told_at_once_and_the_line_is_never_called_down(
    school: School,
) -> None:
    school.collector.start()
    wait_until_served(school.port)
    school.agent.start()
    await until(lambda: school.look() == "up", 60)
    await until(lambda: school.outside() == [1], 90)
    school.states.clear()

    # With the interface goes its default route; the other one, of a higher metric, is left.
    school.line.cut()
    await school.on([True])
    (over,) = school.told()
    assert (over["subject"], over["details"]["instead_of"]) == ("cellular", "fibre")
    # The first uplink is dead seen from outside, and the broker has long given up on it.
    await until(lambda: school.look() and school.outside() == [0], 150)
    end = time.monotonic() + 1.5 * KEEPALIVE_S
    await until(lambda: school.look() and time.monotonic() > end, 120)
    assert set(school.states) <= {"up", ""}

    school.line.mend()
    _first_route(school.line)
    await school.on([True, False])
    await until(lambda: school.look() and school.outside() == [1], 150)
    assert set(school.states) <= {"up", ""}
