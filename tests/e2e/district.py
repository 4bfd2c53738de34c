"""A district of real processes that a test kills: agents, a broker, a collector, a database.

Each agent's spool has a witness (tests/e2e/witness.py) from before its first start. `settle` waits
until the system got by itself to nothing missing; `prove` then checks every statement of wire.md.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.spool import Spool
from collector.alertground import CURSOR
from collector.store.base import Store
from collector.store.sqlite import SqliteStore
from collector.terminal import NoAnswer, fetch
from core import clock
from core.alertkinds import OF_ALERTS
from core.types import Event, Identity
from tests.e2e import accounts, statements, witness
from tests.e2e.programs import (
    REGION,
    SCHOOL,
    Program,
    agent_toml,
    collector_toml,
    wait_until_served,
)
from tests.e2e.witness import Witnessed
from tests.real.brokers import RealBroker, free_port
from tests.real.influx import RealInflux
from tests.waiting import until_sync

ALL_TRAVELS = """
[filter]
enabled = false
"""
"""Delivery is what is tested here, so it gets all that is read."""

LOAD = f"""{ALL_TRAVELS}
[probes.cpu]
interval_s = 0.1
percpu = true
[probes.mem]
interval_s = 0.1
[probes.net]
interval_s = 0.2
"""
"""About fifty readings a second; a batch is sealed each second, which is the fastest."""

IDLE = f"""{ALL_TRAVELS}
[probes.mem]
interval_s = 3
"""
"""Between its batches the agent has nothing to send."""

BUCKET = "schoolwatch"
USUAL = {
    *("collector_started", "audit_key", "config_changed", "agent_enrolled"),
    *("checkpoint", "unknown_school", "batches_dropped", "fields_dropped"),
    *OF_ALERTS,
}
"""What a collector notes in the audit log while nothing is wrong with anybody's memory."""
SETTLED_WITHIN_S = 240


@dataclass
class Agent:
    """One agent and its spool."""

    who: Identity
    folder: Path
    program: Program

    @property
    def spool(self) -> Path:
        return self.folder / "spool" / "spool.db"

    def hear(self) -> Witnessed:
        return witness.hear(self.spool, self.who)

    def taken(self) -> int:
        return witness.count_taken(self.spool)

    def sealed(self) -> int:
        return witness.count_sealed(self.spool)

    def held(self, upto: int | None = None) -> int:
        """Return how many batches wait; with *upto* only of the first so many ever sealed."""
        return witness.count_held(self.spool, upto)

    def fill(self, readings: int, of_events: int) -> None:
        """Leave in the spool what an agent that died left there: so many batches of each lane.

        Made by the spool's own code, under an epoch of its own, while no agent runs.
        """
        with closing(Spool(self.spool, agent=self.who.agent)) as spool:
            for number in range(readings):
                lines = [b"mem used=%di %d" % (i, clock.now()) for i in range(number, number + 20)]
                spool.take(lines)
                spool.seal()
            for number in range(of_events):
                begins, port = number % 2 == 0, f"switch-1/port-{number // 2 % 7}"
                spool.tell([Event("link_down", "switch-1", port, begins, clock.now(), "P3")])


@dataclass
class District:
    """Agents and a collector as processes, on the broker that the test was given.

    Without a `database` the collector keeps its readings in SQLite.
    """

    folder: Path
    broker: RealBroker
    agents: list[Agent]
    collector: Program
    http_port: int
    database: RealInflux | None = None
    _looks: int = field(default=0, repr=False)

    @property
    def agent(self) -> Agent:
        """The first, which is often the only one."""
        return self.agents[0]

    @property
    def files(self) -> Path:
        """The collector's folder."""
        return self.folder / "collector"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def start_collector(self) -> None:
        self.collector.start()
        wait_until_served(self.http_port, 60)

    def start(self) -> None:
        self.start_collector()
        for agent in self.agents:
            agent.program.start()

    # What files and databases say.

    def broken(self) -> list[str]:
        """Return what of the first four statements does not hold at this moment."""
        before, found = self.hear(), self.accounts()
        return statements.broken(before, found, self.hear())

    def hear(self) -> list[Witnessed]:
        """Return what the witnesses have seen by now."""
        return [agent.hear() for agent in self.agents]

    def accounts(self) -> accounts.Accounts:
        """Return what the collector's files and its store have."""
        files = self.files
        if not self.collector.moves:
            # Looked at in a copy: opening would do part of what the next start has to do, and what
            # one that hangs has locked stays locked.
            self._looks += 1
            files = Path(shutil.copytree(files, self.folder / f"look-{self._looks}"))
        with closing(self._store(files)) as store:
            return accounts.read(files, store, [agent.who for agent in self.agents])

    def _store(self, files: Path) -> Store:
        if self.database:
            return self.database.store(BUCKET, timeout_s=60)
        return SqliteStore(files / "store.db")

    # What the running collector says.

    def ledger(self, *words: str) -> tuple[int, str]:
        """Return the exit code of `schoolwatch ledger` and what it printed."""
        command = [sys.executable, "-m", "schoolwatch", "ledger", "--url", self.url, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def missing(self) -> dict[str, Any]:
        """Return by agent what `/api/v1/ledger` has as missing; an agent it lacks is missing."""
        found = {str(agent.who): "unknown" for agent in self.agents} | {"the collector": "silent"}
        with suppress(NoAnswer):
            said = json.loads(fetch(self.url, "ledger"))
            for one in said["agents"]:
                found["/".join(one[name] for name in ("region", "school", "agent"))] = one["causes"]
            found["the collector"] = said["restores"]
        return {who: why for who, why in found.items() if why}

    def unjudged(self) -> int:
        """Return how many rows of events the alert rules have not seen: statement 3."""
        with closing(sqlite3.connect(self.files / "ledger.db", timeout=10)) as db:
            query = "SELECT max(row) - coalesce((SELECT row FROM event_cursor WHERE name = ?), 0)"
            (behind,) = db.execute(f"{query} FROM event", (CURSOR,)).fetchone()
        return int(behind or 0)

    def settle(self, seconds: float = SETTLED_WITHIN_S) -> None:
        """Statement 5: wait until all that is sealed by now arrived and nothing is missing."""
        marks = [(agent, agent.sealed()) for agent in self.agents]

        def waits() -> bool:
            held = any(agent.held(mark) for agent, mark in marks)
            return held or bool(self.missing()) or self.unjudged() > 0

        try:
            until_sync(lambda: not waits(), seconds)
        except AssertionError:
            held = {str(agent.who): agent.held(mark) for agent, mark in marks}
            raise AssertionError(
                f"5: still in spools {held}, missing {self.missing()}, "
                f"rows that no rule saw: {self.unjudged()}"
            ) from None
        code, output = self.ledger()
        assert code == 0, f"5: schoolwatch ledger ended with {code}: {output}"

    def prove(self, *kinds: str) -> list[Witnessed]:
        """Let all settle and stop, check every statement, and return what the witnesses saw.

        The collector notes *kinds* beside what is usual, all of them.
        """
        self.settle()
        for agent in self.agents:
            assert agent.program.stop() == 0
        assert self.collector.stop() == 0
        assert self.broken() == []
        assert {*kinds} <= self.noted() <= USUAL | {*kinds}
        heard = self.hear()
        assert all(one.taken and one.left for one in heard)
        return heard

    def noted(self) -> set[str]:
        """Return the kinds of what the collector itself has to say in the audit log."""
        records = self.accounts().records
        bodies = [json.loads(r.body) for r in records if r.who.startswith("collector/")]
        return {body["kind"] for body in bodies}

    def end(self) -> None:
        """Kill what still runs."""
        for program in (*(agent.program for agent in self.agents), self.collector):
            if program.alive:
                program.kill()


def make(
    folder: Path,
    broker: RealBroker,
    probes: str,
    *,
    agents: int = 1,
    database: RealInflux | None = None,
) -> District:
    """Return a district whose programs were not started yet."""
    http_port = free_port()
    toml = collector_toml(folder, broker, http_port, _store_table(folder, database))
    collector = Program(["collector", "run", "--config", str(toml)], folder / "collector.log")
    made = [_agent(folder, broker, probes, f"pc-{number + 1}") for number in range(agents)]
    return District(folder, broker, made, collector, http_port, database)


@contextmanager
def running(district: District) -> Iterator[District]:
    """Start everything, and let nothing run on after the block."""
    try:
        district.start()
        yield district
    finally:
        district.end()


def _agent(folder: Path, broker: RealBroker, probes: str, name: str) -> Agent:
    own = folder / name
    own.mkdir()
    toml = agent_toml(own, broker, probes, agent=name, seal_kb=1)
    agent = Agent(
        Identity(REGION, SCHOOL, name),
        own,
        Program(["agent", "run", "--config", str(toml)], own / "agent.log"),
    )
    Spool(agent.spool).close()
    witness.watch(agent.spool)
    return agent


def _store_table(folder: Path, database: RealInflux | None) -> str:
    if database is None:
        return ""
    database.make_bucket(BUCKET)
    token = folder / "token"
    token.write_text(database.token + "\n")
    token.chmod(0o600)
    return f"""
[store]
type = "influxdb"
url = "{database.url}"
org = "{database.org}"
token_file = "{token}"
timeout_s = 2
"""
