"""Whatever is done to a log is named, by the right word, at the right record."""

import gzip
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.evidence.findings import Report
from collector.evidence.heads import read_public
from collector.evidence.signing import Signer, origin_of, public_file, rotate
from collector.evidence.statements import Statements
from collector.evidence.verify import Check
from core.clock import SECOND
from core.merkle.note import read_verifier_key
from core.merkle.statements import key_text
from tests.collector.evidence.logs import Made, made, words


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three days of 300 rows, the first one packed; row 901 says so."""
    return made(tmp_path_factory.mktemp("whole") / "d1")


@pytest.fixture
def log(whole: Made, tmp_path: Path) -> Made:
    return whole.copy(tmp_path / "copy")


def found(log: Made) -> tuple[str, str, int, int]:
    """Return word, file, line and row of the first bad record."""
    one = next(each for each in log.check().findings if each.bad)
    return one.word, one.file, one.line, one.row


def edit(path: Path, change: Callable[[list[bytes]], None]) -> None:
    data = path.read_bytes()
    packed = path.suffix == ".gz"
    lines = (gzip.decompress(data) if packed else data).splitlines(keepends=True)
    change(lines)
    data = b"".join(lines)
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)


DAY2, DAY3 = "2026-12-02.jsonl", "2026-12-03.jsonl"


def test_a_log_that_nobody_touched_is_fine_and_what_is_not_known_is_said(log: Made) -> None:
    report = log.check()
    assert report.fine
    assert [one.word for one in report.findings] == ["no_witness"]
    assert (report.rows, report.signed, report.checkpoints, report.segments) == (901, 901, 10, 3)
    assert [one.word for one in log.check(key=False).findings] == ["key_of_folder", "no_witness"]
    assert log.check(*log.heads()).findings == []


@pytest.mark.parametrize("name", ["2026-12-01.jsonl.gz", DAY2, DAY3])
@pytest.mark.parametrize("line", [1, 2, 150, 300])
def test_a_changed_letter_is_altered(log: Made, name: str, line: int) -> None:
    def change(lines: list[bytes]) -> None:
        lines[line - 1] = lines[line - 1].replace(b"link_down", b"link_dowm")

    edit(log.audit / name, change)
    row = int(name[9]) * 300 - 300 + line
    assert found(log) == ("altered", name, line, row)


def test_a_changed_row_number_is_altered(log: Made) -> None:
    edit(
        log.audit / DAY2,
        lambda lines: lines.__setitem__(0, re.sub(b'"row":301', b'"row":1', lines[0])),
    )
    assert found(log) == ("altered", DAY2, 1, 301)


def test_a_line_that_is_no_record_any_more_is_altered(log: Made) -> None:
    edit(log.audit / DAY2, lambda lines: lines.__setitem__(9, b"\xff\x00{\n"))
    assert found(log) == ("altered", DAY2, 10, 310)


@pytest.mark.parametrize("count", [1, 7])
def test_lines_that_are_gone_are_dropped(log: Made, count: int) -> None:
    edit(log.audit / DAY2, lambda lines: lines.__delitem__(slice(20, 20 + count)))
    assert found(log) == ("dropped", DAY2, 21, 321)


def test_the_first_lines_of_all_may_not_go(log: Made) -> None:
    edit(log.files()[0], lambda lines: lines.__delitem__(slice(0, 3)))
    assert found(log) == ("dropped", "2026-12-01.jsonl.gz", 1, 1)


def test_a_segment_that_is_gone_is_dropped(log: Made) -> None:
    (log.audit / DAY2).unlink()
    assert found(log) == ("dropped", DAY3, 1, 301)


def test_the_oldest_segment_may_go_only_where_a_row_says_so(log: Made) -> None:
    (log.audit / "2026-12-01.jsonl.gz").unlink()
    assert found(log) == ("dropped", DAY2, 1, 1)
    said = log.event("retention_removed", "audit", first=1, last=300)
    log.append([replace(said, who="110105/school-1/a")])
    assert found(log) == ("dropped", DAY2, 1, 1), "an agent cannot vouch for it"
    log.append([log.event("retention_removed", "audit", first=1, last=300)])
    log.append([log.event("retention_removed", "audit", first=301, last=600)], sign=False)
    report = log.check()
    assert report.fine
    assert [(one.word, one.row) for one in report.findings if one.word == "retention"] == [
        ("retention", 903)
    ]
    edit(log.audit / DAY2, lambda lines: lines.__delitem__(20))
    assert found(log) == ("dropped", DAY2, 21, 321)


def test_two_lines_that_changed_places_are_reordered(log: Made) -> None:
    def change(lines: list[bytes]) -> None:
        lines[10], lines[40] = lines[40], lines[10]

    edit(log.audit / DAY2, change)
    assert found(log) == ("reordered", DAY2, 11, 311)


def test_a_line_that_was_made_up_is_inserted(log: Made) -> None:
    made_up = b'{"kind":"link_up","received":1,"row":330}\n'
    edit(log.audit / DAY2, lambda lines: lines.insert(29, made_up))
    assert found(log) == ("inserted", DAY2, 30, 330)


def test_a_line_that_stands_there_twice_is_inserted(log: Made) -> None:
    edit(log.audit / DAY2, lambda lines: lines.insert(30, lines[29]))
    assert found(log) == ("inserted", DAY2, 31, 331)


def test_an_end_that_is_gone_is_cut(log: Made) -> None:
    edit(log.audit / DAY3, lambda lines: lines.__delitem__(slice(200, None)))
    assert found(log) == ("cut", DAY3, 0, 801)


def test_half_a_line_that_was_signed_is_cut_and_no_crash(log: Made) -> None:
    path = log.audit / DAY3
    os.truncate(path, path.stat().st_size - 10)
    assert found(log)[0] == "cut"
    assert found(log)[3] == 901


def test_segments_that_stand_in_each_others_place_are_swapped(log: Made) -> None:
    two, three, other = log.audit / DAY2, log.audit / DAY3, log.audit / "x"
    two.rename(other), three.rename(two), other.rename(three)
    assert found(log) == ("swapped", DAY2, 1, 301)


def test_the_first_segment_that_was_swapped_is_named(log: Made) -> None:
    one, two = log.audit / "2026-12-01.jsonl.gz", log.audit / DAY2
    first = gzip.decompress(one.read_bytes())
    one.write_bytes(gzip.compress(two.read_bytes(), mtime=0))
    two.write_bytes(first)
    assert found(log) == ("swapped", one.name, 1, 1)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("other") / "d2", "d2")


def test_a_segment_of_another_collector_is_foreign(log: Made, other: Made) -> None:
    shutil.copy(other.audit / DAY2, log.audit / DAY2)
    assert found(log) == ("foreign", DAY2, 1, 301)
    shutil.rmtree(log.audit / "tile")
    assert found(log)[0] == "altered", "without tiles it cannot be told which row it was"


def test_a_checkpoint_of_another_collector_is_foreign(log: Made, other: Made) -> None:
    with (log.audit / "checkpoints").open("ab") as file:
        file.write((other.audit / "checkpoint").read_bytes() + b"\n")
    assert found(log)[:2] == ("foreign", "checkpoints")


def test_a_whole_log_by_another_key_is_foreign(log: Made, tmp_path: Path) -> None:
    forged = made(tmp_path / "forged")
    keys = [read_public(public_file(log.key))]
    report = Check(forged.audit, keys).run()
    assert words(report)[0] == "foreign"


def test_a_key_that_a_row_announces_counts_only_for_who_was_given_it(log: Made) -> None:
    before = [read_public(public_file(log.key))]
    log.restart()
    log.key.unlink()
    assert log.log.notary
    log.append([log.event("audit_key", "audit", key=log.log.notary.signer.verifier_key)])
    log.write(20)
    after = [read_public(public_file(log.key))]
    (bad,) = [one for one in Check(log.audit, before).run().findings if one.bad]
    assert (bad.word, bad.row) == ("foreign", 902)
    assert "rows 902 to 922 are signed by another key alone" in bad.what
    assert Check(log.audit, before + after).run().fine
    assert log.check().findings[0].word == "foreign", "the first ones are by a key of the past"


def test_a_checkpoint_that_was_changed_is_named_by_its_line(log: Made) -> None:
    path = log.audit / "checkpoints"
    lines = path.read_bytes().split(b"\n")
    begin = lines.index(b"schoolwatch/d1", 8)
    lines[begin + 1] = b"250"
    path.write_bytes(b"\n".join(lines))
    assert found(log)[:3] == ("checkpoint_altered", "checkpoints", begin + 1)


def test_checkpoints_in_another_order_are_named(log: Made) -> None:
    path = log.audit / "checkpoints"
    parts = path.read_bytes().split(b"\n\n")
    parts[2:4], parts[4:6] = parts[4:6], parts[2:4]
    path.write_bytes(b"\n\n".join(parts))
    assert found(log)[:2] == ("checkpoint_order", "checkpoints")


@pytest.mark.parametrize("at", [0, 40, 8_000])
def test_a_changed_tile_is_damage_of_the_tile_only(log: Made, at: int) -> None:
    path = log.audit / "tile" / "0" / "001"
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert found(log) == ("tile_damaged", "tile/0/001", 0, 257)
    path.unlink()
    assert found(log) == ("tile_damaged", "tile/0/001", 0, 257)


def test_a_record_that_was_changed_with_its_tile_is_altered_somewhere(log: Made) -> None:
    shutil.rmtree(log.audit / "tile")
    edit(log.audit / DAY2, lambda x: x.__setitem__(9, x[9].replace(b"link_down", b"link_dowm")))
    word, file, _, row = found(log)
    assert (word, file, row) == ("altered", "", 301), "the rows from the last good checkpoint on"
    edit(log.audit / DAY2, lambda lines: lines.__delitem__(9))
    assert found(log) == ("dropped", DAY2, 10, 310), "row numbers still tell what is gone"


def forge(log: Made, change: Callable[[Path], None]) -> None:
    """Do what root can who has the key: change a line, and make tree and checkpoints anew."""
    change(log.audit)
    for name in ("checkpoint", "checkpoints", "keys"):
        (log.audit / name).unlink()
    shutil.rmtree(log.audit / "tile")
    log.restart()
    assert log.log.notary
    log.log.notary.sign()


def test_what_root_rewrote_and_signed_anew_only_a_witness_shows(log: Made) -> None:
    heads = log.heads()

    def change(audit: Path) -> None:
        edit(audit / DAY2, lambda x: x.__setitem__(9, x[9].replace(b"link_down", b"link_dowm")))

    forge(log, change)
    assert log.check().fine, "that is what cannot be told without a witness"
    report = log.check(*heads)
    first = report.findings[0]
    assert (first.word, first.row) == ("rewritten", 301)
    assert "2026-12-02T00:01:40Z" in first.what, "the time of the first checkpoint that differs"
    assert words(log.check(heads[-1])) == ["rewritten"]
    assert log.check(heads[0]).fine, "who witnessed only what came before saw nothing"


def test_checkpoints_that_were_signed_anew_do_not_say_where_the_rewriting_began(log: Made) -> None:
    held = log.heads()[-1]
    name = sorted(path.name for path in log.audit.glob("*.jsonl*"))[0]

    def change(audit: Path) -> None:
        edit(audit / name, lambda x: x.__setitem__(4, x[4].replace(b'"row"', b'"row" ', 1)))

    forge(log, change)
    (first,) = [one for one in log.check(held).findings if one.word == "rewritten"]
    assert first.row == 1
    assert "the rows 1 to 901 are not those" in first.what


def test_a_tree_that_a_collector_made_anew_is_told_by_its_row(log: Made) -> None:
    log.append([log.event("audit_made_anew", "audit", rows=901)])
    assert found(log) == ("made_anew", "", 0, 902)


def test_a_log_that_was_cut_and_signed_anew_is_shorter_than_a_witness_holds(log: Made) -> None:
    heads = log.heads()
    forge(log, lambda audit: (audit / DAY3).unlink())
    assert log.check().fine
    report = log.check(*heads)
    assert [(one.word, one.row) for one in report.findings][:1] == [("cut", 601)]


def test_a_log_that_was_rewritten_beside_its_old_checkpoints_shows_itself(log: Made) -> None:
    old = (log.audit / "checkpoints").read_bytes()

    def change(audit: Path) -> None:
        edit(audit / DAY2, lambda x: x.__setitem__(9, x[9].replace(b"link_down", b"link_dowm")))

    forge(log, change)
    log.write(10)
    path = log.audit / "checkpoints"
    path.write_bytes(old + path.read_bytes().split(b"\n\n", 2)[2])
    assert found(log)[0] == "rewritten"
    assert found(log)[3] == 301


def test_a_clock_that_was_set_back_is_named_unless_a_row_tells_why(log: Made) -> None:
    log.now -= 7_200 * SECOND
    log.write(3)
    bad = [(one.word, one.row) for one in log.check().findings if one.bad]
    assert ("clock_back", 902) in bad
    assert all(word == "clock_back" for word, _ in bad)
    log.append([log.event("clock_back", "clock")])
    report = log.check()
    assert report.fine
    (row, checkpoint) = [one for one in report.findings if one.word == "clock_told"]
    assert (row.file, row.row, checkpoint.file, checkpoint.row) == (DAY3, 902, "checkpoints", 904)
    assert all("row 905 tells of it" in one.what for one in (row, checkpoint))


def test_a_clock_that_is_corrected_by_seconds_is_no_finding(log: Made) -> None:
    log.now -= 5 * SECOND
    log.write(1)
    assert log.check(*log.heads()).findings == []


def test_of_two_rows_that_tell_of_the_clock_the_nearer_is_named(log: Made) -> None:
    for _ in range(2):
        log.now -= 7_200 * SECOND
        log.append([log.event("clock_back", "clock")])
        log.write(50)
    told = [one.what for one in log.check().findings if one.word == "clock_told"]
    assert [what.rpartition("; ")[2] for what in told] == [
        *["row 902 tells of it"] * 2,
        *["row 953 tells of it"] * 2,
    ]


def test_a_packed_file_with_other_content_is_named(log: Made) -> None:
    path = log.audit / "2026-12-01.jsonl.gz"
    data = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(data, 1, mtime=0))
    assert found(log)[:2] == ("seal_differs", path.name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert found(log)[:2] == ("unreadable", path.name)
    path.write_bytes(whole[:40])
    assert words(log.check()) == ["unreadable"], "there is a checkpoint, and that is not denied"


def test_a_seal_that_was_changed_is_altered(log: Made) -> None:
    edit(log.audit / DAY3, lambda x: x.__setitem__(-1, x[-1].replace(b'"bytes":', b'"bytes":1')))
    assert found(log)[0] == "altered"
    assert found(log)[3] == 901


def test_without_a_checkpoint_nothing_can_be_told(log: Made) -> None:
    for name in ("checkpoint", "checkpoints"):
        (log.audit / name).unlink()
    assert words(log.check()) == ["unsigned"]


# What nobody tampered with.


def test_a_crash_that_tore_the_end_is_no_tampering(log: Made) -> None:
    log.write(3, sign=False)
    with (log.audit / DAY3).open("ab") as file:
        file.write(b'{"active":true,"agen')
    report = log.check()
    assert report.fine
    assert {one.word for one in report.findings} == {"torn", "tail", "no_witness"}
    log.restart()
    log.write(3)
    assert log.check().fine


def test_a_log_that_was_taken_in_is_fine(tmp_path: Path) -> None:
    log = made(tmp_path / "d1", days=1)
    whole = gzip.decompress if log.files()[0].suffix == ".gz" else bytes
    month = log.audit / "2026-12.jsonl"
    month.write_bytes(whole(log.files()[0].read_bytes()))
    (log.audit / "2026-12-01.jsonl").unlink()
    for name in ("checkpoint", "checkpoints", "keys"):
        (log.audit / name).unlink()
    shutil.rmtree(log.audit / "tile")
    log.restart()
    log.write(300)
    assert words(log.check()) == []
    assert [path.name for path in log.files()] == ["2026-12.jsonl", "2026-12-01.jsonl"]
    edit(month, lambda x: x.__setitem__(9, x[9].replace(b"link_down", b"link_dowm")))
    assert found(log) == ("altered", "2026-12.jsonl", 10, 10)


def test_a_log_that_grows_while_it_is_read_is_fine(
    log: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Check._learn_keys

    def learn(self: Check, *args: object) -> None:
        log.write(300)
        log.next_day()
        log.write(20)
        begun(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Check, "_learn_keys", learn)
    assert log.check().fine


# Anything.


def flippable(log: Made) -> Iterator[Path]:
    yield from log.files()
    yield from (log.audit / "checkpoints", log.audit / "checkpoint")
    yield from sorted(path for path in (log.audit / "tile").rglob("*") if path.is_file())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_flipped_bit_is_fine_and_none_crashes_the_check(log: Made, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(flippable(log))))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    broken = bytearray(whole)
    broken[at // 8] ^= 1 << at % 8
    path.write_bytes(broken)
    try:
        report = log.check()
        if path.parts[-2] != "audit" and ".p" in str(path.parent):
            return  # an older partial tile, which nobody reads
        assert not report.fine, (path.name, at)
        json.dumps(report.as_dict())
    finally:
        path.write_bytes(whole)


def notes(report: Report) -> list[str]:
    return [one.word for one in report.findings if not one.bad and one.word != "no_witness"]


def test_checkpoints_that_were_taken_out_are_told_by_the_minutes_without_one(
    tmp_path: Path,
) -> None:
    log = Made(tmp_path / "d1")
    for _ in range(40):
        log.write(1, step=60 * SECOND)
    assert notes(log.check()) == []
    path = log.audit / "checkpoints"
    blocks = path.read_bytes().split(b"\n\n")
    path.write_bytes(b"\n\n".join(blocks[:20] + blocks[-21:]))
    report = log.check()
    assert (words(report), notes(report)) == ([], ["gap"])
    assert next(one for one in report.findings if one.word == "gap").row == 11
    path.unlink()
    assert notes(log.check()) == ["gap"]


def test_a_segment_under_another_day_is_told_unless_the_clock_explains_it(log: Made) -> None:
    log.seal(log.files()[-1])  # before its day is over: rows of that day go on in the next file
    log.restart()
    log.write(5)
    assert "renamed" not in words(log.check())
    last = log.files()[-1]
    last.rename(last.with_name("2026-12-19.jsonl"))
    assert found(log) == ("renamed", "2026-12-19.jsonl", 1, 902)


@pytest.mark.parametrize("name", ["keys", "statements", "removed"])
def test_a_small_file_that_is_garbage_is_named(log: Made, name: str) -> None:
    (log.audit / name).write_bytes(b"\x00garbage\n")
    assert found(log)[:2] == ("side_damaged", name)
    (log.audit / name).unlink()
    assert log.check().fine


def test_just_after_a_rotation_the_old_key_is_said_to_name_the_new_one(tmp_path: Path) -> None:
    log = Made(tmp_path / "d1")
    old = Signer(origin_of("d1"), tmp_path / "d1/audit-key.pem")
    log.append([log.event("audit_key", "audit", key=old.verifier_key)])
    log.write(50)
    rotate(log.key)
    assert words(log.check()) == ["foreign"], "nobody vouches for the new key"
    new = Signer(old.origin, log.key)
    Statements(log.audit).add(old.state(key_text(old.origin, new.verifier_key)))
    assert words(log.check()) == ["old_key"]
    before = [read_verifier_key(old.verifier_key)[1]]
    log.restart()
    log.write(50)
    assert log.check().fine
    assert Check(log.audit, before).run().fine, "who has the old key follows what it signed"
