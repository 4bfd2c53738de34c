"""What an auditor types: each command says what it found, and is itself in the log."""

import asyncio
import json
import os
import threading
import zipfile
from copy import copy
from pathlib import Path
from typing import Any

import pytest

from collector.cli import main
from collector.evidence.signing import public_file
from collector.parts import LOCK
from core.clock import rfc3339
from core.lock import hold
from tests.collector.desk import audited_in
from tests.collector.evidence.logs import BEGIN, DAY, Made, made
from tests.collector.making import REGION
from tests.collector.played import config, running
from tests.collector.test_backup import lived
from tests.real.brokers import RealBroker
from tests.waiting import until

Out = pytest.CaptureFixture[str]


def config_file(folder: Path, name: str = "collector.toml") -> Path:
    path = folder.parent / name
    path.write_text(
        f'kind = "collector"\n[collector]\nregions = ["{REGION}"]\nfolder = "{folder}"\nid = "d1"\n'
    )
    return path


def told(capsys: Out, *words: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["audit", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("log") / "d1")


def searched(capsys: Out, log: Made, *words: str) -> list[int]:
    code, out, _ = told(capsys, "search", "--config", log.folder, "--json", *words)
    assert code == (0 if out else 1)
    return [json.loads(line)["row"] for line in out.splitlines()]


def test_rows_are_found_by_anything_they_say(log: Made, capsys: Out) -> None:
    lines = b"".join(path.read_bytes() for path in log.files()[1:]).splitlines()
    every = [json.loads(line) for line in lines]
    assert searched(capsys, log, "--kind", "segment_sealed", "--kind", "nothing") == [901]
    assert searched(capsys, log, "--kind", "分段已封存") == [901]
    assert searched(capsys, log, "--text", "port 77") == [77, *range(770, 780)]
    day = searched(capsys, log, "--from", "2026-12-02T00:00:00Z", "--to", "2026-12-03T00:00:00Z")
    assert day == list(range(301, 601))
    found = searched(capsys, log, "--from", "2026-12-02T00:00:00Z", "--failed")
    assert found == [one["row"] for one in every if not one["success"]]
    found = searched(capsys, log, "--from", "2026-12-02T00:00:00Z", "--school", "school-2")
    assert found == [one["row"] for one in every if "/school-2/" in one["agent"]]
    found = searched(capsys, log, "--actor", "collector/d1", "--target", "port 60")
    assert found == [60, 600, 605]
    assert searched(capsys, log, "--school", "d1") == []
    noon = [one["row"] for one in every if one["at"] >= BEGIN + DAY + 5 * 10**9]
    words = ("--clock", "at", "--from", rfc3339(BEGIN + DAY + 5 * 10**9))
    assert searched(capsys, log, *words) == noon


def test_a_kind_that_there_is_not_is_said_to_be_none(log: Made, capsys: Out) -> None:
    for kind, known in (("不存在", False), ("端口", True), ("link_down", True)):
        _, _, err = told(capsys, "search", "--config", log.folder, "--kind", kind)
        assert (f"is called {kind}" in err) is not known


def test_no_more_rows_are_shown_than_asked_for_and_that_is_said(log: Made, capsys: Out) -> None:
    code, out, err = told(capsys, "search", "--config", log.folder, "--limit", "3")
    assert (code, len(out.splitlines())) == (0, 3)
    assert "more than 3" in err
    assert out.splitlines()[0].split()[:4] == [
        *("1", "2026-12-01T00:00:01Z", "2026-12-01T00:00:00Z", "ok"),
    ]


@pytest.mark.parametrize("by", [2, 200])
def test_a_segment_that_a_clock_put_back_is_searched_too(
    tmp_path: Path, capsys: Out, by: int
) -> None:
    log = made(tmp_path / "d1", days=2)
    log.now -= by * DAY
    log.write(5)
    words = ("--to", "2026-12-01T00:00:00Z")
    assert searched(capsys, log, *words) == list(range(601, 606))


def test_verify_says_what_is_wrong_and_where(log: Made, tmp_path: Path, capsys: Out) -> None:
    copy = log.copy(tmp_path / "copy")
    code, out, _ = told(capsys, "verify", copy.folder)
    assert code == 0
    assert out.splitlines()[-1].startswith("fine")
    path = copy.audit / "2026-12-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"port 313"', b'"port 314"'))
    code, out, _ = told(capsys, "verify", "--json", copy.audit)
    assert code == 1
    said: dict[str, Any] = json.loads(out)
    first = said["findings"][0]
    assert (first["word"], first["file"], first["line"], first["row"]) == (
        *("altered", "2026-12-02.jsonl", 13, 313),
    )
    code, out, _ = told(capsys, "verify", copy.folder)
    assert (code, "BAD  altered 内容被改动: 2026-12-02.jsonl line 13 row 313" in out) == (1, True)


def test_verify_takes_witnesses_as_notes_and_as_an_agent_holds_them(
    log: Made, tmp_path: Path, capsys: Out
) -> None:
    notes = tmp_path / "witness.txt"
    notes.write_bytes(b"# kept by hand\n" + (log.audit / "checkpoints").read_bytes())
    held = tmp_path / "held.json"
    held.write_text(json.dumps([{"note": (log.audit / "checkpoint").read_text(), "key": ""}]))
    for path in (notes, held):
        code, out, _ = told(capsys, "verify", log.folder, "--witness", path)
        assert (code, "no_witness" in out) == (0, False)
        shorter = made(tmp_path / path.stem, days=1)
        assert told(capsys, "verify", shorter.folder, "--witness", path)[0] == 1
    assert told(capsys, "verify", log.folder, "--witness", __file__)[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("verify", "/nowhere"),
        ("prove", "0", "--config", "/nowhere", "--out", "x.zip"),
        ("prove", "1", "--config", "/nowhere"),
    ],
)
def test_wrong_use_is_told_apart(words: tuple[str, ...], capsys: Out) -> None:
    assert told(capsys, *words)[0] == 2


def test_what_is_handed_out_is_verified_too(log: Made, tmp_path: Path, capsys: Out) -> None:
    out, proof = tmp_path / "x.zip", tmp_path / "row.zip"
    words = ("--from", "2026-12-02", "--to", "2026-12-03", "--out", out)
    assert told(capsys, "export", "--config", log.folder, *words)[0] == 0
    assert told(capsys, "export", "--config", log.folder, *words)[0] == 2, "never over a file"
    assert told(capsys, "prove", "77", "--config", log.folder, "--out", proof)[0] == 0
    key, other = log.folder / "audit-key.pub.pem", made(tmp_path / "other").key
    for path in (out, proof):
        code, said, _ = told(capsys, "verify", path, "--key", key)
        assert (code, "签名有效" in said) == (0, True)
        code, said, _ = told(capsys, "verify", path, "--key", public_file(other))
        assert (code, "不是您保存的" in said) == (1, True)
        whole = path.read_bytes()
        path.write_bytes(whole[:-100])
        code, said, _ = told(capsys, "verify", path, "--json")
        assert (code, json.loads(said)["fine"]) == (1, False)
        path.write_bytes(whole)
        with zipfile.ZipFile(path, "a") as packed, pytest.warns(UserWarning, match="Duplicate"):
            packed.writestr("entries.jsonl", b"{}\n")
        code, said, _ = told(capsys, "verify", path)
        assert (code, "twice" in said) == (1, True)


def test_a_small_file_that_unpacks_without_bound_is_not_unpacked(
    tmp_path: Path, capsys: Out
) -> None:
    bomb, pile = tmp_path / "bomb.zip", tmp_path / "pile.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("entries.jsonl", bytes(1_000_000))
    with zipfile.ZipFile(pile, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a", os.urandom(1_000))
        for name in "bc":
            other = copy(packed.filelist[0])
            other.filename = name
            packed.filelist.append(other)
    for path, why in ((bomb, "packed in a way"), (pile, "lie over each other")):
        code, said, _ = told(capsys, "verify", path)
        assert (code, why in said) == (1, True)


def test_an_export_that_there_is_no_room_to_unpack_is_not_called_bad(
    log: Made, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "x.zip"
    assert told(capsys, "prove", "77", "--config", log.folder, "--out", out)[0] == 0
    monkeypatch.setattr("tempfile.tempdir", "/dev/null/nowhere")
    code, said, err = told(capsys, "verify", out)
    assert (code, said) == (2, "")
    assert "cannot be unpacked into a temporary folder" in err


def test_a_proof_by_an_older_version_is_told_apart(tmp_path: Path, capsys: Out) -> None:
    old = tmp_path / "row-77.json"
    old.write_text('{"format": "schoolwatch-proof/1"}')
    code, _, err = told(capsys, "verify", old)
    assert (code, "make it anew" in err) == (2, True)


async def test_every_query_is_a_row_and_an_export_with_its_digest(
    tmp_path: Path, capsys: Out
) -> None:
    folder = tmp_path / "d1"
    await lived(folder)
    file = config_file(folder)
    assert told(capsys, "search", "--config", file, "--text", "secret word")[0] == 1
    assert told(capsys, "prove", "1", "--config", file, "--out", tmp_path / "1.zip")[0] == 0
    assert told(capsys, "export", "--config", file, "--out", tmp_path / "x.zip")[0] == 0
    assert told(capsys, "verify", file)[0] == 0, "and that changes nothing"
    rows = [one for one in audited_in(folder) if one["kind"].startswith("audit_")]
    rows = [one for one in rows if one["kind"] != "audit_key"]
    assert [one["kind"] for one in rows] == ["audit_queried", "audit_queried", "audit_exported"]
    search, prove, export = (one["details"] for one in rows)
    assert (search["what"], search["text"]) == ("search", "secret word")
    assert (prove["what"], prove["row"]) == ("prove", 1)
    import hashlib

    assert export["sha256"] == hashlib.sha256((tmp_path / "x.zip").read_bytes()).hexdigest()
    assert export["rows"] == export["last"] - export["first"] + 1


async def test_the_folder_of_a_collector_that_runs_is_no_way_round_the_record(
    tmp_path: Path, capsys: Out
) -> None:
    folder, to = tmp_path / "d1", ("--out", str(tmp_path / "x.zip"))
    await lived(folder)
    with hold(folder / LOCK, "collector", "[collector] folder"):
        for words in (("search",), ("prove", "1", *to), ("export", *to)):
            code, out, err = told(capsys, *words, "--config", folder)
            assert (code, out) == (2, "")
            assert "name its collector.toml" in err
    assert told(capsys, "search", "--config", folder)[0] == 0, "a copy is read as before"


async def test_nothing_is_handed_out_that_cannot_be_recorded(tmp_path: Path, capsys: Out) -> None:
    folder, to = tmp_path / "d1", ("--out", str(tmp_path / "x.zip"))
    await lived(folder)
    file = config_file(folder)
    (folder / "ledger.db").rename(tmp_path / "away")
    for words in (("search",), ("prove", "1", *to), ("export", *to)):
        code, out, _ = told(capsys, *words, "--config", file)
        assert (code, out) == (2, "")
    assert not list(tmp_path.glob("x.zip*"))


async def test_everything_works_beside_a_running_collector(
    mosquitto: RealBroker, tmp_path: Path, capsys: Out
) -> None:
    where = config(tmp_path / "d1", mosquitto.port)
    folder, file = where.collector.folder, config_file(where.collector.folder)
    codes, done = [], threading.Event()

    def verify() -> None:
        while not done.is_set():
            codes.append(main(["audit", "verify", str(file)]))

    async with running(where) as collector:
        await until((folder / "audit" / "checkpoint").exists, 90)
        checking = asyncio.create_task(asyncio.to_thread(verify))
        for _ in range(30):
            await collector._chores.minute()
            collector.books.journal.sync()
            if collector.books.journal.log.notary:
                collector.books.journal.log.notary.sign()
            await asyncio.sleep(0.02)
        words = ["audit", "search", "--config", str(file), "--kind", "collector_started"]
        assert await asyncio.to_thread(main, words) == 0
        collector.books.journal.sync()
        done.set()
        await checking
    assert set(codes) == {0}
    assert [one["kind"] for one in audited_in(folder)].count("audit_queried") == 1
    async with running(where):
        pass
    assert main(["audit", "verify", str(file)]) == 0, "and after a restart"
