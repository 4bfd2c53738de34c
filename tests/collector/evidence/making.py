"""A log with its tree in a folder, and what must be true of it whatever happened."""

from collections.abc import Sequence
from pathlib import Path

from collector.audit import AuditLog
from collector.auditrecord import EventRow, line_of
from collector.evidence import segments
from collector.evidence.notary import Notary
from collector.evidence.reader import LogReader
from collector.evidence.signing import Signer
from core.merkle import hashing
from core.merkle.note import Checkpoint
from tests.collector.making import NOW, Clock
from tests.collector.test_audit import DAY, row

ORIGIN = "schoolwatch/d1"


def rows(first: int, last: int, received: int = NOW) -> list[EventRow]:
    return [row(number, received) for number in range(first, last + 1)]


def open_log(folder: Path, clock: Clock | None = None) -> AuditLog:
    """Open the log in *folder*/audit with the key beside it; it signs as soon as it may."""
    audit = folder / "audit"
    log = AuditLog(audit, Notary(audit, Signer(ORIGIN, folder / "audit-key.pem"), clock or Clock()))
    at_once(log)
    return log


def at_once(log: AuditLog) -> None:
    """Have the next checkpoint wait for nothing but rows."""
    assert log.notary
    log.notary._wait_until = 0.0


def days(folder: Path, count: int = 3, of_a_day: int = 150) -> AuditLog:
    """Make a log of *count* days."""
    log = open_log(folder)
    for day in range(count):
        first = day * of_a_day + 1
        log.append(rows(first, first + of_a_day - 1, NOW + day * DAY))
        at_once(log)
    assert log.notary
    log.notary.sign()
    return log


def lines_of(folder: Path) -> list[bytes]:
    found = segments.segments(folder / "audit")
    return [line[:-1] for path in found for _, line in segments.numbered_lines(path)]


def root_of(lines: Sequence[bytes]) -> bytes:
    return hashing.root_of(lines)


def check(folder: Path, wanted: Sequence[EventRow], shown: Sequence[Checkpoint] = ()) -> None:
    """Check that lines, tree and every checkpoint are those of the rows *wanted*."""
    lines = lines_of(folder)
    assert lines == [line_of(one)[:-1] for one in wanted]
    reader = LogReader(folder / "audit")
    assert [line for _, line in reader.lines()] == lines
    for one in (*shown, *reader.checkpoints()):
        assert root_of(lines[: one.size]) == one.root
    assert set(shown) <= set(reader.checkpoints())
    assert reader.size == len(lines)
    assert reader.root(reader.size) == root_of(lines)
