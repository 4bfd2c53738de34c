"""A backup is made, put back as docs/backup.md says it, and nothing is lost."""

import asyncio
import hashlib
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collector.app import Collector
from collector.app import run as run_collector
from collector.backup import back_up, copy
from collector.config import CollectorTable
from collector.journal import Note
from collector.ledgerread import Question
from core.errors import MonitorError, StartError
from core.types import BatchKey
from tests.collector.desk import audited_in, open_desk
from tests.collector.making import (
    REGION,
    WHO,
    A,
    batch,
    birth,
    event_batch,
    events_of,
    readings,
    report,
    state,
)
from tests.collector.played import Played, config, playing, running, stored
from tests.real.brokers import RealBroker
from tests.waiting import until

PAGE = Path(__file__).parents[2] / "docs" / "backup.md"


def table(folder: Path) -> CollectorTable:
    return CollectorTable(regions=(REGION,), folder=folder)


def put_back(folder: Path, copied: Path) -> None:
    """Do what the page tells people to do."""
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    first, rest = commands.split("\n", 1)
    assert first.startswith("FOLDER=")
    said = f"FOLDER='{folder}' COPY='{copied}'\n{rest}"
    subprocess.run(["sh", "-e"], input=said, text=True, check=True, timeout=20)


def made_backups(folder: Path) -> list[dict[str, Any]]:
    return [r for r in audited_in(folder) if r["kind"] == "backup_made"]


def restores(collector: Collector) -> list[str]:
    return [restore.what for restore in collector.account(Question()).restores]


async def lived(folder: Path) -> None:
    """Let a collector live for a moment."""
    desk = open_desk(folder)
    await desk.take(events_of(event_batch(A, 1)), readings(batch(A, 1)))
    desk.books.ledger.close()
    desk.store.close()


async def everything(collector: Collector, agent: Played, *seqs: int) -> None:
    """Let the agent send a batch of readings and one of events by each of *seqs*."""
    for seq in seqs:
        agent.publish(readings(batch(A, seq)))
        agent.publish(events_of(event_batch(A, seq)))
    wanted = {BatchKey(A, "readings", s) for s in seqs} | {BatchKey(A, "events", s) for s in seqs}
    await until(lambda: wanted <= agent.got(), 30)


async def test_a_backup_that_is_put_back_as_the_page_says_loses_nothing(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    where, copied = config(tmp_path / "collector", mosquitto.port), tmp_path / "copy.db"
    folder = where.collector.folder
    async with playing(Played(mosquitto.port)) as agent:
        async with running(where) as collector:
            agent.publish(state(birth(A, epochs=[report(A, [])]), retain=True))
            await everything(collector, agent, 1, 2, 3)
            made = await asyncio.to_thread(back_up, where.collector, copied)
            await everything(collector, agent, 4, 5)
            for _ in range(3):
                await collector._chores.minute()
                await collector._event_chores.minute()
            before = audited_in(folder)
        (row,) = made_backups(folder)
        assert row["details"] == {"bytes": made.size, "sha256": made.sha256, "row": made.row}

        put_back(folder, copied)
        async with running(where) as again:
            assert audited_in(folder)[: len(before)] == before
            await until(lambda: "restored" in [row["kind"] for row in audited_in(folder)])
            await until(lambda: restores(again) == ["ledger"])
            assert again.books.live.state(WHO).awaiting, "and until it answers nothing is lost"

            # What the agent has no receipt for by its own memory, it sends again.
            agent.heard.clear()
            await everything(again, agent, 5, 6)
            again.books.asking._monotonic = lambda: 10.0**9
            await again._ask()
            await until(lambda: any(receipt.birth for receipt in agent.receipts))
            asked = agent.receipts[-1].birth
            said = birth(A, no=2, asked=asked, epochs=[report(A, [], 6)])
            agent.publish(state(said, retain=True))
            await until(lambda: not again.books.live.state(WHO).awaiting)
            (found,) = again.account(Question(only_missing=True)).agents
            gaps = [
                (lane.lane, g.first, g.last, g.reason) for lane in found.lanes for g in lane.missing
            ]
            assert gaps == [("readings", 4, 4, "ledger_restored")]
            assert again.counts().get(("unexplained", ""), 0) == 0
            assert sorted(stored(again).values()) == [1, 2, 3, 4, 5, 6]
    events = [(r["seq"], r["index"]) for r in audited_in(folder) if r["agent"] == str(WHO)]
    assert events == [(seq, 0) for seq in range(1, 7)]
    rows = [r["row"] for r in audited_in(folder)]
    assert rows == list(range(1, len(rows) + 1))


async def test_where_no_collector_runs_the_record_is_in_the_audit_log_at_once(
    tmp_path: Path,
) -> None:
    await lived(tmp_path)
    made = back_up(table(tmp_path), tmp_path / "copy.db")
    (row,) = made_backups(tmp_path)
    assert row["subject"] == str(tmp_path / "copy.db")
    assert (row["severity"], row["code"]) == ("P4", "EV-SYS-BACKUP")
    content = (tmp_path / "copy.db").read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (made.size, made.sha256)
    with closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        assert db.execute("SELECT max(row) FROM event").fetchone() == (made.row,)


async def test_the_command_says_what_it_made_and_overwrites_nothing(tmp_path: Path) -> None:
    folder, to = tmp_path / "collector", tmp_path / "copy.db"
    await lived(folder)
    (tmp_path / "c.toml").write_text(
        f'kind = "collector"\n[collector]\nregions = ["{REGION}"]\nfolder = "{folder}"\n'
    )
    words = ["collector", "backup", "--config", str(tmp_path / "c.toml"), str(to)]
    done = [
        subprocess.run(
            [sys.executable, "-m", "schoolwatch", *words],
            capture_output=True, text=True, check=False, timeout=60,
        )
        for _ in range(2)
    ]  # fmt: skip
    digest = hashlib.sha256(to.read_bytes()).hexdigest()
    assert [one.returncode for one in done] == [0, 2]
    assert done[0].stdout.endswith(f"events up to row 1, SHA-256 {digest}\n")
    assert done[1].stderr == f"{to} is there already, and is left as it is. Name another file.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.toml", "collector", "copy.db"]


async def test_a_copy_is_one_moment_of_a_database_that_is_being_written(tmp_path: Path) -> None:
    desk, stop = open_desk(tmp_path), threading.Event()

    def write() -> None:
        seq = 0
        while not stop.is_set():
            seq += 1
            desk.books.ledger.set_counter(seq)
            desk.books.journal.note(Note("checkpoint", "d1", "", {"counter": seq}))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(10):
            path = tmp_path / f"{number}.db"
            await asyncio.to_thread(copy, tmp_path / "ledger.db", path)
            with closing(sqlite3.connect(path)) as db:
                (counter,) = db.execute("SELECT value FROM counter").fetchone()
                (rows,) = db.execute("SELECT count(*) FROM event").fetchone()
                assert counter - rows in (0, 1)
    finally:
        stop.set()
        writer.join()


async def test_what_cannot_be_copied_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no collector has run"):
        copy(tmp_path / "ledger.db", tmp_path / "copy.db")
    await lived(tmp_path / "collector")
    with pytest.raises(StartError, match="could not be copied to"):
        copy(tmp_path / "collector" / "ledger.db", tmp_path / "missing" / "copy.db")
    (tmp_path / "bad.db").write_bytes(b"no database at all, but long enough" * 50)
    with pytest.raises(StartError, match="not a database"):
        copy(tmp_path / "bad.db", tmp_path / "copy.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.db", "collector"]


async def test_a_copy_that_could_not_be_recorded_is_said_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived(tmp_path)

    def full(_rows: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("collector.audit.AuditLog._append", lambda *_: full(None))
    with pytest.raises(MonitorError, match="was made, but that could not be recorded"):
        back_up(table(tmp_path), tmp_path / "copy.db")
    assert (tmp_path / "copy.db").exists()


async def test_a_collector_that_runs_writes_the_record_itself(tmp_path: Path) -> None:
    where = config(tmp_path, 1)
    task = asyncio.create_task(run_collector(where))
    await until((tmp_path / "ledger.db").exists)
    await until((tmp_path / "collector.lock").read_text)
    await until((tmp_path / "store.db").exists)
    await asyncio.to_thread(back_up, where.collector, tmp_path / "copy.db")
    assert made_backups(tmp_path) == []
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    desk = open_desk(tmp_path)
    desk.books.journal.sync()
    assert len(made_backups(tmp_path)) == 1
