"""A database set back to an earlier state is made whole from the audit log."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.ledger import LaneKey, Ledger
from core.errors import StartError
from core.messages import EpochReport
from core.types import BatchKey
from tests.collector.desk import Desk, audited_in, open_desk
from tests.collector.making import (
    OTHER,
    WHO,
    A,
    B,
    birth,
    event,
    event_batch,
    events_of,
    report,
    state,
)

DROPS = [EpochReport(A, "readings", 9, [], [(1, 9, "full")]), report(B, [])]


def close(desk: Desk) -> None:
    desk.books.ledger.close()
    desk.store.close()


def anew(folder: Path) -> None:
    for path in folder.glob("ledger.db*"):
        path.unlink()


def content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "audit").glob("*.jsonl")))


async def lived(folder: Path, *, backup: bool) -> list[dict[str, Any]]:
    """Let a collector live; with `backup` its database is then what it was half way."""
    desk = open_desk(folder)
    await desk.take(events_of(event_batch(A, 1)), events_of(event_batch(A, 1), OTHER))
    if backup:
        # As a backup does it: a copy taken while the file is open would lack the -wal.
        with sqlite3.connect(folder / "copy.db") as copy:
            desk.books.ledger._db.backup(copy)
    await desk.take(
        events_of(event_batch(A, 2, event(), event("disk_full"))),
        events_of(event_batch(A, 1, event("clock_step"))),
        state(birth(B, epochs=DROPS)),
    )
    close(desk)
    anew(folder)
    if backup:
        shutil.move(folder / "copy.db", folder / "ledger.db")
    return audited_in(folder)


@pytest.mark.parametrize("backup", [True, False], ids=["from a backup", "begun anew"])
async def test_rows_keys_and_drops_are_made_again_and_numbering_goes_on(
    tmp_path: Path, backup: bool
) -> None:
    before = await lived(tmp_path, backup=backup)
    desk = open_desk(tmp_path)
    desk.books.journal.sync()
    after = desk.audited()
    assert after[: len(before)] == before
    (restored,) = after[len(before) :]
    assert (restored["kind"], restored["row"]) == ("restored", len(before) + 1)
    assert restored["details"] == {
        "first": 3 if backup else 1,
        "last": len(before),
        "rows": len(before) - (2 if backup else 0),
    }
    events, drops = LaneKey(WHO, A, "events"), LaneKey(WHO, A, "readings")
    rows = desk.books.ledger.rows([events, drops])
    assert rows[events].received.spans == ((1, 2),)
    assert (rows[drops].dropped, rows[drops].high) == (((1, 9, "full"),), 9)


async def test_what_agents_send_again_after_a_restore_is_a_repeat_and_new_events_follow(
    tmp_path: Path,
) -> None:
    before = await lived(tmp_path, backup=False)
    desk = open_desk(tmp_path)
    await desk.take(*[events_of(event_batch(A, seq)) for seq in (1, 3)])
    await desk.take(events_of(event_batch(A, 1, event("clock_step"))))
    assert [key for key, _ in desk.got()] == [BatchKey(A, "events", seq) for seq in (1, 3)]
    assert [key for key, _ in desk.got(part="conflict")] == [BatchKey(A, "events", 1)]
    after = desk.audited()
    assert [r["row"] for r in after] == list(range(1, len(before) + 3))
    assert [r["kind"] for r in after[len(before) :]] == ["restored", "link_down"]


async def test_a_crash_while_restoring_starts_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await lived(tmp_path, backup=True)
    real: Callable[..., None] = Ledger.account

    def dies(self: Ledger, entries: Any) -> None:
        real(self, entries)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "account", dies)
        with pytest.raises(KeyboardInterrupt):
            open_desk(tmp_path)
    for _ in range(2):
        desk = open_desk(tmp_path)
        desk.books.journal.sync()
        close(desk)
    assert [r["kind"] for r in audited_in(tmp_path)[len(before) :]] == ["restored"]


async def test_a_database_that_is_not_the_logs_own_is_refused_with_what_to_do(
    tmp_path: Path,
) -> None:
    for name, kind in (("one", "link_down"), ("two", "disk_full")):
        desk = open_desk(tmp_path / name)
        await desk.take(events_of(event_batch(A, 1, event(kind))))
        close(desk)
    shutil.rmtree(tmp_path / "one" / "audit")
    shutil.copytree(tmp_path / "two" / "audit", tmp_path / "one" / "audit")
    with pytest.raises(StartError, match="differ in row 1"):
        open_desk(tmp_path / "one")
    anew(tmp_path / "one")
    assert open_desk(tmp_path / "one").books.journal.rows.last() == 2


async def test_a_damaged_log_stops_the_restore_and_names_the_place(tmp_path: Path) -> None:
    await lived(tmp_path, backup=False)
    (path,) = (tmp_path / "audit").glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    with pytest.raises(StartError, match="row 3 in line 2 follows 1"):
        open_desk(tmp_path)
    path.write_bytes(b"".join(lines))
    assert open_desk(tmp_path).books.journal.rows.last() == len(lines) + 1


async def test_a_batch_of_which_the_log_has_only_a_part_is_taken_whole_when_it_comes_again(
    tmp_path: Path,
) -> None:
    both = event_batch(A, 1, event(), event("disk_full"))
    desk = open_desk(tmp_path)
    await desk.take(events_of(both))
    close(desk)
    anew(tmp_path)
    (path,) = (tmp_path / "audit").glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-10])
    for _ in range(2):
        desk = open_desk(tmp_path)
        await desk.take(events_of(both))
        await desk.take(events_of(both))
        close(desk)
    found = [(r["row"], r["kind"]) for r in audited_in(tmp_path)]
    assert found == [(1, "link_down"), (2, "restored"), (3, "disk_full")]


async def test_a_database_whose_events_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.db").close()
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("CREATE TABLE event (strange)")
    with pytest.raises(StartError, match=r"ledger.db cannot be read: .*no such column"):
        open_desk(tmp_path)


async def test_an_ordinary_restart_restores_nothing(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 1)))
    before = content(tmp_path)
    open_desk(tmp_path).books.journal.sync()
    assert content(tmp_path) == before
