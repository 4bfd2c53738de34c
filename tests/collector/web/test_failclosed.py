"""Where the audit log cannot be written nobody acts, nothing is changed, and it goes on after."""

import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from collector.journal import Journal, Note
from core.clock import SECOND
from core.errors import AuditStopped
from tests.collector.desk import audited_in
from tests.collector.making import WHO
from tests.collector.web.office import Office, elsewhere
from tests.collector.web.test_roles import basic
from tests.real import disks

MEGABYTES = 2
FORM = {"hours": "4", "scope": "school", "reason": "换交换机", "note": "x", "stage": "contain"}
FORM |= {"grade": "较大", "clock": "edu_urgent"}
TABLES = ("alert_ack", "alert_stage", "alert_silence", "incident", "incident_report")


def full(audit: Path) -> Callable[[], object]:
    filler = disks.fill(audit)
    return filler.unlink


def read_only(audit: Path) -> Callable[[], object]:
    def mount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(audit)], check=True)

    mount("ro")
    return lambda: mount("rw")


def moved(audit: Path) -> Callable[[], object]:
    """Somebody takes the file away, and puts it back."""
    (file,) = audit.glob("*.jsonl")
    away = audit / "away"
    file.rename(away)
    return lambda: away.replace(file)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    with disks.small(tmp_path / "audit", MEGABYTES):
        async with Office(tmp_path).open() as office:
            yield office


def kept(office: Office) -> dict[str, list[Any]]:
    """Return what people did, as the database has it."""
    with office.stage.ledger.transaction() as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        return {
            table: db.execute(f"SELECT * FROM {table}").fetchall()
            for table in TABLES
            if table in names
        }


def stuff(journal: Journal) -> None:
    """Take what room the last block of the log still has."""
    for _ in range(100):
        try:
            journal.act(Note("checkpoint", "d1"))
        except AuditStopped:
            return
    raise AssertionError("the log can still be written")


async def tried(
    office: Office, csrf: str, alerts: tuple[int, int], incident: int
) -> dict[str, tuple[int, str]]:
    """Return what came of every act that there is; of two alerts the first is acknowledged."""
    alert, fresh = alerts
    until = office.stage.clock() + 3_600 * SECOND
    place = {"region": WHO.region, "school": WHO.school}
    forms = [f"/alerts/{alert}/{what}" for what in ("stage", "undo", "silence")]
    forms += ["/silences/1/end", f"/incidents/{incident}/confirm"]
    forms += [f"/alerts/{fresh}/ack", f"/ack/{office.token(fresh)}"]
    found = {}
    for path in forms:
        answer = await office.post(path, csrf=csrf, **FORM)
        found[path] = answer.status, await answer.text()
    for path, body in {
        "/api/v1/silences": {"reason": "x", "until": until, **place},
        "/api/v1/silences/end": {"number": 1},
        "/api/v1/alerts/ack": {"number": fresh},
    }.items():
        answer = await office.client.post(path, json=body, headers=basic("zhang"))
        found[path] = answer.status, await answer.text()
    answer = await office.client.get("/supervision.csv")
    found["/supervision.csv"] = answer.status, await answer.text()
    return found


@pytest.mark.parametrize("stop", [full, read_only, moved])
async def test_nobody_acts_while_the_log_cannot_be_written(
    office: Office, stop: Callable[[Path], Callable[[], object]]
) -> None:
    other, fresh = office.break_out(), office.break_out(elsewhere())
    incident = office.attacked()
    csrf = await office.entered()
    await office.post(f"/alerts/{other}/ack", csrf=csrf)
    await office.post(f"/alerts/{other}/silence", csrf=csrf, **FORM)
    before = kept(office)
    assert all(before[table] for table in ("alert_ack", "alert_silence", "incident"))
    again = stop(office.folder / "audit")
    # What was given to the last file already may take a line or two more.
    stuff(office.stage.journal)
    answers = await tried(office, csrf, (other, fresh), incident)
    assert {path: status for path, (status, _) in answers.items()} == dict.fromkeys(answers, 503)
    for _, text in answers.values():
        assert "审计日志无法写入" in text
        assert "Make room" in text or "make room" in text
    office.leave()
    answer = await office.sign_in()
    assert answer.status == 503, "nobody comes in unrecorded"
    assert (await office.client.get("/alerts")).status == 200, "and everybody reads"
    assert kept(office) == before
    again()
    csrf = await office.entered()
    answer = await office.post(f"/incidents/{incident}/confirm", csrf=csrf, **FORM)
    assert answer.status == 303
    assert kept(office) != before
    rows = audited_in(office.folder)
    assert [row["row"] for row in rows] == [*range(1, len(rows) + 1)]
    failed = [row for row in rows if not row["success"]]
    assert failed
    assert all(row["reason"] for row in failed), "and what was tried in vain is told after"
    kinds = [row["kind"] for row in rows]
    assert kinds.count("audit_stopped") == 2, "that it stopped, and that it went on"


async def test_an_act_that_fails_after_its_row_is_told_to_have_failed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = office.break_out()
    csrf = await office.entered()
    real, calls = office.people.transaction, list[int]()

    def failing() -> Any:
        calls.append(1)
        # That of the place, the rehearsal, and then the act itself.
        if len(calls) == 3:
            raise OSError("the machine is on fire")
        return real()

    monkeypatch.setattr(office.people, "transaction", failing)
    answer = await office.post(f"/alerts/{number}/ack", csrf=csrf)
    assert answer.status == 500
    first, second = [
        row for row in audited_in(office.folder) if row["kind"] == "alert_acknowledged"
    ]
    assert (first["success"], second["success"]) == (True, False)
    assert second["reason"] == "the machine is on fire"
    assert office.people.acked(number) is None
    assert (await office.post(f"/alerts/{number}/ack", csrf=csrf)).status == 303
