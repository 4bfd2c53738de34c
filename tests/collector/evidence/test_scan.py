"""Planted numbers of persons are found in every kind of place and named, and once gone, gone."""

import base64
import gzip
import io
import json
import sqlite3
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
import zstandard
from click.testing import CliRunner, Result

from agent.spoolfile import open_spool_file
from collector.auditcli import audit_group
from collector.evidence.scan.files import scan_path
from collector.evidence.scan.found import Report
from collector.evidence.scan.series import scan_influx
from collector.store.sqlite import SqliteStore
from core import wire
from core.personbytes import find_bytes
from tests.collector.desk import audited_in, open_desk
from tests.collector.making import A, batch, event, event_batch, events_of, readings
from tests.persons import identity_number, mobile_number, wide
from tests.real.influx import RealInflux

ID, PHONE, STAFF = identity_number(), mobile_number(), mobile_number(77)
SECOND = 1_000_000_000


def scanned(path: Path) -> Report:
    report = Report()
    scan_path(path, report)
    assert report.troubles == []
    assert find_bytes(repr(report.hits).encode()) == [], "never the number itself"
    return report


def run(*words: object) -> Result:
    result = CliRunner().invoke(audit_group, ["scan", *map(str, words)])
    assert find_bytes(result.output.encode()) == []
    return result


def wheres(report: Report) -> set[tuple[str, str]]:
    return {(Path(hit.place).name, hit.where) for hit in report.hits}


def _zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", f"<v>{text}</v>")
    return file.getvalue()


FILES: dict[str, Callable[[str], bytes]] = {
    "plain.log": lambda text: f"a\nuser {text} signed in\n".encode(),
    "gbk.log": lambda text: f"甲\n学生 {text} 登录\n".encode("gbk"),
    "utf16.log": lambda text: f"甲\n学生 {text} 登录\n".encode("utf-16"),
    "wide.log": lambda text: f"a\n{wide(text)}\n".encode(),
    "old.log.gz": lambda text: gzip.compress(f"a\n{text}\n".encode()),
    "batch.zst": lambda text: zstandard.compress(f"a\n{text}\n".encode()),
    "2026-11.jsonl": lambda text: json.dumps({"details": {"why": f"x {text}"}}).encode() + b"\n",
    "escaped.jsonl": lambda text: (
        b'{"why":"' + "".join(f"\\u{ord(c):04x}" for c in text).encode() + b'"}\n'
    ),
    "number.jsonl": lambda text: b'{"phone":%b}\n' % text.replace("X", "0").encode(),
    "letter.jsonl": lambda text: (
        json.dumps({"payload": base64.b64encode(wire.pack(f"{text}\n".encode() * 99)).decode()})
        .replace(" ", "")
        .encode()
    ),
    "lines.txt": lambda text: f'pupils,class=3 id="{text}" 1\n'.encode(),
    "url.log": lambda text: f"GET /x?id={text.replace('1', '%31')}&b=1\n".encode(),
    "roster.zip": _zipped,
}


@pytest.mark.parametrize("name", FILES)
def test_a_number_in_a_file_is_found_and_gone_when_it_is_gone(name: str, tmp_path: Path) -> None:
    file = tmp_path / "deep" / name
    file.parent.mkdir()
    for number in (PHONE, ID) if name != "number.jsonl" else (PHONE,):
        file.write_bytes(FILES[name](number))
        report = scanned(tmp_path)
        assert report.findings >= 1
        assert all(name in hit.place for hit in report.hits)
        file.write_bytes(FILES[name]("nobody"))
        assert scanned(tmp_path).is_clean


def test_what_counts_and_what_only_looks_like_a_number_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"bytes":{PHONE},"row":1795374585000000000}}\n')
    (tmp_path / "b.txt").write_text(f"net,interface=a bytes_recv={PHONE}i 1795374585000000000\n")
    (tmp_path / "c.log").write_text(f"1.3.6.1.4.1.{PHONE} {'7f' * 20}{PHONE}ab\n")
    assert scanned(tmp_path).is_clean


def test_a_number_across_the_pieces_of_a_large_file_is_found_once(tmp_path: Path) -> None:
    file = tmp_path / "large.log"
    for filler in (b"x" * 79 + b"\n", b"xx,"):
        many = filler * (1_000_000 // len(filler))
        file.write_bytes(many[:-5] + b" " + ID.encode() + b" " + many + PHONE.encode())
        assert scanned(tmp_path).findings == 2


@pytest.mark.slow
def test_a_file_of_hundreds_of_megabytes_takes_little_memory(tmp_path: Path) -> None:
    file = tmp_path / "huge.log.gz"
    line = b"2026-11-29T03:16:29Z agent says that all is well, and 1795374585000000000\n"
    with gzip.open(file, "wb", 1) as packed:
        for _ in range(150):
            packed.write(line * 20_000)
        packed.write(ID.encode() + b"\n")
    tracemalloc.start()
    try:
        assert scanned(tmp_path).findings == 1
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_a_number_in_any_column_of_a_database_is_named_and_in_what_deleted_rows_left(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ledger.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, said TEXT, body BLOB, phone INTEGER)")
        db.execute("INSERT INTO t (said) VALUES ('nothing')")
        db.execute("INSERT INTO t (said) VALUES (?)", (f"call {PHONE}",))
        db.execute("INSERT INTO t (body) VALUES (?)", (wire.pack(f"id {ID}\n".encode() * 9),))
        db.execute("INSERT INTO t (phone) VALUES (?)", (int(PHONE),))
        assert wheres(scanned(tmp_path)) == {
            ("ledger.db", "table t, row 2, column said"),
            *(("ledger.db", f"table t, row 3, column body, line {n}") for n in range(1, 10)),
            ("ledger.db", "table t, row 4, column phone"),
        }, "beside its writer, also what is in the write-ahead log"
        db.execute("UPDATE t SET body = NULL")
        db.execute("DELETE FROM t WHERE id > 1")
        left = scanned(tmp_path)
        assert {where for _, where in wheres(left)} == {"in room that deleted rows left"}
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert scanned(tmp_path).is_clean


def test_a_spool_is_searched_down_to_the_lines_of_its_batches(tmp_path: Path) -> None:
    with closing(open_spool_file(tmp_path / "spool.db")) as db:
        body = wire.pack(f'agent version="{PHONE}" 1\nnet bytes_recv={PHONE}i 2\n'.encode() * 9)
        db.execute(
            "INSERT INTO batch (epoch, lane, seq, sealed_at, bytes, crc, body) "
            "VALUES ('A', 'readings', 1, 1, 1, 1, ?)",
            (body,),
        )
        db.execute("INSERT INTO open_reading VALUES (1, ?, 0)", (f'agent version="{ID}"'.encode(),))
        db.commit()
    found = {where for _, where in wheres(scanned(tmp_path))}
    assert "table batch, row 1, column body, line 1, agent.version" in found
    assert not {where for where in found if "net" in where}, "a count is a count"
    assert "table open_reading, row 1, column line, agent.version" in found


def test_the_sqlite_store_names_measurement_and_field(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "store.db", keep_ns=10**18)) as store:
        at = time.time_ns()
        store.write(f'device,device=d model="{PHONE}",alerts={PHONE}i {at}\n'.encode())
        store.write(f"net,interface={ID} up=1i {at}\n".encode())
        assert wheres(scanned(tmp_path)) == {
            ("store.db", "field device.model"),
            ("store.db", "table series, row 2, column tags, interface"),
        }


def test_influxdb_names_measurement_tag_and_field(influx: RealInflux) -> None:
    bucket = f"scan_{uuid4().hex[:12]}"
    influx.make_bucket(bucket, 0)
    at = time.time_ns()
    with closing(influx.store(bucket)) as store:
        lines = [f'device,device=d{n} model="m{n}",alerts={PHONE}i {at + n}' for n in range(3_000)]
        store.write("\n".join([*lines, ""]).encode())
        clean = Report()
        scan_influx(store, "influx", clean)
        assert (clean.is_clean, clean.troubles) == (True, [])
        assert clean.values >= 6_000
        store.write(f'device,device={PHONE},where=a model="{wide(ID)}" {at}\n'.encode())
        found = Report()
        scan_influx(store, "influx", found)
    assert wheres(found) == {("influx", "device, tag device"), ("influx", "device, field model")}
    with closing(influx.store(bucket, token="wrong:wrong")) as shut:
        locked = Report()
        scan_influx(shut, "influx", locked)
    assert not locked.is_clean
    assert len(locked.troubles) == 1


def test_what_cannot_be_read_is_named_and_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "half.gz").write_bytes(gzip.compress(b"x" * 9_999)[:-12])
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 500)
    result = run(tmp_path, tmp_path / "missing")
    assert result.exit_code == 1
    for name in ("half.gz", "torn.db", "missing"):
        assert f"{name}: " in result.output
    assert "nothing is proved" in result.output


async def test_the_whole_collector_is_searched_and_the_search_recorded(tmp_path: Path) -> None:
    folder = tmp_path / "collector"
    desk = open_desk(folder)
    sent = f'device,device=d model="{PHONE}" 1795374585000000000'.encode()
    bad = f'pupils name="Li",id="{ID}" 1795374585000000000'.encode()
    await desk.take(readings(batch(A, 1, [sent])), readings(batch(A, 2, [bad])))
    await desk.take(events_of(event_batch(A, 3, event(why=f"{ID}"), event(pupil=PHONE))))
    assert desk.audited()
    assert list((folder / "dead-letter").iterdir())
    config = tmp_path / "collector.toml"
    roster = tmp_path / "roster.csv"
    roster.write_text(f"region,school,status,operator_contact\n330100,school-1,open,{STAFF}\n")
    config.write_text(
        f'kind = "collector"\n[collector]\nregions = ["330100"]\nfolder = "{folder}"\n'
        f'[store]\ntype = "sqlite"\n[roster]\nfile = "{roster}"\n'
    )
    clean = run("--config", config)
    assert clean.exit_code == 0, clean.output
    assert "未发现" in clean.output
    assert "1 × " in clean.output, "a number of staff is allowed, and said"
    desk.books.journal.sync()
    last = audited_in(folder)[-1]
    assert last["kind"] == "privacy_scanned"
    assert (last["details"]["findings"], last["details"]["allowed"]) == (0, 1)

    roster.write_text(roster.read_text() + f"330100,school-2,open,{ID}\n")
    (folder / "dead-letter" / "x.jsonl").write_text(f"{PHONE}\n")
    found = run("--config", config, "--json")
    said = json.loads(found.output)
    assert (found.exit_code, said["findings"], said["clean"]) == (1, 2, False)
    assert {Path(hit["place"]).name for hit in said["hits"] if not hit["allowed"]} == {
        "roster.csv",
        "x.jsonl",
    }, "an identity number is allowed nowhere"


def test_links_are_followed_and_each_file_is_read_once(tmp_path: Path) -> None:
    real, linked = tmp_path / "real", tmp_path / "linked"
    real.mkdir()
    (real / "a.log").write_text(f"{PHONE}\n")
    (real / "loop").symlink_to(real)
    (real / "gone").symlink_to(tmp_path / "nowhere")
    linked.symlink_to(real)
    result = run(linked, real, "--json")
    said = json.loads(result.output)
    assert (result.exit_code, said["findings"], said["places"]) == (1, 1, 1)
    assert [Path(one["place"]).name for one in said["troubles"]] == ["gone"]


def test_a_search_of_nothing_proves_nothing(tmp_path: Path) -> None:
    assert run().exit_code == 2
    assert run(tmp_path).exit_code == 1
