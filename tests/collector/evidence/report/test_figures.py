"""The figures of a district that the collector's own pieces recorded, counted by hand."""

import hashlib
import subprocess
from collections.abc import Sequence

import pytest

from collector.evidence.report.finding import Counted
from collector.evidence.report.judge import Report
from tests.collector.evidence.report.recorded import District, clause_in, figures, gaps, log_lines


@pytest.fixture(scope="module")
def report(recorded: District) -> Report:
    return recorded.report()


FIGURES = {
    "I-23": "200 days",
    "I-25": "1, the newest 1 days ago",
    "I-26": "unknown (0 that were due)",
    "I-28": "MTTA 2 min, MTTR 60 min",
    "I-31": "protection measures (I-31): 1 of 2 (50.00%)",
    "I-32": "owners on record (I-32): 1 of 2 schools complete",
    "I-34": "1 of 2 agents (50.00%)",
}


def test_the_indicators_are_right(report: Report, recorded: District) -> None:
    found = {one.id: one.figure.en for one in report.indicators}
    assert {name: found[name] for name in FIGURES} == FIGURES
    assert {"I-27", "I-30", "I-33"} <= found.keys()
    files = len([*(recorded.var / "audit").glob("*.jsonl*")])
    assert found["I-24"] == f"{files} of {files} files with rows in sequence (100.00%)"


def test_attacks_have_their_four_fields_or_are_counted_as_lacking_them(report: Report) -> None:
    finding = clause_in(report, "8.1.3.3").finding
    assert "2 events of attacks, 1 with source, type, target and time" in figures(finding)
    assert "1 of 2 events of attacks have no source" in gaps(finding)
    assert any("median 3.0 s; of P1 1" in text for text in figures(finding))


def test_from_event_to_person_to_repair_everything_is_timed(report: Report) -> None:
    (said, *_) = figures(clause_in(report, "8.1.5.4 f").finding)
    assert said == (
        "6 records of events → 2 alerts → 1 acknowledged (median MTTA 2 min) → 1 verified "
        "(median MTTR 60 min); in time 0 of 0"
    )


def evidence(report: Report, name: str) -> Sequence[Counted]:
    return [one for found in clause_in(report, name).finding.found for one in found.counted]


def test_what_was_counted_can_be_counted_again_with_stock_tools(
    report: Report, recorded: District
) -> None:
    (one,) = [e for e in evidence(report, "8.1.3.3") if e.query == "kind = worm_sweep"]
    folder = recorded.var / "audit"
    shell = f'cat {folder}/*.jsonl | grep \'"kind":"worm_sweep"\' | sha256sum'
    out = subprocess.run(
        ["sh", "-c", shell], capture_output=True, text=True, check=True, timeout=20
    )
    assert out.stdout.split()[0] == one.sha256
    rows = [line["row"] for line in log_lines(recorded) if line["kind"] == "worm_sweep"]
    assert (one.count, one.rows) == (2, f"{rows[0]}–{rows[-1]}")


def test_the_configuration_is_evidence_by_the_digest_of_its_bytes(
    report: Report, recorded: District
) -> None:
    (one, *_) = evidence(report, "8.1.2.2")
    assert one.sha256 == hashlib.sha256(recorded.file.read_bytes()).hexdigest()


def test_no_verdict_is_better_than_what_the_program_can_see(report: Report) -> None:
    for one in report.clauses:
        if one.clause.coverage != "full":
            assert one.verdict(3) != "met", one.clause.id
        if one.clause.coverage == "manual":
            assert one.verdict(3) in {"manual", "gap"}, one.clause.id
        if any(found.unknown for found in one.finding.found):
            assert one.verdict(2) != "met", one.clause.id


def test_the_same_folder_gives_the_same_digest(report: Report, recorded: District) -> None:
    assert recorded.report().digest() == report.digest()
    assert recorded.report(days=1).digest() != report.digest()


def test_a_report_of_few_days_counts_those_days_alone(recorded: District) -> None:
    finding = clause_in(recorded.report(days=1), "8.1.3.3").finding
    assert "0 events of attacks, 0 with source, type, target and time" in figures(finding)
