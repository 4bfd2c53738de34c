"""Tree, checkpoints, key, segments, retention and copies of the audit log."""

import gzip
import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from collector.audit import AuditLog
from collector.auditrecord import line_of
from collector.eventrows import EventRows
from collector.evidence import copying, expiry, patrol, segments, signing
from collector.evidence.backups import DailyCopy
from collector.evidence.chores import EvidenceChores
from collector.evidence.comparing import compared
from collector.evidence.export import prove
from collector.evidence.prove import NotProved
from collector.evidence.reader import LogReader
from collector.evidence.verify import Check
from collector.filedigest import digest_of
from collector.journal import Journal, Note
from collector.ledger import Ledger
from collector.restore import restore
from core.errors import ConfigError, LogDamaged, StartError
from core.merkle import note, proofs
from tests.collector.evidence.making import (
    ORIGIN,
    at_once,
    check,
    days,
    lines_of,
    open_log,
    root_of,
    rows,
)
from tests.collector.making import NOW, Clock
from tests.collector.test_audit import DAY


class Collector:
    """A journal over a real database and log, whose clock moves."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        folder.mkdir(exist_ok=True)
        self.open()

    def open(self) -> None:
        self.ledger = Ledger(self.folder / "ledger.db")
        self.log = open_log(self.folder, self.clock)
        self.journal = Journal("d1", EventRows(self.ledger), self.log, self.clock)
        restore(self.journal)
        self.chores = EvidenceChores(self.journal, now=self.clock)

    def again(self) -> None:
        self.ledger.close()
        self.open()

    def lives(self, days: int, of_a_day: int = 40) -> None:
        for _ in range(days):
            for number in range(of_a_day):
                self.journal.note(Note("checkpoint", "d1", "", {"counter": number}))
            self.journal.sync()
            self.clock.at += DAY
            at_once(self.log)
        self.journal.note(Note("checkpoint", "d1", "", {"counter": 0}))
        self.journal.sync()

    def kinds(self, kind: str) -> list[dict[str, object]]:
        found = map(json.loads, lines_of(self.folder))
        return [one for one in found if one["kind"] == kind]

    def names(self) -> list[str]:
        return [path.name for path in segments.segments(self.folder / "audit")]


def sign(log: AuditLog) -> None:
    assert log.notary
    log.notary.sign()


def stopped(log: AuditLog) -> str:
    assert log.notary
    return log.notary.standing.stopped


def test_a_log_from_before_is_taken_in_and_goes_on(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    audit.mkdir()
    (audit / "2026-10.jsonl").write_bytes(b"".join(map(line_of, rows(1, 300))))
    (audit / "2026-11.jsonl").write_bytes(b"".join(map(line_of, rows(301, 700))))
    log = open_log(tmp_path)
    log.append(rows(701, 710))
    sign(log)
    check(tmp_path, rows(1, 710))
    assert LogReader(audit).checkpoint() is not None
    assert [path.name for path in segments.segments(audit)][-1] == "2026-11-22.jsonl"


def test_every_row_has_a_proof_and_every_checkpoint_continues_the_one_before(
    tmp_path: Path,
) -> None:
    days(tmp_path, 4, 190)
    reader, lines = LogReader(tmp_path / "audit"), lines_of(tmp_path)
    root = root_of(lines)
    for index in (0, 255, 256, 511, 700, 759):
        leaf = reader.leaf(index)
        proofs.check_inclusion(index, 760, leaf, reader.inclusion(index, 760), root)
        reader.check_line(index + 1, lines[index])
    found = list(reader.checkpoints())
    assert len(found) == 4
    for old, new in pairwise(found):
        way = reader.consistency(old.size, new.size)
        proofs.check_consistency(old.size, new.size, old.root, new.root, way)
    tiles = sum(1 for path in (tmp_path / "audit/tile/0").rglob("*") if path.is_file())
    assert tiles <= 4, "partial tiles that nobody needs are gone"


def test_a_start_reads_the_last_tile_only_however_long_the_log_is(tmp_path: Path) -> None:
    days(tmp_path, 4, 300)
    for path in segments.segments(tmp_path / "audit")[:2]:
        path.write_bytes(path.read_bytes()[:100] + b"\n")
    assert stopped(open_log(tmp_path)) == ""


def flip(data: bytes) -> bytes:
    return data.replace(b'"severity":"P3"', b'"severity":"P4"', 1)


def last_line(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def do(audit: Path) -> None:
        path = segments.segments(audit)[-1]
        *rest, last = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*rest, change(last)]))

    return do


def tile(audit: Path) -> None:
    path = audit / "tile/0/001.p/194"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def forged(audit: Path) -> None:
    for name in ("checkpoint", "checkpoints"):
        path = audit / name
        path.write_bytes(path.read_bytes().replace(b"\n450\n", b"\n449\n"))


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (last_line(flip), "row 450 is not what was signed"),
        (tile, "not those of 450 rows"),
        (forged, "the last checkpoint: the signature"),
    ],
)
def test_an_altered_log_is_named_and_never_signed_and_takes_rows_all_the_same(
    tmp_path: Path, alter: Callable[[Path], None], said: str
) -> None:
    days(tmp_path)
    shutil.copytree(tmp_path / "audit", tmp_path / "kept")
    alter(tmp_path / "audit")
    log = open_log(tmp_path)
    assert said in stopped(log)
    log.append(rows(451, 600, NOW + 2 * DAY))
    sign(log)
    assert log.row == 600
    assert (log.health().checkpoint_size, log.health().rows) in {(450, 600), (0, 600)}
    more = segments.segments(tmp_path / "audit")[-1].read_bytes().splitlines(keepends=True)[-150:]
    shutil.rmtree(tmp_path / "audit")
    shutil.move(tmp_path / "kept", tmp_path / "audit")
    with segments.segments(tmp_path / "audit")[-1].open("ab") as file:
        file.writelines(more)
    log = open_log(tmp_path)
    assert stopped(log) == ""
    sign(log)
    check(tmp_path, [*rows(1, 150), *rows(151, 300, NOW + DAY), *rows(301, 600, NOW + 2 * DAY)])


def test_rows_that_come_again_must_be_what_was_signed(tmp_path: Path) -> None:
    days(tmp_path)
    path = segments.segments(tmp_path / "audit")[-1]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:50]))
    log = open_log(tmp_path)
    log.append(rows(351, 400, NOW + 2 * DAY))
    assert stopped(log) == ""
    log.append(rows(401, 450, NOW + 3 * DAY))
    assert "row 401 is not what was signed" in stopped(log)


def test_the_alteration_and_its_end_are_rows_and_the_key_is_one_once(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(1)
    one.chores.tell()
    sign(one.log)
    path = segments.segments(tmp_path / "audit")[-1]
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"counter":0', b'"counter":9'))
    # The database must not be what finds it.
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("UPDATE event SET body = replace(body, '\"counter\":0', '\"counter\":9')")
    one.again()
    one.chores.tell()
    (told,) = one.kinds("audit_altered")
    assert told["active"] is True
    assert "is not what was signed" in str(told["details"])
    assert len(one.kinds("audit_key")) == 1


def test_a_tree_that_is_gone_is_made_anew_and_told_once(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.chores.tell()
    one.lives(1)
    assert one.kinds("audit_made_anew") == []
    shutil.rmtree(tmp_path / "audit/tile")
    for path in (tmp_path / "audit").glob("checkpoint*"):
        path.unlink()
    for _ in range(2):
        one.again()
        one.chores.tell()
        sign(one.log)
    (told,) = one.kinds("audit_made_anew")
    assert told["details"] == {"rows": 42}
    assert stopped(one.log) == ""


def lose_checkpoints(folder: Path) -> None:
    for path in (folder / "audit").glob("checkpoint*"):
        path.unlink()


def test_tiles_whose_checkpoints_are_gone_are_set_aside_and_told(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.chores.tell()
    one.lives(1)
    sign(one.log)
    tiles = {path.name: path.read_bytes() for path in files(tmp_path / "audit/tile/0")}
    lose_checkpoints(tmp_path)
    (path,) = segments.segments(tmp_path / "audit")[:1]
    path.write_bytes(path.read_bytes().replace(b'"counter":0', b'"counter":7', 1))
    one.again()
    one.chores.tell()
    (aside,) = (tmp_path / "audit").glob("tile.aside-*")
    assert {path.name: path.read_bytes() for path in files(aside / "tile/0")} == tiles
    (told,) = one.kinds("audit_made_anew")
    assert told["details"] == {"rows": 42, "aside": aside.name, "differs": 2}


def test_a_tree_is_made_anew_of_lines_and_of_the_hashes_of_those_past_their_time(
    tmp_path: Path,
) -> None:
    one = Collector(tmp_path)
    one.lives(3)
    one.chores.seal_now()
    one.clock.at += 183 * DAY
    assert len(expiry.remove_old(one.journal, 184, one.clock, 0)) == 2
    sign(one.log)
    before = LogReader(tmp_path / "audit").checkpoint()
    assert before
    lose_checkpoints(tmp_path)
    one.again()
    assert stopped(one.log) == ""
    one.chores.tell()
    assert len(one.kinds("audit_made_anew")) == 1
    sign(one.log)
    assert LogReader(tmp_path / "audit").root(before.size) == before.root
    lose_checkpoints(tmp_path)
    shutil.rmtree(tmp_path / "audit/tile")
    for path in (tmp_path / "audit").glob("tile.aside-*"):
        shutil.rmtree(path)
    one.again()
    assert "put tile, checkpoint and checkpoints back from a copy" in stopped(one.log)


def test_finished_days_are_sealed_recorded_and_read_as_before(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(3)
    before = lines_of(tmp_path)
    one.chores.seal_now()
    assert [name.endswith(".gz") for name in one.names()] == [True, True, True, False]
    told = [one["details"] for one in one.kinds("segment_sealed")]
    for path, said in zip(segments.segments(tmp_path / "audit"), told):
        shown = subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout
        assert isinstance(said, dict)
        assert said["bytes"] == len(shown)
        assert said["gz_sha256"] == digest_of(path)[0]
        assert said["sha256"] == digest_of(path, plain=True)[0]
    assert lines_of(tmp_path)[: len(before)] == before
    one.again()
    assert [row.row for row in one.log.rows(10)][:2] == [11, 12]
    assert one.log.health().sealed_segments == 3
    one.chores.seal_now()
    assert len(one.kinds("segment_sealed")) == 3


def test_a_day_that_is_not_what_was_signed_is_not_sealed(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(2)
    sign(one.log)
    path = segments.segments(tmp_path / "audit")[0]
    path.write_bytes(path.read_bytes().replace(b'"counter":7', b'"counter":8', 1))
    one.chores.seal_now()
    assert not any(name.endswith(".gz") for name in one.names())
    (told,) = one.kinds("audit_altered")
    assert "row 8 is not what was signed" in str(told["details"])


def test_sealing_that_was_cut_off_is_gone_on_with(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(2)
    first = segments.segments(tmp_path / "audit")[0]
    first.with_name(f"{first.name}.gz.new").write_bytes(b"half")
    first.with_name(f"{first.name}.gz").write_bytes(b"torn")
    assert one.names()[0] == first.name, "the plain one counts"
    one.chores.seal_now()
    assert gzip.decompress(first.with_name(f"{first.name}.gz").read_bytes()).count(b"\n") == 40
    assert len(one.kinds("segment_sealed")) == 2


def test_what_is_old_enough_goes_after_its_record_and_proofs_stay(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(3)
    one.chores.seal_now()
    sign(one.log)
    with pytest.raises(ConfigError, match="184"):
        expiry.remove_old(one.journal, 183, one.clock)
    assert expiry.remove_old(one.journal, 184, one.clock, 0) == []
    one.clock.at += 183 * DAY
    gone = expiry.remove_old(one.journal, 184, one.clock, 0)
    assert [each.first for each in gone] == [1, 41]
    sign(one.log)
    reader = LogReader(tmp_path / "audit")
    assert reader.removed() == gone
    with pytest.raises(LogDamaged, match=f"removed by retention in row {gone[0].row}"):
        next(reader.lines(1))
    found = reader.checkpoint()
    assert found
    way = reader.inclusion(0, found.size)
    proofs.check_inclusion(0, found.size, reader.leaf(0), way, found.root)
    one.again()
    assert one.log.health().oldest_row == 81
    one.ledger.close()
    for path in tmp_path.glob("ledger.db*"):
        path.unlink()
    one.open()
    assert [each.row for each in one.journal.rows.after(0, 1)] == [81]
    assert stopped(one.log) == ""
    one.lives(1)


def test_checkpoints_over_nothing_but_removed_rows_go_with_them_and_are_counted(
    tmp_path: Path,
) -> None:
    one, path = Collector(tmp_path), tmp_path / "audit" / "checkpoints"
    for _ in range(3):
        one.lives(1)
        sign(one.log)
    one.chores.seal_now()
    sign(one.log)
    before = path.read_bytes()
    sizes = [each.size for each in LogReader(tmp_path / "audit").checkpoints()]
    one.clock.at += 183 * DAY
    gone = expiry.remove_old(one.journal, 184, one.clock, 0)
    last = gone[-1].last
    assert [each.size for each in LogReader(tmp_path / "audit").checkpoints()] == [
        *(size for size in sizes if size >= last),
        *(each.row for each in gone),
    ], "a record of removal is signed before the segment goes"
    stays = next(size for size in sizes if size >= last)
    assert path.read_bytes().startswith(before[before.index(f"d1\n{stays}\n".encode()) - 12 :])
    told = [str(said["details"]) for said in one.kinds("retention_removed")]
    counted = [int(found) for found in re.findall(r"'checkpoints': (\d+)", "".join(told))]
    assert len(counted) == len(gone)
    assert sum(counted) == sum(size < last for size in sizes) > 0
    sign(one.log)
    report = Check(tmp_path / "audit").run()
    assert report.fine
    assert "gap" not in [found.word for found in report.findings]
    one.again()
    assert stopped(one.log) == ""


def test_what_a_witness_holds_is_compared_with_what_is_left_and_the_hashes_of_the_rest(
    tmp_path: Path,
) -> None:
    one, audit = Collector(tmp_path), tmp_path / "audit"
    for _ in range(3):
        one.lives(1)
        sign(one.log)
    one.chores.seal_now()
    sign(one.log)
    held = list(LogReader(audit).checkpoints())
    one.clock.at += 183 * DAY
    gone = expiry.remove_old(one.journal, 184, one.clock, 0)
    last = gone[-1].last
    found = compared(audit, held)
    assert (found.fine, found.removed, len(found.found)) == (True, last, len(held))
    assert any(f"{last} rows were removed" in line for line in found.lines())
    with pytest.raises(NotProved, match=f"removed when it was old enough, as row {gone[0].row}"):
        prove(audit, 1, tmp_path / "x.zip")

    forged = replace(held[0], root=held[1].root)
    assert [word for _, word in compared(audit, [forged]).found] == ["differs"]
    for tile in files(audit / "tile/0"):
        tile.write_bytes(b"\1" + tile.read_bytes()[1:])
    assert {word for _, word in compared(audit, held).found} == {"differs"}


def test_rows_that_are_gone_without_a_record_are_missed_by_who_compares(tmp_path: Path) -> None:
    one, audit = Collector(tmp_path), tmp_path / "audit"
    one.lives(2)
    one.chores.seal_now()
    sign(one.log)
    held = list(LogReader(audit).checkpoints())
    segments.segments(audit)[0].unlink()
    found = compared(audit, held)
    assert (found.fine, "no row says that they were removed" in found.damage) == (False, True)


def test_a_checkpoint_that_is_damaged_stays_as_evidence_whatever_is_removed(
    tmp_path: Path,
) -> None:
    one, path = Collector(tmp_path), tmp_path / "audit" / "checkpoints"
    one.lives(3)
    one.chores.seal_now()
    sign(one.log)
    before = path.read_bytes().replace(b"\n", b"\nno number ", 1)
    path.write_bytes(before)
    one.clock.at += 183 * DAY
    assert expiry.remove_old(one.journal, 184, one.clock, 0)
    assert path.read_bytes().startswith(before)


def test_the_clock_lets_go_what_is_past_its_time_and_nothing_else(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(203, of_a_day=2)
    one.chores.seal_now()
    assert one.kinds("retention_removed") == []
    one.chores.days = 200
    one.chores.seal_now()
    gone = len(one.kinds("retention_removed"))
    assert 2 <= gone <= 4
    assert one.log.health().oldest_row == 2 * gone + 1
    one.chores.seal_now()
    assert len(one.kinds("retention_removed")) == gone


def test_a_clock_that_jumps_ahead_takes_nothing_away(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(3)
    one.chores.seal_now()
    before = lines_of(tmp_path)
    one.clock.at += 10 * 366 * DAY
    one.lives(1)
    one.chores.seal_now()
    assert lines_of(tmp_path)[: len(before)] == before
    assert not one.kinds("retention_removed")


def test_an_old_record_that_is_changed_meanwhile_is_found_by_the_collector_itself(
    tmp_path: Path,
) -> None:
    one = Collector(tmp_path)
    one.lives(3)
    one.chores.seal_now()
    one.lives(1, 300)
    sign(one.log)
    one.again()
    one.chores.seal_now()
    assert stopped(one.log) == ""
    packed = segments.segments(tmp_path / "audit")[1]
    good = packed.read_bytes()
    lines = gzip.decompress(good).replace(b'"counter":7', b'"counter":8', 1)
    packed.write_bytes(gzip.compress(lines))
    one.again()
    assert stopped(one.log) == "", "a start looks at the last rows alone"
    one.chores.seal_now()
    (told,) = one.kinds("audit_altered")
    assert "row 48 is not what was signed" in str(told["details"])
    packed.write_bytes(good)
    one.again()
    one.chores.seal_now()
    assert stopped(one.log) == ""


def test_a_patrol_goes_on_where_it_was_and_rests_as_long_as_it_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Collector(tmp_path)
    one.lives(2)
    sign(one.log)
    audit = tmp_path / "audit"
    monkeypatch.setattr(patrol, "AT_ONCE_S", 0.0)
    monkeypatch.setattr(patrol, "SHARE", 0)
    walker = patrol.Patrol(one.log)
    with segments.segments(audit)[-1].open("ab") as file:
        file.write(b'{"half":')  # it is just being written
    seen = [walker.walk() for _ in range(4)]
    files = segments.segments(audit)
    assert seen == [[files[0]], [files[1]], [files[2]], [files[0]]]
    monkeypatch.setattr(patrol, "SHARE", 1_000_000)
    assert walker.walk() == [files[1]]
    assert walker.walk() == []


def test_a_line_that_never_ends_fills_no_memory(tmp_path: Path) -> None:
    days(tmp_path)
    path = segments.segments(tmp_path / "audit")[1]
    good = path.read_bytes()
    path.write_bytes(good + b"x" * (segments.MOST_LINE_BYTES + 1))
    found = [number for number, _ in quietly(segments.numbered_lines(path))]
    assert found == list(range(1, 151))
    with pytest.raises(LogDamaged, match="line 151 is longer than any record"):
        list(LogReader(tmp_path / "audit").lines(151))
    path.write_bytes(good)
    assert len(list(LogReader(tmp_path / "audit").lines(151))) == 300


def quietly(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Return what comes before the damage."""
    with suppress(LogDamaged):
        yield from lines


def test_what_is_not_what_was_signed_stays_however_old_and_is_told(tmp_path: Path) -> None:
    one = Collector(tmp_path)
    one.lives(202, of_a_day=2)
    one.chores.seal_now()
    sign(one.log)
    one.chores.days = 201
    (path,) = segments.segments(tmp_path / "audit")[:1]
    good = path.read_bytes()
    path.write_bytes(gzip.compress(gzip.decompress(good).replace(b"true", b"null", 1)))
    one.chores.seal_now()
    assert path.exists()
    assert one.kinds("retention_removed") == []
    (told,) = one.kinds("audit_altered")
    assert told["details"]["file"] == path.name  # type: ignore[index]
    path.write_bytes(good)
    one.again()
    one.chores.days = 201
    one.chores.seal_now()
    assert not path.exists()
    assert len(one.kinds("retention_removed")) == 1


def test_a_copy_beside_a_running_collector_is_whole_and_a_later_one_brings_only_what_is_new(
    tmp_path: Path,
) -> None:
    one = Collector(tmp_path / "c")
    one.lives(3)
    sign(one.log)
    one.journal.note(Note("checkpoint", "d1", "", {"counter": 5}))
    one.journal.sync()
    made = copying.copy_log(tmp_path / "c/audit", tmp_path / "copy")
    assert made.rows == 121
    assert not any("PRIVATE" in path.read_text("latin-1") for path in files(tmp_path / "copy"))
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "copy", check=True)
    drilled = copying.drill(tmp_path / "copy", tmp_path / "drill")
    assert (drilled.rows, drilled.oldest, drilled.root) == (121, 1, made.root)
    one.chores.seal_now()
    sign(one.log)
    more = copying.copy_log(tmp_path / "c/audit", tmp_path / "copy")
    again = copying.copy_log(tmp_path / "c/audit", tmp_path / "copy")
    assert again.fresh < more.fresh
    assert copying.drill(tmp_path / "copy", tmp_path / "drill2").rows == more.rows > 121


def test_a_copy_keeps_the_checkpoints_of_rows_that_only_it_has_still(tmp_path: Path) -> None:
    one, to = Collector(tmp_path / "c"), tmp_path / "copy"
    for _ in range(3):
        one.lives(1)
        sign(one.log)
    one.chores.seal_now()
    sign(one.log)
    copying.copy_log(tmp_path / "c/audit", to)
    sizes = [each.size for each in LogReader(to).checkpoints()]
    one.clock.at += 183 * DAY
    assert expiry.remove_old(one.journal, 184, one.clock, 0)
    sign(one.log)
    made = copying.copy_log(tmp_path / "c/audit", to)
    own = [each.size for each in LogReader(tmp_path / "c/audit").checkpoints()]
    found = [each.size for each in LogReader(to).checkpoints()]
    assert found == sorted({*sizes, *own})
    assert found[-1] == made.rows
    assert sizes[0] < own[0]
    drilled = copying.drill(to, tmp_path / "drill", tmp_path / "c/audit")
    assert (drilled.oldest, drilled.rows, drilled.checkpoints) == (1, made.rows, len(found))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_copy_is_made_each_day_and_one_that_fails_is_a_row_and_tried_again(
    tmp_path: Path,
) -> None:
    one = Collector(tmp_path / "c")
    one.lives(2)
    sign(one.log)
    to = tmp_path / "copy"
    daily = DailyCopy(one.journal, to, one.clock)
    daily.look()
    daily.look()
    assert [row["success"] for row in one.kinds("backup_made")] == [True]
    assert copying.drill(to, tmp_path / "drill").rows == 81
    away = to.rename(tmp_path / "away")
    to.write_text("no folder")
    one.clock.at += DAY
    daily.look()
    daily.look()
    *_, failed = one.kinds("backup_made")
    assert (failed["success"], len(one.kinds("backup_made"))) == (False, 2)
    assert "exists" in str(failed["reason"])
    to.unlink()
    away.rename(to)
    daily.look()
    assert [row["success"] for row in one.kinds("backup_made")] == [True, False, True]
    DailyCopy(one.journal, None, one.clock).look()
    assert len(one.kinds("backup_made")) == 3


def test_a_damaged_copy_fails_the_drill(tmp_path: Path) -> None:
    days(tmp_path / "c")
    copying.copy_log(tmp_path / "c/audit", tmp_path / "copy")
    (path,) = (tmp_path / "copy").glob("2026-11-23.jsonl")
    good = path.read_bytes()
    path.write_bytes(flip(good))
    with pytest.raises(StartError, match=r"2026-11-23\.jsonl is damaged"):
        copying.drill(tmp_path / "copy", tmp_path / "one")
    sums = tmp_path / "copy/SHA256SUMS"
    old, new = digest_of(path)[0], ""
    text = [line for line in sums.read_text().splitlines() if "2026-11-23" not in line]
    new = f"{old}  2026-11-23.jsonl"
    sums.write_text("\n".join([*text, new]) + "\n")
    with pytest.raises(LogDamaged, match="row 151 is not what was signed"):
        copying.drill(tmp_path / "copy", tmp_path / "two")
    path.write_bytes(good)
    days(tmp_path / "other", 2)
    with pytest.raises(StartError, match="another log"):
        copying.copy_log(tmp_path / "other/audit", tmp_path / "copy")


def test_a_drill_writes_nothing_beside_its_folder(tmp_path: Path) -> None:
    days(tmp_path / "c")
    copying.copy_log(tmp_path / "c/audit", tmp_path / "copy")
    sums = tmp_path / "copy/SHA256SUMS"
    good = sums.read_text()
    (tmp_path / "evil").write_text("x")
    sums.write_text(f"{digest_of(tmp_path / 'evil')[0]}  ../evil\n{good}")
    (tmp_path / "into").mkdir()
    with pytest.raises(StartError, match=r"names '\.\./evil'"):
        copying.drill(tmp_path / "copy", tmp_path / "into/drill")
    assert not (tmp_path / "into/evil").exists()
    sums.write_text(good)
    assert copying.drill(tmp_path / "copy", tmp_path / "into/again").rows == 450


def test_a_key_that_others_may_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    key = signing.Signer(ORIGIN, tmp_path / "k.pem")
    assert key.path.stat().st_mode & 0o777 == 0o600
    key.path.chmod(0o640)
    with pytest.raises(StartError, match=r"mode 0640.*chmod 600"):
        signing.Signer(ORIGIN, key.path)
    key.path.chmod(0o600)
    assert signing.Signer(ORIGIN, key.path).public == key.public
    key.path.write_text("no key")
    with pytest.raises(StartError, match="no private key"):
        signing.Signer(ORIGIN, key.path)


def test_the_service_managers_credential_may_be_root_owned_and_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = signing.Signer(ORIGIN, tmp_path / "k.pem")
    key.path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert signing.Signer(ORIGIN, key.path).public == key.public


@pytest.mark.parametrize("lost", [False, True], ids=["rotated", "lost"])
def test_a_new_key_signs_on_and_old_checkpoints_hold_by_the_old_one(
    tmp_path: Path, lost: bool
) -> None:
    log = days(tmp_path)
    assert log.notary
    old = log.notary.signer
    if lost:
        old.path.unlink()
    else:
        shown = signing.rotate(old.path)
        assert b"PUBLIC" in shown.read_bytes()
    log = open_log(tmp_path)
    assert stopped(log) == ""
    log.append(rows(451, 460, NOW + 2 * DAY))
    sign(log)
    assert log.notary
    new = log.notary.signer
    assert new.public != old.public
    *before, last = LogReader(tmp_path / "audit").notes()
    assert last.checkpoint(ORIGIN, new.public).size == 460
    assert [one.checkpoint(ORIGIN, old.public).size for one in before][-1] == 450
    keys = LogReader(tmp_path / "audit").keys()
    assert keys == [old.verifier_key, new.verifier_key]


def test_a_checkpoint_verifies_with_stock_openssl(tmp_path: Path) -> None:
    days(tmp_path)
    signed = LogReader(tmp_path / "audit").note()
    assert signed
    (tmp_path / "text").write_text(signed.text)
    (tmp_path / "sig").write_bytes(signed.signatures[0][2])
    command = "openssl pkeyutl -verify -pubin -inkey audit-key.pub.pem -rawin -in text -sigfile sig"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    assert note.checkpoint_in(signed.text).size == 450


def test_lines_are_read_from_any_row_and_a_gap_is_named(tmp_path: Path) -> None:
    days(tmp_path)
    reader = LogReader(tmp_path / "audit")
    for first in (1, 150, 151, 450):
        assert [row for row, _ in reader.lines(first)] == list(range(first, 451))
    path = segments.segments(tmp_path / "audit")[1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:5], *lines[6:]]))
    with pytest.raises(LogDamaged, match="line 6 is row 157 and not 156") as failed:
        list(reader.lines(151))
    assert (failed.value.path, failed.value.record) == (path, 156)
    path.unlink()
    with pytest.raises(LogDamaged, match="begins with row 301; 151 is gone"):
        list(reader.lines(1))
