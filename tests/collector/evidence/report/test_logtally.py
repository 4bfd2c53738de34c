"""One walk through the log: every file in order, sealed or not, in memory that does not grow."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.evidence.report.finding import Span
from collector.evidence.report.logtally import files, tally
from core.clock import SECOND
from tests.collector.evidence.report.recorded import DAY, District
from tests.collector.making import NOW

ALL = Span(0, 2**63)
WHO: Any = {
    "actor": "system:collector/d1",
    "role": "system",
    "address": "",
    "success": True,
    "reason": "",
}


def line(row: int, kind: str = "checkpoint", **more: Any) -> bytes:
    said = {
        "kind": kind,
        "row": row,
        "received": NOW + row * SECOND,
        "at": NOW,
        "code": "EV-SYS-CHECK",
    }
    return msgspec.json.encode(said | more, order="sorted") + b"\n"


def seal(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()


def write(path: Path, rows: Iterable[int], **more: Any) -> None:
    path.write_bytes(b"".join(line(row, **more) for row in rows))


def test_a_month_of_before_the_upgrade_comes_before_its_days_and_sealed_ones_are_read(
    tmp_path: Path,
) -> None:
    write(tmp_path / "2026-10.jsonl", range(1, 4))
    write(tmp_path / "2026-11.jsonl", range(4, 7))
    write(tmp_path / "2026-11-22.jsonl", range(7, 9))
    write(tmp_path / "2026-11-23.jsonl", range(9, 11))
    (tmp_path / "torn").write_bytes(b"x")
    plain = hashlib.sha256((tmp_path / "2026-11-22.jsonl").read_bytes()).hexdigest()
    seal(tmp_path / "2026-11-22.jsonl")
    found = tally(tmp_path, ALL)
    assert [one.name for one in found.segments] == [
        *("2026-10.jsonl", "2026-11.jsonl", "2026-11-22.jsonl", "2026-11-23.jsonl")
    ]
    assert (found.rows, found.damage) == (10, [])
    assert found.segments[2].digest.hexdigest() == plain
    write(tmp_path / "2026-11-22.jsonl", range(7, 9))  # in the moment of its sealing
    assert len(files(tmp_path)) == 4


def test_lines_with_and_without_who_did_it_are_told_apart(tmp_path: Path) -> None:
    lines = [
        line(1),
        line(2, **WHO),
        line(3, **{**WHO, "actor": ""}),
        line(4, **{name: value for name, value in WHO.items() if name != "success"}),
        line(5, **{**WHO, "success": False}),
    ]
    (tmp_path / "2026-11.jsonl").write_bytes(b"".join(lines))
    found = tally(tmp_path, ALL)
    assert (found.lines, found.before) == (5, 1)
    assert found.lacking == {"actor": 1, "success": 1}
    assert found.kinds["checkpoint"].failed == 1


def test_only_what_is_within_the_time_is_counted_and_the_oldest_is_known(tmp_path: Path) -> None:
    write(tmp_path / "2026-11.jsonl", range(1, 11))
    found = tally(tmp_path, Span(NOW + 3 * SECOND, NOW + 5 * SECOND))
    assert (found.lines, found.rows, found.oldest_at) == (2, 10, NOW + SECOND)
    (one,) = found.counted("checkpoint")
    assert (one.count, one.rows) == (2, "3–4")


def test_kinds_that_nobody_knows_do_not_fill_the_memory(tmp_path: Path) -> None:
    lines = [line(row, kind=f"made_up_{row}") for row in range(1, 500)]
    (tmp_path / "2026-11.jsonl").write_bytes(b"".join(lines))
    assert [*tally(tmp_path, ALL).kinds] == ["other"]


def test_a_sealed_file_that_was_cut_says_so(tmp_path: Path) -> None:
    write(tmp_path / "2026-11.jsonl", range(1, 200))
    seal(tmp_path / "2026-11.jsonl")
    path = tmp_path / "2026-11.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-20])
    write(tmp_path / "2026-11-22.jsonl", range(200, 203))
    found = tally(tmp_path, ALL)
    assert found.damage[0].startswith("2026-11.jsonl:")
    assert "cannot be unpacked" in found.damage[0]
    assert "follows" in found.damage[1], "what was in the rest of it is missing"
    assert found.segments[-1].last == 202


REPORT = """
import json, resource, sys, time
from pathlib import Path
from typing import Any
from tests.collector.evidence.report.recorded import District
district = District(Path(sys.argv[1]))
began = time.monotonic()
report = district.report()
took = time.monotonic() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rows = max(c.count for one in report.clauses for f in one.finding.found for c in f.counted)
print(json.dumps({"peak": peak, "rows": rows, "took": took}))
"""


def made_again(folder: Path, rows: int) -> dict[str, float]:
    """Return what a process of its own needs for the report of a log of so many rows."""
    audit = folder / "var" / "audit"
    shutil.rmtree(audit)
    audit.mkdir()
    begin = NOW - 190 * DAY
    step = 190 * DAY // rows
    with (audit / "2026-11.jsonl").open("wb") as file:
        for row in range(1, rows + 1):
            file.write(line(row, received=begin + row * step, details={"seq": row}, **WHO))
    command = [sys.executable, "-c", REPORT, str(folder)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found: dict[str, float] = json.loads(out.stdout.splitlines()[-1])
    assert found["rows"] == rows
    return found


@pytest.mark.slow
def test_a_million_rows_need_no_more_memory_than_a_thousand(
    tmp_path: Path, recorded: District
) -> None:
    folder = tmp_path / "district"
    shutil.copytree(recorded.folder, folder)
    few, many = made_again(folder, 1_000), made_again(folder, 1_000_000)
    assert many["peak"] < few["peak"] + 20
