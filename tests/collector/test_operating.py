"""Commands that change something: in the log before they do it, beside a collector and without."""

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from collector import configseen, operating
from collector.cli import commands, main
from collector.config import CollectorTable
from collector.configseen import SEEN
from collector.coverage import COMMANDS
from collector.deploy import store as deploy_store
from collector.eventrows import STOPPED, move_cursor
from collector.evidence import acknowledging
from collector.evidence.chores import EvidenceChores
from collector.evidence.copying import copy_log
from collector.evidence.holding import Standing, Told
from collector.evidence.witnessrows import WitnessRows
from collector.journal import Note
from collector.ledger import Ledger
from collector.operating import Whose, operator, record, whose
from collector.parts import LOCK
from collector.store import provision
from core.errors import AuditStopped
from core.lock import hold, holder
from core.types import Identity
from tests.alerts.people.made import PASSWORD, cheap_hashes
from tests.collector.auditlines import LINE
from tests.collector.deploy import made
from tests.collector.desk import audited_in, open_desk
from tests.collector.making import REGION
from tests.real import disks
from tests.real.brokers import free_port
from tests.waiting import until_sync

ADD = ("--name", "zhang.san", "--person", "张三", "--role", "auditor")


def lived(folder: Path) -> None:
    """Let a collector have been there."""
    folder.mkdir(parents=True, exist_ok=True)
    desk = open_desk(folder)
    desk.books.journal.note(Note("collector_started", "d1"))
    desk.books.journal.sync()
    EvidenceChores(desk.books.journal).close()
    desk.books.ledger.close()
    desk.store.close()


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_hashes(monkeypatch)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with collector.toml, and one of a collector that has run."""
    lived(tmp_path / "kept")
    (tmp_path / "collector.toml").write_text(
        'kind = "collector"\n'
        f'[collector]\nregions = ["{REGION}"]\nfolder = "{tmp_path / "kept"}"\n'
        '[store]\ntype = "influxdb"\nurl = "http://127.0.0.1:9"\norg = "o"\nbucket = "b"\n'
        f'token_file = "{tmp_path / "token"}"\n'
        f'[[alerts.webhook]]\nname = "duty"\nurl = "http://127.0.0.1:{free_port()}/"\n',
        encoding="utf-8",
    )
    (tmp_path / "token").write_text("t\n")
    (tmp_path / "token").chmod(0o600)
    return tmp_path


def rows(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    return [row for row in audited_in(folder) if row["kind"] in (kinds or ("command_run",))]


def walked(group: click.Group, before: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from walked(command, f"{before}{name} ")
        else:
            yield before + name


def test_every_command_is_in_the_table() -> None:
    assert {*walked(commands)} == {*COMMANDS}, "say in collector/coverage.py what it records"


def words_of(name: str, place: Path) -> list[str]:
    config = ["--config", str(place / "collector.toml")]
    accounts = str(place / "accounts.toml")
    return {
        "accounts add": [accounts, *ADD],
        "accounts passwd": [accounts, "zhang.san"],
        "collector backup": [*config, str(place / "copy.db")],
        "collector rollup": [*config, "--from", "2026-11-01", "--to", "2026-11-02"],
        "notify test": config,
        "store init": config,
        "audit copy": [*config, str(place / "copy")],
        "audit drill": [*config, str(place / "copy"), "--into", str(place / "again")],
        "audit export": [*config, "--out", str(place / "evidence.zip")],
        "audit prove": [*config, "1", "--out", str(place / "row-1.zip")],
        "audit report": [*config, "--out", str(place / "report")],
        "audit rotate-key": config,
        "audit scan": [*config, str(place / "collector.toml")],
        "audit search": config,
    }[name]


HERE = ("accounts add", "accounts passwd", "collector backup", "notify test", "store init")
AUDIT = (
    *("audit copy", "audit drill", "audit export", "audit prove", "audit report"),
    *("audit rotate-key", "audit scan", "audit search"),
)
DEPLOYS = {
    "deploy agent": [REGION, "3144000123", "server-room"],
    "deploy init": ["--region", REGION, "--host", "127.0.0.1"],
    "deploy renew": [],
    "deploy revoke": [f"{REGION}/3144000123/server-room"],
    "deploy store": [],
    "deploy upgrade": [],
}


def test_no_command_that_records_is_left_out_of_these_tests() -> None:
    recording = {name for name, covered in COMMANDS.items() if covered.kinds}
    elsewhere = {"collector run", "up", "collector rollup", "audit acknowledge"}
    assert recording == {*HERE, *DEPLOYS, *AUDIT} | elsewhere


@pytest.mark.parametrize("name", [*HERE, *AUDIT])
def test_a_command_is_recorded_with_the_user_who_ran_it(
    place: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provision, "provision", lambda *_: iter(()))
    if name == "accounts passwd":
        main(["accounts", "add", *words_of("accounts add", place)])
        sys.stdin = io.StringIO("Another river 88\n")
    if name == "audit drill":
        main(["audit", "copy", *words_of("audit copy", place)])
    main([*name.split(), *words_of(name, place)])
    found = rows(place / "kept", *COMMANDS[name].kinds)
    row = found[-1]
    LINE.validate(row)
    assert (row["actor"], row["role"]) == (f"operator:{operator().account}", "operator")
    of_the_log = "audit" if name in AUDIT and name != "audit rotate-key" else name
    assert row["target"] == ("ledger.db" if name == "collector backup" else of_the_log)
    assert row["success"]
    assert PASSWORD not in json.dumps(found)


def test_a_drill_that_fails_is_recorded_with_its_reason(place: Path) -> None:
    main(["audit", "copy", *words_of("audit copy", place)])
    (place / "copy" / "checkpoint").write_text("altered\n")
    assert main(["audit", "drill", *words_of("audit drill", place)]) == 1
    (row,) = rows(place / "kept", "restore_drilled")
    assert (row["success"], "is damaged" in row["reason"]) == (False, True)


def test_a_copy_that_is_whole_and_of_another_log_fails_the_drill(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lived(place / "forged")
    for _ in range(2):
        lived(place / "kept")
    lived(place / "forged")
    copy_log(place / "forged" / "audit", place / "copy")
    assert main(["audit", "drill", *words_of("audit drill", place)]) == 1
    assert "of another log, or one of the two was rewritten" in capsys.readouterr().err
    (row,) = rows(place / "kept", "restore_drilled")
    assert (row["success"], "roots differ" in row["reason"]) == (False, True)


def test_a_restore_that_somebody_acknowledges_is_recorded_before_it_is_signed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--config", str(place / "collector.toml"), "--by", "王敏", "--because", "磁盘损坏"]
    assert main(["audit", "acknowledge", *words]) == 2, "every witness agrees"
    with closing(Ledger(place / "kept" / "ledger.db")) as ledger:
        ahead = Standing(Told(size=900), "ahead", 1)
        WitnessRows(ledger).keep("schoolwatch/d1", {Identity(REGION, "s", "a"): ahead})
    asked = []

    def refuse(*told: Any, **more: Any) -> None:
        asked.append((told[1], more["target"]))
        raise AuditStopped("no room")

    with monkeypatch.context() as patch:
        patch.setattr(acknowledging, "note_about", refuse)
        assert main(["audit", "acknowledge", *words]) == 1
    assert asked == [("witness_acknowledged", "schoolwatch/d1")]
    assert not (place / "kept" / "audit" / "statements").exists()
    assert main(["audit", "acknowledge", *words]) == 0
    (row,) = rows(place / "kept", "witness_acknowledged")
    LINE.validate(row)
    assert row["actor"] == f"operator:{operator().account}"
    assert (row["target"], row["details"]["size"], row["details"]["witnesses"]) == (
        *("schoolwatch/d1", 899, 1),
    )
    assert (place / "kept" / "audit" / "statements").exists()


@pytest.mark.parametrize("name", DEPLOYS)
def test_what_is_done_to_the_folder_of_a_district_is_recorded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy_store, "provision", lambda *_, **__: iter(()))
    with made.open_folder() as home:
        folder, words = home / "district", DEPLOYS[name]
        first = made.ran("init", folder, "--region", REGION, "--host", "127.0.0.1")
        assert first.returncode == 0
        kept = folder / "data" / "collector"
        lived(kept)
        if name == "deploy revoke":
            made.ran("agent", folder, *DEPLOYS["deploy agent"])
        done = made.ran(name.split()[1], folder, *words)
        assert done.returncode == 0, done.stderr
        # The collector has a user of its own there, who takes the row into the log when it starts.
        lived(kept)
        (row,) = [row for row in rows(kept) if row["target"] == name]
        LINE.validate(row)
        if name in ("deploy agent", "deploy revoke"):
            assert row["subject"] == f"{REGION}/3144000123/server-room"


def test_a_command_that_fails_is_followed_by_a_row_that_says_why(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> Iterator[object]:
        raise OSError("no such host")

    monkeypatch.setattr(provision, "provision", refused)
    with pytest.raises(OSError, match="no such host"):
        main(["store", "init", *words_of("store init", place)])
    told = [(row["success"], row["reason"]) for row in rows(place / "kept")]
    assert told == [(True, ""), (False, "no such host")]


@pytest.mark.parametrize("key", ["", 'audit_key = "elsewhere.pem"\n'])
def test_where_the_log_cannot_be_written_a_command_does_nothing_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    with disks.small(tmp_path / "kept" / "audit", 2) as audit:
        lived(tmp_path / "kept")
        toml = tmp_path / "collector.toml"
        toml.write_text(
            f'kind = "collector"\n[collector]\nregions = ["{REGION}"]\n'
            f'folder = "{tmp_path / "kept"}"\n{key}'
        )
        filler = disks.fill(audit)
        words = ["accounts", "add", str(tmp_path / "accounts.toml"), *ADD]
        assert main(words) == 1
        assert "审计日志无法写入" in capsys.readouterr().err
        assert not (tmp_path / "accounts.toml").exists()
        filler.unlink()
        sys.stdin = io.StringIO(f"{PASSWORD}\n")
        assert main(words) == 0
        assert (tmp_path / "accounts.toml").exists()
        lived(tmp_path / "kept")
        assert [row["success"] for row in rows(tmp_path / "kept")][-1]


def configure(folder: Path) -> Path:
    """Write a configuration like no other before: its ports are new ones."""
    config = folder / "collector.toml"
    config.write_text(
        f'kind = "collector"\n[collector]\nregions = ["000000"]\nfolder = "{folder / "kept"}"\n'
        f"[broker]\nport = {free_port()}\n[http]\nport = {free_port()}\n"
    )
    return config


@contextmanager
def running(config: Path) -> Iterator[None]:
    """Run a collector as a program of its own; without a broker it has a log all the same."""
    command = [sys.executable, "-m", "schoolwatch", "collector", "run", "--config", str(config)]
    kept = config.parent / "kept"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            until_sync(lambda: bool(holder(kept / LOCK)) and (kept / SEEN).exists(), 30)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_beside_a_running_collector_its_log_has_the_row_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, accounts = configure(tmp_path), tmp_path / "accounts.toml"
    for number in range(2):
        if number:
            configure(tmp_path)
        with running(config):
            monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
            words = ["--name", f"person{number}", "--person", "张三", "--role", "auditor"]
            assert main(["accounts", "add", str(accounts), *words]) == 0
            assert rows(tmp_path / "kept")[-1]["subject"] == f"person{number}"
    changes = rows(tmp_path / "kept", "config_changed")
    assert [row["target"] for row in changes] == ["collector.toml"] * 2
    first, second = (row["details"] for row in changes)
    assert (first["before"], second["before"]) == ("", first["digest"])
    assert second["digest"] == hashlib.sha256(config.read_bytes()).hexdigest()


def test_the_same_configuration_at_start_is_not_recorded_again(tmp_path: Path) -> None:
    file = tmp_path / "collector.toml"
    for text in ("a", "a", "b", "b"):
        file.write_text(text)
        desk = open_desk(tmp_path / "kept")
        configseen.note(desk.books.journal, tmp_path / "kept", [file])
        desk.books.ledger.close()
        desk.store.close()
    assert len(rows(tmp_path / "kept", "config_changed")) == 2


def test_a_collector_whose_log_has_stopped_lets_nobody_act(place: Path) -> None:
    found = whose(place / "collector.toml")
    assert found
    table = found.table
    with (
        closing(Ledger(table.folder / "ledger.db")) as ledger,
        ledger.transaction() as db,
    ):
        move_cursor(db, STOPPED, 1)
    with (
        hold(table.folder / LOCK, "collector", "x"),
        pytest.raises(AuditStopped, match="readyz"),
    ):
        record(Whose(table), Note("command_run", "x", by=operator()))


def test_one_that_does_not_answer_lets_nobody_act_and_the_row_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operating, "PATIENCE_S", 0.3)
    table = CollectorTable(regions=(REGION,), folder=place / "kept")
    with (
        hold(table.folder / LOCK, "collector", "x"),
        pytest.raises(AuditStopped, match="did not say within"),
    ):
        record(Whose(table), Note("command_run", "x", by=operator()))
    lived(place / "kept")
    assert [row["success"] for row in rows(place / "kept")] == [True, False]


def test_one_that_stops_meanwhile_is_not_waited_for_and_no_wait_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = CollectorTable(regions=(REGION,), folder=place / "kept")
    slept: list[float] = []

    def stop(seconds: float) -> None:
        slept.append(seconds)
        with closing(Ledger(table.ledger_file)) as ledger, ledger.transaction() as db:
            move_cursor(db, STOPPED, 1)

    monkeypatch.setattr("collector.operating.time.sleep", stop)
    with (
        hold(table.folder / LOCK, "collector", "x"),
        pytest.raises(AuditStopped, match="could not write it into its audit log, see") as told,
    ):
        record(Whose(table), Note("command_run", "x", by=operator()))
    assert len(slept) == 1
    assert "within" not in str(told.value)


@pytest.mark.parametrize("text", ["", "[collector]\n", "x = [", "collector = 3\n"])
def test_a_file_that_is_no_configuration_leads_to_no_log(tmp_path: Path, text: str) -> None:
    file = tmp_path / "collector.toml"
    file.write_text(text)
    assert whose(file) is None
    assert whose(tmp_path / "none.toml") is None
