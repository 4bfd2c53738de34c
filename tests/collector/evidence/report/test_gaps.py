"""Each thing that may be missing is said in words with what to do next, and the rest goes on."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from collector.backup import back_up
from collector.coverage import COMMANDS, ROUTES, TABLE
from collector.evidence.copying import copy_log
from collector.evidence.queried import note_about
from collector.evidence.report.judge import Judged, Report
from collector.evidence.report.looks import LOOKS
from core.clock import SECOND
from tests.collector.evidence.report.recorded import (
    DAY,
    PEOPLE,
    District,
    clause_in,
    figures,
    gaps,
    log_lines,
    made,
    write_accounts,
)
from tests.collector.evidence.report.test_logtally import line
from tests.collector.making import NOW, Clock
from tests.real.certificates import issued

ACCOUNTS = ("[alerts]", 'accounts_file = "accounts.toml"')


def everything(report: Report) -> int:
    """How many clauses there are, each with a verdict on both levels."""
    return len([(one.verdict(3), one.verdict(2)) for one in report.clauses])


def about(judged: Judged, words: str) -> list[str]:
    return [text for text in gaps(judged.finding) if words in text]


def test_a_backup_grows_old_first_a_flaw_and_then_a_hole(district: District) -> None:
    fresh = district.clause("8.1.4.9")
    assert not about(fresh, "days old")
    assert not about(fresh, "the copy copy.db")
    district.now = NOW + 9 * DAY
    assert about(district.clause("8.1.4.9"), "the newest backup is 10 days old")
    old = [g for g in district.clause("8.1.4.3 c").finding.all_gaps() if "days old" in g.what.en]
    assert {gap.hole for gap in old} == {False}
    district.now = NOW + 40 * DAY
    hole = district.clause("8.1.4.3 c")
    assert about(hole, "the newest backup is 41 days old")
    assert hole.verdict(3) == "gap"
    back_up(district.config().collector, district.folder / "again.db", Clock(district.now))
    assert not about(district.clause("8.1.4.3 c"), "days old")


def test_the_copy_itself_is_looked_at_where_it_was_put(tmp_path: Path) -> None:
    district = District(tmp_path / "own")
    district.folder.mkdir()
    made(district.folder)
    copy = district.folder / "copy.db"
    copy.write_bytes(copy.read_bytes() + b"x")
    changed = district.clause("8.1.4.3 c")
    assert about(changed, "the copy copy.db is not what it was")
    assert changed.verdict(3) == "gap"
    copy.unlink()
    gone = district.clause("8.1.4.9")
    assert about(gone, "the copy copy.db is not where it was put")


def test_a_copy_of_the_log_is_a_backup_of_the_log_alone(tmp_path: Path) -> None:
    district = District(tmp_path / "own")
    district.folder.mkdir()
    made(district.folder)
    (district.folder / "copy.db").unlink()
    table, copy = district.config().collector, district.folder / "copy"
    said = copy_log(district.var / "audit", copy)
    clock = Clock(district.now)
    note_about(table, "backup_made", str(copy), {"root": said.root.hex()}, now=clock)
    of_log = district.clause("8.1.4.3 c")
    assert not about(of_log, "is not where it was put")
    assert not about(of_log, "is not what it was")
    assert about(district.clause("8.1.4.9"), "the copy copy.db is not where it was put")
    (copy / "checkpoints").write_bytes(b"")
    assert about(district.clause("8.1.4.3 c"), "the copy copy is not what it was")


def test_copies_of_the_log_are_no_backups_of_the_database(tmp_path: Path) -> None:
    district = District(tmp_path / "own")
    district.folder.mkdir()
    made(district.folder)
    table, clock = district.config().collector, Clock(district.now)
    for number in range(3):
        note_about(table, "backup_made", f"copy-{number}", {}, now=clock)
    note_about(table, "backup_made", "copy-4", {}, failed="no room", now=clock)
    (figure,) = [one for one in figures(district.clause("8.1.4.9").finding) if "newest" in one]
    assert "1 backups of the database, 3 copies of the log; the newest of the database on" in figure


def test_the_table_of_acts_is_evidence_of_what_is_on_record(district: District) -> None:
    finding = district.clause("8.1.4.3 a").finding
    (table,) = [
        one
        for found in finding.found
        for one in found.counted
        if one.source == "collector/coverage.py"
    ]
    digest = hashlib.sha256(TABLE.read_bytes()).hexdigest()
    assert (table.count, table.sha256) == (len(ROUTES) + len(COMMANDS), digest)
    assert f"of {table.count} addresses and commands" in figures(finding)[0]


def test_a_drill_that_failed_is_no_restore(tmp_path: Path) -> None:
    district = District(tmp_path / "own")
    district.folder.mkdir()
    made(district.folder)
    table, clock = district.config().collector, Clock(district.now)
    note_about(table, "restore_drilled", "copy", {}, failed="copy/tile is damaged", now=clock)
    clause = district.clause("8.1.4.9")
    assert about(clause, "failed: copy/tile is damaged")
    assert not any("days ago, row" in text for text in figures(clause.finding) if "restore" in text)
    note_about(table, "restore_drilled", "copy", {}, now=clock)
    clause = district.clause("8.1.4.9")
    assert not about(clause, "failed")
    assert any("the last restore (restore_drilled)" in text for text in figures(clause.finding))


def test_the_key_of_the_log_is_one_of_the_files_with_secrets(tmp_path: Path) -> None:
    district = District(tmp_path / "own")
    district.folder.mkdir()
    made(district.folder)
    key = district.var / "audit-key.pem"
    assert key.exists()
    assert not about(district.clause("8.1.4.8"), "audit-key.pem")
    key.chmod(0o644)
    assert about(district.clause("8.1.4.8"), "audit-key.pem can be read by everybody")


def test_a_watchdog_is_known_by_its_canary_and_missed_when_that_stays_away(
    district: District,
) -> None:
    for clause in ("8.1.4.3 d", "8.1.5.4 c"):
        assert not about(district.clause(clause), "no word of the watchdog")
    district.now = NOW + 3_600 * SECOND
    for clause in ("8.1.4.3 d", "8.1.5.4 c"):
        assert about(district.clause(clause), "no word of the watchdog")


def test_a_certificate_that_expires_is_a_flaw_and_one_that_has_a_hole(district: District) -> None:
    now = datetime.fromtimestamp(NOW / 1e9, UTC)
    authority = issued("ca", ca=True)
    for days, expected in ((100, ""), (10, "ends in"), (-1, "has expired")):
        path = district.folder / "own.pem"
        until = now + timedelta(days=days, hours=1)
        one = issued("d1", authority, begins=now - timedelta(days=400), ends=until)
        private = one.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(one.certificate.public_bytes(Encoding.PEM) + private)
        ca = district.folder / "ca.pem"
        far = issued("ca", ca=True, ends=now + timedelta(days=3_000))
        ca.write_bytes(far.certificate.public_bytes(Encoding.PEM))
        files = ('ca_file = "ca.pem"', 'cert_file = "own.pem"', 'key_file = "own.pem"')
        district.file.write_text(config(*files), encoding="utf-8")
        sources = district.sources()
        found = LOOKS["transport"](sources)
        said = [gap for gap in found.gaps if "certificate own.pem" in gap.what.en]
        assert [expected in gap.what.en for gap in said] == [True] * bool(expected)
        assert [gap.hole for gap in said] == [days < 0] * bool(expected)


def config(*broker: str) -> str:
    lines = ['kind = "collector"', "[collector]", 'regions = ["330100"]', 'folder = "var"']
    return "\n".join([*lines, "[broker]", *broker, ""])


def test_without_a_file_of_accounts_nobody_is_anybody(district: District) -> None:
    district.configure()
    report = district.report()
    for name in ("8.1.4.1", "8.1.4.2", "8.1.5.1", "8.1.5.3"):
        assert clause_in(report, name).verdict(2 if name != "8.1.5.3" else 3) == "gap"
        assert "no accounts file: nobody can sign in" in gaps(clause_in(report, name).finding)


def test_without_an_auditor_the_roles_are_not_apart_until_there_is_one(district: District) -> None:
    write_accounts(district, {"zhang.san": PEOPLE["zhang.san"]})
    judged = district.clause("8.1.5.1")
    assert about(judged, "nobody has the role of an auditor")
    assert judged.verdict(2) == "gap"
    write_accounts(district, {**PEOPLE, "zhang.audit": ("张三", "auditor")})
    assert about(district.clause("8.1.5.1"), "who audits also administers: 张三")
    write_accounts(district, PEOPLE)
    assert district.clause("8.1.5.1").verdict(2) == "met"


def test_a_shared_or_stale_account_is_named(district: District) -> None:
    write_accounts(district, {**PEOPLE, "admin": ("管理员", "district")})
    judged = district.clause("8.1.4.2")
    assert about(judged, "these look shared: admin")
    assert about(judged, "2 accounts not used for 90 days: admin, wang.wu")


def test_an_accounts_file_that_others_may_read_is_said_to_be_unreadable(district: District) -> None:
    (district.folder / "accounts.toml").chmod(0o644)
    report = district.report()
    blocked = clause_in(report, "8.1.4.1").finding.blocked
    assert any("accounts.toml" in text.en for text in blocked)
    assert any(g.hole for g in clause_in(report, "8.1.4.8").finding.all_gaps())


def test_a_young_log_is_young_and_not_failed(district: District) -> None:
    district.now = NOW - 100 * DAY
    for path in sorted((district.var / "audit").glob("*.jsonl"))[1:]:
        path.unlink()
    (said,) = [i for i in district.report().indicators if i.id == "I-23"]
    assert said.figure.en == "100 days (young)"
    judged = district.clause("8.1.5.4 d")
    assert any(found.young for found in judged.finding.found)
    assert judged.verdict(3) != "gap"


def test_a_log_whose_beginning_is_gone_too_early_is_a_hole(district: District) -> None:
    oldest, *_ = sorted((district.var / "audit").glob("*.jsonl"))
    oldest.unlink()
    judged = district.clause("8.1.5.4 d")
    first = log_lines(district)[0]["row"]
    assert first > 1
    assert about(judged, f"the oldest record is row {first}")
    assert judged.verdict(3) == "gap"


def test_an_empty_system_knows_nothing_and_passes_nothing(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.configure()
    (district.var / "audit").mkdir(parents=True)
    report = district.report()
    assert everything(report) == 38
    passed = [one.clause.id for one in report.clauses if one.verdict(2) == "met"]
    assert passed == []
    assert clause_in(report, "8.1.4.3 b").verdict(3) == "unknown"
    assert any("no collector has run" in t.en for t in clause_in(report, "8.4.x").finding.blocked)


def test_a_damaged_database_is_said_and_what_the_log_tells_stands(district: District) -> None:
    path = district.var / "ledger.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    report = district.report()
    assert everything(report) == 38
    assert any("damaged" in text.en for text in clause_in(report, "8.1.5.4 f").finding.blocked)
    assert "2 events of attacks, 1 with source, type, target and time" in figures(
        clause_in(report, "8.1.3.3").finding
    )
    assert clause_in(report, "8.1.4.3 c").verdict(2) == "part"
    (said,) = [one for one in report.indicators if one.id == "I-28"]
    assert said.figure.en.startswith("unknown: ")


def test_a_missing_store_blocks_what_rests_on_it_alone(district: District) -> None:
    for path in district.var.glob("store.db*"):
        path.unlink()
    report = district.report()
    assert any("store" in text.en for text in clause_in(report, "8.1.3.4").finding.blocked)
    assert clause_in(report, "8.1.3.4").verdict(3) == "unknown"
    assert clause_in(report, "8.1.5.4 f").finding.blocked == []
    assert not list(district.var.glob("store.db*")), "a reader makes no file"


def test_a_database_server_that_does_not_answer_blocks_the_same(district: District) -> None:
    district.configure(
        "[store]", 'type = "influxdb"', 'url = "http://127.0.0.1:9"', "timeout_s = 1"
    )
    blocked = district.clause("8.1.3.4").finding.blocked
    assert any("the store cannot be read" in text.en for text in blocked)


def test_a_log_that_was_cut_or_changed_is_named_by_file_and_line(district: District) -> None:
    path = max((district.var / "audit").glob("*.jsonl"), key=lambda one: one.stat().st_size)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    judged = district.clause("8.1.4.3 c")
    assert judged.verdict(2) == "gap"
    assert about(judged, f"{path.name}:2: row")
    path.write_bytes(b"".join([lines[0], b"rubbish\n", *lines[2:]]))
    assert about(district.clause("8.1.4.3 c"), f"{path.name}:2: no record")
    path.write_bytes(b"".join(lines))
    *_, newest = sorted((district.var / "audit").glob("*.jsonl"))
    with newest.open("ab") as file:
        file.write(b'{"just being writ')
    assert not about(district.clause("8.1.4.3 c"), ".jsonl:")


def test_a_defect_in_one_function_is_said_and_stops_no_other(district: District) -> None:
    with closing(sqlite3.connect(district.var / "ledger.db")) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS security_sensor (body BLOB)")
        db.execute("INSERT INTO security_sensor (body) VALUES (x'00')")
    report = district.report()
    assert everything(report) == 38
    blocked = clause_in(report, "8.1.3.3").finding.blocked
    assert any("a defect, please report it" in text.en for text in blocked)


def test_a_search_for_personal_data_counts_only_as_far_as_it_could_read(district: District) -> None:
    def scanned(**figures: int) -> Judged:
        row = log_lines(district)[-1]["row"] + 1
        said = line(row, "privacy_scanned", details=figures, received=NOW - DAY)
        *_, newest = sorted((district.var / "audit").glob("*.jsonl"))
        with newest.open("ab") as file:
            file.write(said)
        return district.clause("8.1.4.11")

    assert about(district.clause("8.1.4.11"), "nobody scanned for personal data yet")
    found = scanned(findings=3, unread=0)
    assert (found.verdict(2), about(found, "the scan found 3 places") != []) == ("gap", True)
    assert scanned(findings=0, unread=2).verdict(2) == "part"
    assert scanned(findings=0, unread=0).verdict(2) == "met"
    district.now = NOW + 100 * DAY
    assert about(district.clause("8.1.4.11"), "it was 101 days ago")
