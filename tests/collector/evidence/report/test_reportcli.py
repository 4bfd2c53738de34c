"""`schoolwatch audit report`: beside a collector that runs, and without one."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.cli import main
from core import clock
from tests.collector.desk import audited_in
from tests.collector.evidence.report.recorded import District
from tests.collector.making import A, batch, event_batch, events_of, readings
from tests.collector.played import Played, config, playing, running
from tests.real.brokers import RealBroker
from tests.waiting import until

ROOT = Path(__file__).parents[4]


def report(district: District, *more: str) -> int:
    """Run the command in this process; returns its exit code."""
    out = str(district.folder / "out")
    return main(["audit", "report", "--config", str(district.file), "--out", out, *more])


def beside(district: District) -> "subprocess.CompletedProcess[str]":
    """Run it in a process of its own."""
    command = [sys.executable, str(ROOT / "schoolwatch.py"), "audit", "report"]
    command += ["--config", str(district.file), "--out", str(district.folder / "out")]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, check=False, cwd=ROOT
    )


def made_rows(district: District) -> list[dict[str, object]]:
    return [row for row in audited_in(district.var) if row["kind"] == "report_made"]


def test_the_report_is_written_for_its_owner_alone_and_recorded(district: District) -> None:
    before = {path: path.read_bytes() for path in (district.var / "audit").glob("*.jsonl")}
    assert report(district, "--from", "2026-06-01", "--to", "2026-11-24") == 0
    files = sorted((district.folder / "out").iterdir())
    assert [path.name for path in files] == ["self-check.html", "self-check.xlsx"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    (row,) = made_rows(district)
    details = row["details"]
    assert isinstance(details, dict)
    assert details["from"].startswith("2026-05-31T16:00:00")
    assert details["digest"] in files[0].read_text(encoding="utf-8")
    for path, content in before.items():
        assert path.read_bytes().startswith(content)


@pytest.mark.real("mosquitto")
def test_it_works_beside_a_running_collector_which_takes_its_row_into_the_log(
    mosquitto: RealBroker, tmp_path: Path
) -> None:
    district = District(tmp_path)
    district.configure()

    async def live() -> None:
        settings = config(district.var, mosquitto.port)
        async with running(settings) as collector, playing(Played(mosquitto.port)) as agent:
            agent.publish(readings(batch(A, 1, at=clock.now())))
            agent.publish(events_of(event_batch(A, 1)))
            await until(lambda: len(agent.got()) >= 2, 30)
            said = await asyncio.to_thread(beside, district)
            assert said.returncode == 0, said.stderr
            await asyncio.to_thread(collector.books.journal.sync)
            agent.publish(events_of(event_batch(A, 2)))
            await until(lambda: len(agent.got()) >= 3, 30)

    asyncio.run(live())
    rows = audited_in(district.var)
    assert [row["row"] for row in rows] == [*range(1, len(rows) + 1)]
    assert len(made_rows(district)) == 1


def test_a_report_that_cannot_be_recorded_is_made_and_says_so(
    district: District, capsys: pytest.CaptureFixture[str]
) -> None:
    for beside_it in district.var.glob("ledger.db-*"):
        beside_it.unlink()
    (district.var / "ledger.db").write_bytes(b"no database at all" * 500)
    assert report(district) == 1
    assert "is not in the audit log" in capsys.readouterr().err
    assert (district.folder / "out" / "self-check.html").is_file()


def test_wrong_use_is_refused_in_words(
    district: District, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(district, "--from", "yesterday") == 2
    assert "is neither a day" in capsys.readouterr().err
    assert report(district, "--from", "2026-11-24", "--to", "2026-11-23") == 2
    assert "is not before" in capsys.readouterr().err
    assert report(district, "--statements", os.devnull) == 2
    assert not (district.folder / "out").exists()
