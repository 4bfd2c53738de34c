"""What a line says: who, what, how it ended, by both clocks; and lines from before that."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from collector.auditrecord import By, row_of
from collector.auditschema import schema
from collector.chores import DAY, Chores
from collector.evidence import segments
from collector.journal import Note
from tests.collector.auditlines import LINE, OLD
from tests.collector.desk import Desk, audited_in, open_desk
from tests.collector.making import (
    NOW,
    WHO,
    A,
    B,
    Clock,
    birth,
    event,
    event_batch,
    events_of,
    readings,
    state,
)

BEFORE = Path(__file__).parents[1] / "cases" / "audit" / "before" / "2026-11.jsonl"
ZHANG = By("zhang", "张三", "district", "192.0.2.9")


def said(desk: Desk, *notes: Note) -> list[dict[str, Any]]:
    desk.books.journal.note(*notes)
    desk.books.journal.sync()
    return desk.audited()[-len(notes) :]


def close(desk: Desk) -> None:
    desk.books.ledger.close()
    desk.store.close()


async def test_a_line_tells_who_did_what_and_how_that_ended(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 7, event(at=desk.clock() - 5))))
    agent = desk.audited()[0]
    own, person, refused = said(
        desk,
        Note("collector_started", "d1"),
        Note("alert_acknowledged", "alert/7", "zhang", by=ZHANG),
        Note("act_refused", "x", by=By("root", of="operator"), success=False, reason="why"),
    )
    actors = [one["actor"] for one in (agent, own, person, refused)]
    assert actors == [
        "agent:330100/school-1/host",
        "system:collector/d1",
        "person:zhang",
        "operator:root",
    ]
    assert agent["received"] - agent["at"] == 5, "by both clocks"
    assert (person["name"], person["role"], person["address"]) == ("张三", "district", "192.0.2.9")
    assert [(one["success"], one["reason"]) for one in (person, refused)] == [
        (True, ""),
        (False, "why"),
    ]
    for line in desk.audited():
        LINE.validate(line)
    close(desk)


@pytest.mark.parametrize("key", ["actor", "success", "at", "received", "reason", "address"])
async def test_a_line_without_one_of_them_is_refused_by_the_schema(
    tmp_path: Path, key: str
) -> None:
    desk = open_desk(tmp_path)
    (line,) = said(desk, Note("collector_started", "d1"))
    LINE.validate(line)
    with pytest.raises(jsonschema.ValidationError, match=key):
        LINE.validate({name: value for name, value in line.items() if name != key})
    with pytest.raises(jsonschema.ValidationError):
        LINE.validate({**line, "success": False})  # without a reason
    close(desk)


def old_database(folder: Path) -> None:
    """Make a collector's folder of the time before: its log, and its database with the same."""
    (folder / "audit").mkdir(parents=True)
    shutil.copy(BEFORE, folder / "audit")
    close(open_desk(folder))  # makes the database of the log again


async def test_what_was_recorded_before_stays_as_it_was_and_the_log_goes_on(
    tmp_path: Path,
) -> None:
    old_database(tmp_path)
    desk = open_desk(tmp_path)
    rows = desk.books.journal.rows.after(0, 5)
    assert rows == [row_of(line) for line in BEFORE.read_bytes().splitlines()]
    (new,) = said(desk, Note("signed_in", "page", "zhang", by=ZHANG))
    # What came before the upgrade and comes again is known by its key.
    again = event_batch(A, 7, event(speed_mbps=1000), event(active=False))
    await desk.take(events_of(again))
    assert desk.audited()[-1] == new
    close(desk)
    close(open_desk(tmp_path))  # compares log and database
    lines = audited_in(tmp_path)
    text = b"".join(one.read_bytes() for one in segments.segments(tmp_path / "audit"))
    assert text.startswith(BEFORE.read_bytes())
    for line in lines[:5]:
        OLD.validate(line)
    for line in lines[5:]:
        LINE.validate(line)


def test_the_old_lines_are_no_new_ones() -> None:
    for line in BEFORE.read_bytes().splitlines():
        assert not LINE.is_valid(json.loads(line))


async def test_an_agent_is_enrolled_once_however_often_it_is_born(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth()), state(birth(B, no=2)))
    desk.books.journal.sync()
    close(desk)
    again = open_desk(tmp_path)
    await again.take(state(birth(B, conn=2, no=3)))
    again.books.journal.sync()
    (row,) = again.audited("agent_enrolled")
    assert (row["target"], row["details"]["version"]) == (str(WHO), "0.1.0")
    close(again)


async def test_what_is_deleted_for_its_age_is_recorded_with_the_files(tmp_path: Path) -> None:
    clock = Clock()
    desk = open_desk(tmp_path, clock)
    chores = Chores("d1", desk.store, desk.books, 10 * DAY, clock)
    for day in range(3):
        clock.at = NOW + day * DAY
        await desk.take(readings(b"rubbish %d" % day))
    await chores.hour()
    desk.books.journal.sync()
    assert desk.audited("retention_done") == []
    clock.at = NOW + 31 * DAY
    await chores.hour()
    await chores.hour()
    desk.books.journal.sync()
    (row,) = desk.audited("retention_done")
    files = row["details"]["files"].split(", ")
    assert (row["target"], row["details"]["deleted"]) == ("dead-letter", len(files))
    assert not any((tmp_path / "dead-letter" / file).exists() for file in files)
    close(desk)


def test_the_schema_in_the_documents_is_the_one_that_holds() -> None:
    text = (Path(__file__).parents[2] / "docs" / "audit-record.schema.json").read_text("utf-8")
    assert json.loads(text) == schema(), "python -m collector.auditschema > that file"
