"""Agents and an auditor's host hold the log to what it was, whatever is done to it."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.witnesskept import FOLDER, evidence, read_held
from collector.terminal import NoAnswer, fetch
from tests.e2e.district import IDLE, Agent, District, make
from tests.e2e.programs import Program, collector_toml, wait_until_served
from tests.real.brokers import RealBroker, free_port
from tests.waiting import until_sync

pytestmark = pytest.mark.slow
PATIENCE = 90
SOON = {
    "collector.asking.SPREAD_S": 2,
    "collector.app.WITNESSES_EVERY_S": 0.5,
    "collector.evidence.witnesses.LEAST_S": 1,
    "collector.evidence.witnesses.MOST_S": 1,
    "collector.evidence.notary.EVERY_NS": 0,
    "collector.evidence.notary._LEAST_S": 0,
}


@dataclass
class Watched:
    """A district with two agents, and an auditor beside it."""

    district: District
    keep: Path

    @property
    def config(self) -> Path:
        return self.district.folder / "collector.toml"

    def command(self, *words: str) -> tuple[int, str]:
        """Return the exit code and the output of `schoolwatch audit …`."""
        command = [sys.executable, "-m", "schoolwatch", "audit", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def audit(self, *words: str) -> tuple[int, str]:
        key = self.keep.parent / "key"
        asked = ("witness", "--url", self.district.url, "--key", str(key), "--keep", str(self.keep))
        return self.command(*asked, *words)

    def size(self) -> int:
        return int(json.loads(fetch(self.district.url, "audit/checkpoint"))["size"])

    def held(self, agent: Agent) -> int:
        return read_held(agent.spool.parent / FOLDER)["schoolwatch/d1"].checkpoint().size

    def troubles(self) -> list[str]:
        logs = [read_held(agent.spool.parent / FOLDER) for agent in self.district.agents]
        return [held.trouble for found in logs for held in found.values()]

    def refused(self) -> int:
        return sum(len(evidence(a.spool.parent / FOLDER)) for a in self.district.agents)

    def follow(self, above: int = 0) -> int:
        """Wait until every agent holds the newest checkpoint, of more rows; return its size."""

        def all_do() -> bool:
            try:
                sizes = {self.held(agent) for agent in self.district.agents}
                return sizes == {self.size()} and min(sizes) > above
            except (NoAnswer, KeyError, OSError):
                return False

        until_sync(all_do, PATIENCE)
        return self.size()

    def verdicts(self) -> dict[str, int]:
        try:
            counts = json.loads(fetch(self.district.url, "audit/witnesses"))["counts"]
        except NoAnswer:
            return {}
        return {word: count for word, count in counts.items() if count}

    def alerts(self) -> set[str]:
        try:
            found = json.loads(fetch(self.district.url, "alerts"))["open"]
        except NoAnswer:
            return set()
        return {one["rule"] for one in found if one["rule"].startswith(("witness", "audit"))}

    def again(self) -> None:
        """Start the collector once more, which adds rows."""
        if self.district.collector.alive:
            assert self.district.collector.stop() == 0
        self.district.start_collector()


@pytest.fixture
def watched(tmp_path: Path, mosquitto: RealBroker) -> Iterator[Watched]:
    district = make(tmp_path, mosquitto, IDLE, agents=2)
    district.collector.waits = SOON
    for agent in district.agents:
        agent.program.waits = {"agent.uplink.BIRTH_AT_MOST_EVERY": 1}
        agent.fill(1, 6)
    try:
        district.start()
        made = Watched(district, tmp_path / "auditor" / "keep")
        made.keep.parent.mkdir()
        until_sync((district.files / "audit-key.pem").exists, PATIENCE)
        code, key = made.command("key", "--config", str(made.config))
        assert code == 0, key
        (made.keep.parent / "key").write_text(key)
        until_sync(lambda: made.district.unjudged() == 0, PATIENCE)
        yield made
    finally:
        district.end()


def rewrite(files: Path) -> None:
    """Take a record out as if it had never been, with root's rights and the key in hand.

    All of the database is made to fit; the log, its tree and its signatures are made anew.
    """
    with closing(sqlite3.connect(files / "ledger.db")) as db, db:
        (row,) = db.execute("SELECT min(row) FROM event WHERE who LIKE '%/pc-1'").fetchone()
        db.execute("DELETE FROM event WHERE row = ?", (row,))
        db.execute("UPDATE event SET row = -(row - 1) WHERE row > ?", (row,))
        db.execute("UPDATE event SET row = -row WHERE row < 0")
        db.execute("UPDATE event_cursor SET row = row - 1 WHERE row >= ?", (row,))
        db.execute("UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'event'")
        db.execute("DELETE FROM witness")
    shutil.rmtree(files / "audit")


def test_a_log_that_was_rewritten_with_the_key_in_hand_is_detected_by_all(
    watched: Watched,
) -> None:
    district = watched.district
    size = watched.follow()
    assert watched.audit()[0] == 0
    watched.again()
    size = watched.follow(size)
    code, said = watched.audit()
    assert code == 0, said
    assert "未被删改" in said
    true = district.folder / "true"
    assert district.collector.stop() == 0
    shutil.copytree(district.files, true)

    rewrite(district.files)
    watched.again()
    until_sync(lambda: watched.troubles() == ["audit_inconsistent"] * 2, PATIENCE)
    until_sync(lambda: watched.verdicts() == {"differs": 2}, PATIENCE)
    until_sync(lambda: "witness_disagrees" in watched.alerts(), PATIENCE)
    assert [watched.held(agent) for agent in district.agents] == [size] * 2
    code, said = watched.audit()
    assert code == 1
    assert "改写" in said
    config = str(district.folder / "pc-1" / "agent.toml")
    printed = subprocess.run(
        [sys.executable, "-m", "schoolwatch", "agent", "witness", "--config", config],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert printed.returncode == 1
    notes = district.folder / "printed"
    notes.write_text(printed.stdout)
    compare = ("compare", "--notes", str(notes), "--keep", str(watched.keep))
    code, said = watched.command(*compare, "--log", str(district.files / "audit"))
    assert (code, "改写" in said) == (1, True), said
    code, said = watched.command(*compare, "--log", str(true / "audit"))
    assert code == 0, said

    # The true one is put back: it goes on where it was, and nothing is left but the evidence.
    assert district.collector.stop() == 0
    shutil.rmtree(district.files)
    shutil.copytree(true, district.files)
    watched.again()
    until_sync(lambda: watched.troubles() == ["", ""], PATIENCE)
    watched.follow(size)
    until_sync(lambda: watched.verdicts() == {"agrees": 2}, PATIENCE)
    until_sync(lambda: watched.alerts() == set(), PATIENCE)
    assert watched.audit()[0] == 0
    assert watched.refused() == 2


def test_a_log_that_was_set_back_is_detected_and_a_person_answers_for_it(
    watched: Watched,
) -> None:
    district = watched.district
    size = watched.follow()
    assert district.collector.stop() == 0
    early = district.folder / "early"
    shutil.copytree(district.files, early)
    for _ in range(2):
        watched.again()
        size = watched.follow(size)
    assert watched.audit()[0] == 0
    assert district.collector.stop() == 0
    shutil.rmtree(district.files)
    shutil.copytree(early, district.files)
    watched.again()
    until_sync(lambda: all(watched.troubles()), PATIENCE)
    until_sync(lambda: {"ahead", "differs"} & watched.verdicts().keys() != set(), PATIENCE)
    until_sync(lambda: {"witness_ahead", "witness_disagrees"} & watched.alerts() != set(), PATIENCE)
    assert watched.audit()[0] == 1

    words = ("--by", "王敏", "--because", "磁盘损坏，恢复了备份")
    code, said = watched.command("acknowledge", "--config", str(watched.config), *words)
    assert code == 0, said
    until_sync(lambda: watched.troubles() == ["", ""], PATIENCE)
    watched.again()
    watched.follow()
    until_sync(lambda: watched.verdicts() == {"agrees": 2}, PATIENCE)
    rules = {"witness_ahead", "witness_disagrees"}
    until_sync(lambda: not rules & watched.alerts(), PATIENCE)
    assert watched.refused() >= 4, "what was held, and what it was given up for"
    assert watched.audit()[0] == 1, "an auditor is not told by the auditee what to accept"
    assert watched.audit("--accept", "看过恢复登记")[0] == 0
    assert watched.audit()[0] == 0


def test_restarts_another_key_and_an_empty_disk_alarm_nobody(watched: Watched) -> None:
    district, (one, _) = watched.district, watched.district.agents
    size = watched.follow()
    assert watched.audit()[0] == 0
    district.collector.kill()
    watched.again()
    size = watched.follow(size)
    assert district.collector.stop() == 0
    code, said = watched.command("rotate-key", "--config", str(watched.config))
    assert code == 0, said
    watched.again()
    size = watched.follow(size)
    code, said = watched.audit()
    assert code == 0, said
    assert one.program.stop() == 0
    shutil.rmtree(one.spool.parent / FOLDER)
    one.program.start()
    watched.again()
    watched.follow(size)
    until_sync(lambda: watched.verdicts() == {"agrees": 2}, PATIENCE)
    assert (watched.troubles(), watched.refused(), watched.alerts()) == (["", ""], 0, set())
    assert watched.audit()[0] == 0
    assert district.collector.stop() == 0
    code, said = watched.audit()
    assert (code, "自" in said) == (2, True), said


def test_another_collector_that_takes_over_contradicts_nobody(watched: Watched) -> None:
    district = watched.district
    watched.follow()
    district.collector.kill()
    folder, port = district.folder / "d2", free_port()
    folder.mkdir()
    toml = collector_toml(folder, district.broker, port)
    toml.write_text(toml.read_text().replace('id = "d1"', 'id = "d2"'))
    words = ["collector", "run", "--config", str(toml), "--takeover"]
    second = Program(words, folder / "log", waits=SOON)
    second.start()

    def hold_both() -> bool:
        logs = [read_held(agent.spool.parent / FOLDER) for agent in district.agents]
        return all({*found} == {"schoolwatch/d1", "schoolwatch/d2"} for found in logs)

    try:
        wait_until_served(port, 60)
        until_sync(hold_both, PATIENCE)
        assert {*watched.troubles()} == {""}
        assert watched.refused() == 0
    finally:
        second.stop()
    district.start_collector()
    watched.follow()
    assert ({*watched.troubles()}, watched.refused(), watched.alerts()) == ({""}, 0, set())
