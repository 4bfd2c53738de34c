"""Days that are written, sealed and opened again: power cuts, full disks, wrong clocks."""

import gzip
import hashlib
import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.logs.kept import book as book_module
from agent.logs.kept.book import Book
from agent.logs.kept.rows import came, note, noted, read, written
from agent.logs.kept.verify import check_device
from agent.logs.line import MOST_BYTES
from core.clock import SECOND
from core.merkle.hashing import root_of
from tests.agent.logs.kept.making import DAY, NOON, book_of, lines, row, sealed
from tests.chance import examples
from tests.real import disks


def opened(folder: Path, at: int = NOON, boot: int = 0) -> Book:
    book = Book(folder)
    book.recover(at, boot)
    return book


@given(st.binary(max_size=300), st.integers(0, 4_000_000_000 * SECOND), st.booleans())
@settings(max_examples=examples(200))
def test_a_row_comes_back_byte_by_byte(data: bytes, at: int, back: bool) -> None:
    line = written(at, data, back=back)
    assert b"\n" not in line
    found = read(line)
    assert found is not None
    assert (came(found.data), found.at, found.is_back) == (data, at // 1_000 * 1_000, back)


def test_what_is_too_long_is_cut_and_marked_and_a_note_is_no_row() -> None:
    found = read(written(NOON, b"x" * (MOST_BYTES + 1)))
    assert found is not None
    assert (found.mark, len(found.data)) == ("cut", MOST_BYTES)
    told = read(note(NOON, "disk", 7))
    assert told is not None
    assert noted(told) == ("disk", 7)
    forged = read(written(NOON, b"gap\tdisk 7"))
    assert forged is not None
    assert noted(forged) == ("", 0), "a device cannot write a note"


def test_a_day_is_sealed_with_what_stock_tools_can_recompute(tmp_path: Path) -> None:
    book = book_of(tmp_path / "fw-1")
    (seal,) = sealed(book)
    assert (seal.file, seal.rows, seal.lines, seal.number) == ("2026-11-21", 600, 600, 1)
    assert (seal.first, seal.last) == (NOON, NOON + 599 * SECOND)
    path = tmp_path / "fw-1/2026-11-21.log.gz"
    plain = subprocess.run(["zcat", path], capture_output=True, check=True).stdout
    assert hashlib.sha256(plain).hexdigest() == seal.sha256
    assert hashlib.sha256(path.read_bytes()).hexdigest() == seal.gz_sha256
    assert root_of(plain.splitlines()).hex() == seal.root
    assert not (tmp_path / "fw-1/2026-11-21.log").exists()
    assert path.stat().st_mode & 0o077 == 0
    assert list(check_device(tmp_path / "fw-1")) == []


def test_rows_of_two_days_in_one_writing_go_each_into_its_file(tmp_path: Path) -> None:
    book = opened(tmp_path / "fw-1")
    book.append([(NOON + i * DAY // 2, row(i)) for i in range(5)], 0)
    book.seal()
    assert [(one.file, one.rows) for one in sealed(book)] == [("2026-11-21", 1), ("2026-11-22", 2)]
    assert list(check_device(tmp_path / "fw-1")) == []


def test_an_agent_that_starts_again_goes_on_with_the_file_of_the_day(tmp_path: Path) -> None:
    book = opened(tmp_path / "fw-1")
    book.append([(NOON, row(1))], 0)
    book.close()
    again = opened(tmp_path / "fw-1", NOON + SECOND)
    again.append([(NOON + SECOND, row(2))], 0)
    again.roll(NOON + DAY, 0)
    again.seal()
    (seal,) = sealed(again)
    assert (seal.rows, seal.lines, dict(seal.gaps)) == (2, 3, {"start": 1})


@pytest.mark.parametrize(
    "torn", [b"2026-11-21T12:00:0", b"\0" * 4_096, b"\0\n\0\n", b"x" * 50_000], ids=repr
)
def test_what_a_power_cut_tore_is_cut_and_told(tmp_path: Path, torn: bytes) -> None:
    book = opened(tmp_path / "fw-1")
    book.append([(NOON, row(1)), (NOON + SECOND, row(2))], 0)
    book.close()
    with (tmp_path / "fw-1/2026-11-21.log").open("ab") as file:
        file.write(torn)
    again = opened(tmp_path / "fw-1", NOON + 2 * SECOND)
    again.append([(NOON + 2 * SECOND, row(3))], 0)
    again.roll(NOON + DAY, 0)
    again.seal()
    (seal,) = sealed(again)
    assert (seal.rows, seal.gaps["torn_bytes"], seal.gaps["start"]) == (3, len(torn), 1)
    assert list(check_device(tmp_path / "fw-1")) == []


@given(st.data())
@settings(max_examples=examples(60), deadline=None)
def test_no_damage_to_the_file_of_the_day_stops_the_log(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log") / "fw-1"
    book = opened(folder)
    book.append([(NOON + i, row(i)) for i in range(20)], 0)
    book.close()
    path = folder / "2026-11-21.log"
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    path.write_bytes(content[:start] + data.draw(st.binary(max_size=60)) + content[end:])
    again = opened(folder, NOON + SECOND)
    again.append([(NOON + SECOND, row(99))], 0)
    again.roll(NOON + DAY, 0)
    again.seal()
    (seal,) = sealed(again)
    assert not seal.altered_while_open
    kept = lines(folder / "2026-11-21.log.gz")
    assert kept[-1].endswith(row(99) + b"\n")
    assert seal.lines == len(kept)
    untouched = content[:start].count(b"\n")
    assert b"".join(kept).startswith(b"".join(io.BytesIO(content).readlines()[:untouched]))


@pytest.mark.parametrize("step", ["seal_of", "append", "unlink"])
def test_a_power_cut_while_a_day_is_sealed_is_made_good_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    book = opened(tmp_path / "fw-1")
    book.append([(NOON, row(1))], 0)
    book.roll(NOON + DAY, 0)

    def cut(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if step == "unlink":
            patched.setattr(Path, "unlink", cut)
        else:
            patched.setattr(book_module, step, cut)
        with pytest.raises(KeyboardInterrupt):
            book.seal()
    again = opened(tmp_path / "fw-1", NOON + DAY)
    again.roll(NOON + DAY, 0)
    again.seal()
    assert [(one.number, one.rows) for one in sealed(again)] == [(1, 1)]
    assert list(check_device(tmp_path / "fw-1")) == []


def test_a_clock_set_back_leaves_rows_in_the_newest_file_with_a_mark(tmp_path: Path) -> None:
    book = opened(tmp_path / "fw-1")
    book.append([(NOON, row(1)), (NOON - 3 * DAY, row(2)), (NOON - 3 * DAY + 1, row(3))], 0)
    assert [path.name for path in (tmp_path / "fw-1").iterdir()] == ["2026-11-21.log"]
    book.roll(NOON + DAY, 0)
    book.seal()
    # Set back once more, after the day was sealed.
    book.append([(NOON - DAY, row(4))], 0)
    book.roll(NOON + 2 * DAY, 0)
    book.seal()
    found = [(one.file, one.rows, one.gaps.get("clock_back", 0)) for one in sealed(book)]
    assert found == [("2026-11-21", 3, 2), ("2026-11-21.2", 1, 1)]
    assert list(check_device(tmp_path / "fw-1")) == []


def test_a_clock_that_was_years_ahead_does_not_hold_a_file_open(tmp_path: Path) -> None:
    book, hour = opened(tmp_path / "fw-1"), 3_600 * SECOND
    book.append([(NOON + 4_000 * DAY, row(1))], 0)
    for passed in range(1, 80):
        at, boot = NOON + passed * hour, passed * hour
        book.append([(at, row(passed))], boot)
        book.roll(at, boot)
    book.seal()
    assert [one.file for one in sealed(book)] == ["2037-11-03", "2037-11-03.2", "2037-11-03.3"]
    assert book.oldest() == NOON + hour


def test_a_clock_that_was_lost_makes_no_log_old(tmp_path: Path) -> None:
    book = opened(tmp_path / "fw-1", 0)
    book.append([(0, row(1))], 0)
    book.append([(NOON, row(2))], 0)
    book.seal()
    assert book.oldest() == NOON
    assert [one.file for one in sealed(book)] == ["1970-01-01"]


def test_a_disk_that_is_full_loses_rows_that_are_counted_and_then_goes_on(tmp_path: Path) -> None:
    with disks.small(tmp_path / "disk", 1) as disk:
        book = opened(disk / "fw-1")
        book.append([(NOON, row(1))], 0)
        filler = disks.fill(disk)
        for second in range(1, 4):
            with pytest.raises(OSError, match="No space"):
                book.append([(NOON + second * SECOND, b"x" * 8_000)] * 2, 0)
        assert (book.lost["disk"], book.kept) == (6, 1)
        filler.unlink()
        book.append([(NOON + 9 * SECOND, row(2))], 0)
        book.roll(NOON + DAY, 0)
        book.seal()
        (seal,) = sealed(book)
        assert (seal.rows, dict(seal.gaps)) == (2, {"disk": 6})
        assert list(check_device(disk / "fw-1")) == []
        book.close()


def test_a_file_that_somebody_takes_away_while_it_grows_is_told_as_lost(tmp_path: Path) -> None:
    book = opened(tmp_path / "fw-1")
    book.append([(NOON, row(1))] * 3, 0)
    (tmp_path / "fw-1/2026-11-21.log").unlink()
    book.append([(NOON + DAY, row(2))], 0)
    assert book.seal() == []
    assert dict(book.lost) == {"file_gone": 3}


def test_a_file_that_somebody_alters_while_it_grows_is_sealed_as_altered(tmp_path: Path) -> None:
    book = opened(tmp_path / "fw-1")
    book.append([(NOON, row(1)), (NOON, row(2))], 0)
    path = tmp_path / "fw-1/2026-11-21.log"
    path.write_bytes(path.read_bytes().replace(b"row 1", b"row 7"))
    book.roll(NOON + DAY, 0)
    book.seal()
    (seal,) = sealed(book)
    assert seal.altered_while_open
    (found,) = check_device(tmp_path / "fw-1")
    assert (found.file, found.what) == ("2026-11-21.log.gz", "altered")


def test_the_oldest_day_goes_first_and_its_seal_says_so(tmp_path: Path) -> None:
    book = book_of(tmp_path / "fw-1", days=3, rows=2)
    assert book.oldest() == book.began() == NOON
    dropped = book.drop(NOON + 4 * DAY)
    assert dropped is not None
    assert (dropped.file, dropped.rows) == ("2026-11-21", 2)
    assert (book.oldest(), book.began()) == (NOON + DAY, NOON)
    assert list(check_device(tmp_path / "fw-1")) == []
    again = opened(tmp_path / "fw-1", NOON + 4 * DAY)
    assert list(again.seals) == ["2026-11-22", "2026-11-23"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        book_of(tmp_path / name)
    one, other = (tmp_path / name / "2026-11-21.log.gz" for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    assert gzip.decompress(one.read_bytes()).count(b"\n") == 600
