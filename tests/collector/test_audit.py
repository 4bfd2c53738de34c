"""The audit log in real files: torn, full, cut short, over a month's end."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from collector.audit import AuditLog
from collector.auditrecord import EventRow, body_of, line_of, row_of
from core.clock import SECOND
from core.errors import StartError, StoreStopped
from core.types import Event
from tests.collector.making import NOW, WHO, A, event

DAY = 86_400 * SECOND
DECEMBER = NOW + 10 * DAY


def row(number: int, received: int = NOW, what: Event | None = None) -> EventRow:
    body = body_of(what or event(number=number), unchecked=True)
    return EventRow(str(WHO), A, number, 0, 0x9F3C01AA, received, body, number)


def lines(folder: Path) -> list[bytes]:
    return [
        line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def whole(rows: Sequence[EventRow]) -> bytes:
    return b"".join(map(line_of, rows))


def test_a_record_is_canonical_and_gives_back_its_row() -> None:
    odd = Event(
        "学校 🐉", "b\u2028", 'q"\\', False, 0, None, {"z": {"b": 1.5, "a": [None]}, "A": 2}
    )
    line = line_of(row(7, what=odd))
    assert (
        line
        == (
            '{"active":false,"agent":"330100/school-1/host","at":0,"code":"EV-OTH","crc":"9f3c01aa",'
            '"details":{"A":2,"z":{"a":[null],"b":1.5}},"epoch":"AAAAAAAAAAAAAAAA","index":0,'
            '"kind":"学校 🐉","received":1795374585000000000,"row":7,"seq":7,"severity":"P4",'
            '"subject":"q\\"\\\\","target":"b\u2028","unchecked":true}\n'
        ).encode()
    )
    assert row_of(line) == row(7, what=odd)


def test_what_was_appended_is_there_after_a_restart_and_goes_on(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    assert log.row == 0
    log.append([row(1), row(2)])
    again = AuditLog(tmp_path)
    assert (again.row, again.last) == (2, row(2))
    again.append([row(3)])
    assert [*AuditLog(tmp_path).rows(1)] == [row(2), row(3)]


def test_a_tail_torn_at_any_byte_is_cut_and_written_again_the_same(tmp_path: Path) -> None:
    rows = [row(1), row(2), row(3)]
    log = AuditLog(tmp_path)
    log.append(rows)
    (path,) = tmp_path.glob("*.jsonl")
    content = path.read_bytes()
    for size in {*range(0, len(content), 37), len(content) - 1}:
        path.write_bytes(content[:size])
        log = AuditLog(tmp_path)
        assert log.row == content[:size].count(b"\n")
        log.append(rows[log.row :])
        assert path.read_bytes() == content


@pytest.mark.parametrize("garbage", [b"\0" * 5_000, b"\0" * 500 + b"\n", b"{}\n{}\n", b'{"row":'])
def test_what_a_power_cut_left_behind_the_last_record_is_cut(
    tmp_path: Path, garbage: bytes
) -> None:
    AuditLog(tmp_path).append([row(1)])
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes() + garbage)
    AuditLog(tmp_path).append([row(2)])
    assert path.read_bytes() == whole([row(1), row(2)])
    assert (tmp_path / "torn").read_bytes() == garbage


def test_a_file_follows_each_day_and_never_goes_back(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append([row(1), row(2, DECEMBER), row(3, NOW)])
    log.append([row(4, NOW)])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "2026-11-22.jsonl": whole([row(1)]),
        "2026-12-02.jsonl": whole([row(2, DECEMBER), row(3), row(4)]),
    }
    assert AuditLog(tmp_path).row == 4


def test_a_new_day_of_which_nothing_is_whole_begins_anew(tmp_path: Path) -> None:
    AuditLog(tmp_path).append([row(1)])
    (tmp_path / "2026-12-02.jsonl").write_bytes(b'{"torn')
    log = AuditLog(tmp_path)
    assert log.row == 1
    log.append([row(2, DECEMBER)])
    assert lines(tmp_path) == whole([row(1), row(2, DECEMBER)]).splitlines()


def test_a_full_disk_takes_back_what_it_took_half_and_then_takes_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(tmp_path)
    log.append([row(1)])

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(StoreStopped, match=r"2026-11-22.jsonl .*No space left"):
                log.append([row(2)])
        assert lines(tmp_path) == whole([row(1)]).splitlines()
    log.append([row(2), row(3)])
    assert lines(tmp_path) == whole([row(1), row(2), row(3)]).splitlines()


def test_a_log_that_somebody_cuts_while_we_write_it_takes_nothing_more(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.append([row(1), row(2)])
    (path,) = tmp_path.glob("*.jsonl")
    os.truncate(path, 10)
    with pytest.raises(StoreStopped, match="cut"):
        log.append([row(3)])
    again = AuditLog(tmp_path)
    again.append([row(1), row(2), row(3)])
    assert lines(tmp_path) == whole([row(1), row(2), row(3)]).splitlines()


@pytest.mark.parametrize("damage", [b"{}\n", b"no json\n", line_of(row(1)), b"\xff\n"])
def test_a_record_damaged_in_the_middle_is_named_by_file_and_line(
    tmp_path: Path, damage: bytes
) -> None:
    (tmp_path / "2026-11.jsonl").write_bytes(line_of(row(1)) + damage + line_of(row(3)))
    log = AuditLog(tmp_path)
    assert log.row == 3
    with pytest.raises(StartError, match=r"2026-11.jsonl is damaged.*line 2"):
        list(log.rows(0))


def test_older_files_are_left_out_and_what_is_missing_between_is_named(tmp_path: Path) -> None:
    rows = [row(1), row(2), row(3, DECEMBER), row(4, DECEMBER)]
    log = AuditLog(tmp_path)
    log.append(rows)
    older = tmp_path / "2026-11-22.jsonl"
    older.write_bytes(line_of(row(1)) + b"damaged\n")
    for after in (2, 3):
        assert list(log.rows(after)) == rows[after:]
    with pytest.raises(StartError, match="line 2"):
        list(log.rows(1))
    older.unlink()
    assert list(log.rows(2)) == list(log.rows(0)) == rows[2:]
    with pytest.raises(StartError, match="begins with row 3; 2 is gone"):
        list(log.rows(1))


def test_a_file_without_any_record_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "2026-11.jsonl"
    path.write_bytes(b"x" * 3_000_000)
    with pytest.raises(StartError, match="no record"):
        AuditLog(tmp_path)
    assert path.stat().st_size == 3_000_000
