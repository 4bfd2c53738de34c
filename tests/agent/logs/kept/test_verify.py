"""What somebody does to days that were sealed, and what it is called."""

import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.logs.kept.seals import told
from agent.logs.kept.verify import check_device
from tests.agent.logs.kept.making import book_of, lines, rewrite, sealed
from tests.chance import examples

Change = Callable[[list[bytes]], list[bytes]]


def kinds(folder: Path) -> list[tuple[str, str]]:
    return [(one.file, one.what) for one in check_device(folder)]


@pytest.mark.parametrize(
    ("change", "what", "line"),
    [
        (lambda x: [*x[:300], x[300].replace(b"row", b"wor"), *x[301:]], "altered", 257),
        (lambda x: [*x[:300], *x[301:]], "dropped", 257),
        (lambda x: [*x[:300], x[10], *x[300:]], "inserted", 257),
        (lambda x: [*x[:300], x[301], x[300], *x[302:]], "reordered", 302),
        (lambda x: x[:400], "cut", 401),
        (lambda x: x[:256], "cut", 257),
        (lambda x: [*x[:399], x[399][:20]], "cut", 401),
        (lambda x: x[::-1], "reordered", 2),
        (lambda _: [], "cut", 1),
    ],
    ids=["flip", "drop", "insert", "swap", "cut", "cut at block", "torn", "reverse", "empty"],
)
def test_a_day_that_was_changed_is_named(
    tmp_path: Path, change: Change, what: str, line: int
) -> None:
    book_of(tmp_path)
    path = tmp_path / "2026-11-21.log.gz"
    before = path.read_bytes()
    rewrite(path, change(lines(path)))
    (found,) = check_device(tmp_path)
    assert (found.file, found.what, found.line) == (path.name, what, line), found
    path.write_bytes(before)
    assert kinds(tmp_path) == []


def test_a_compressed_file_that_was_cut_is_named(tmp_path: Path) -> None:
    book_of(tmp_path)
    path = tmp_path / "2026-11-21.log.gz"
    path.write_bytes(path.read_bytes()[:-200])
    assert kinds(tmp_path) == [(path.name, "cut")]


def test_days_that_are_missing_swapped_or_new_are_named(tmp_path: Path) -> None:
    book_of(tmp_path, days=3, rows=5)
    one, two, three = (tmp_path / f"2026-11-2{day}.log.gz" for day in (1, 2, 3))
    one.unlink()
    assert kinds(tmp_path) == [(one.name, "missing")]
    shutil.copy(two, one)
    assert [name for name, _ in kinds(tmp_path)] == [one.name]
    swap = two.read_bytes()
    two.write_bytes(three.read_bytes())
    three.write_bytes(swap)
    assert [name for name, _ in kinds(tmp_path)] == [one.name, two.name, three.name]
    shutil.copy(two, tmp_path / "2026-11-20.log.gz")
    assert ("2026-11-20.log.gz", "unsealed") in kinds(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[1:],
        lambda x: [x[0], x[2]],
        lambda x: [x[0].replace(b'"rows":5', b'"rows":6'), *x[1:]],
        lambda x: [x[1], x[0], x[2]],
        lambda x: [b"{}\n", *x[1:]],
        lambda x: [b"\xff\n", *x[1:]],
    ],
    ids=["first", "middle", "altered", "swapped", "emptied", "no text"],
)
def test_seals_that_were_changed_are_named(tmp_path: Path, change: Change) -> None:
    book_of(tmp_path, days=3, rows=5)
    path = tmp_path / "seals.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    assert ("seals.jsonl", "seals") in kinds(tmp_path)


def test_who_rewrites_files_and_seals_has_the_districts_log_against_him(tmp_path: Path) -> None:
    known = [told(one) for one in sealed(book_of(tmp_path / "true", days=3, rows=5))]
    book_of(tmp_path / "false", days=3, rows=4)
    book_of(tmp_path / "short", days=2, rows=5)
    known = json.loads(json.dumps(known))
    assert list(check_device(tmp_path / "true", known)) == []
    assert {one.what for one in check_device(tmp_path / "false", known)} == {"district"}
    assert [one.what for one in check_device(tmp_path / "short", known)] == ["missing"]
    assert [one.what for one in check_device(tmp_path / "true", known[:2])] == ["district"]


@given(st.data())
@settings(max_examples=examples(60), deadline=None)
def test_no_change_of_a_byte_goes_unseen(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    book_of(folder, rows=40)
    path = folder / "2026-11-21.log.gz"
    kept = lines(path)
    content = bytearray(b"".join(kept))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    rewrite(path, [bytes(content)])
    assert [one.file for one in check_device(folder)] == [path.name]


@given(st.data())
@settings(max_examples=examples(100), deadline=None)
def test_no_damage_to_a_compressed_file_or_to_the_seals_stops_the_check(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    book_of(folder, rows=40)
    before = lines(folder / "2026-11-21.log.gz")
    path = folder / data.draw(
        st.sampled_from(["2026-11-21.log.gz", "2026-11-21.tree", "seals.jsonl"])
    )
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    path.write_bytes(content[:start] + data.draw(st.binary(max_size=40)) + content[end:])
    found = list(check_device(folder))
    try:
        is_whole = lines(folder / "2026-11-21.log.gz") == before
    except (OSError, EOFError, zlib.error):
        is_whole = False
    assert found or is_whole
