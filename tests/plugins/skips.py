"""Says at the end which real parts were missing; under SCHOOLWATCH_TEST_STRICT=1 that is a failure.

A test names what it needs: `@pytest.mark.real("mosquitto")`. Where a person runs the tests, one
whose part cannot be had is skipped with that reason. In .ci/run, which sets the variable, a skip
fails, except for parts that .ci/cannot-install.txt excuses. Loaded by scripts/test.
"""

import os
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ABSENT = "schoolwatch_absent"
"""The attribute of a report that names parts, each with why it was not there."""

EXCUSES = Path(__file__).parents[2] / ".ci" / "cannot-install.txt"


def pytest_configure(config: pytest.Config) -> None:
    strict = os.environ.get("SCHOOLWATCH_TEST_STRICT") == "1"
    file = Path(os.environ.get("SCHOOLWATCH_TEST_EXCUSES", EXCUSES))
    if strict:
        # A module that may not be skipped is one failure; the other tests still run.
        config.option.continue_on_collection_errors = True
    excused = excuses(file.read_text(encoding="utf-8")) if strict else {}
    config.pluginmanager.register(Skips(strict, excused), "schoolwatch-skips")


def excuses(text: str) -> dict[str, str]:
    """Return part → the command that could not install it; a part without one is no excuse."""
    lines = (line.split(None, 1) for line in text.splitlines() if not line.startswith("#"))
    return {words[0]: words[1] for words in lines if len(words) == 2}


@dataclass(eq=False)  # pytest keeps its plugins in sets
class Skips:
    """What was skipped in this run; `excused` counts only where the run is strict."""

    strict: bool
    excused: Mapping[str, str]
    missing: dict[str, set[str]] = field(default_factory=dict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped and not hasattr(report, "wasxfail"):
            parts = [str(part) for mark in item.iter_markers("real") for part in mark.args]
            self._note(report, parts)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        # A module that skips itself as a whole has no test to carry the name of a part.
        report = yield
        if report.skipped:
            self._note(report, [])
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._told(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._told(report)

    def _told(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Keep what a report tells; it may come from another process, whose own words are lost."""
        for part, why in getattr(report, ABSENT, ()):
            self.missing.setdefault(part, set()).add(why)

    def _note(self, report: pytest.TestReport | pytest.CollectReport, parts: list[str]) -> None:
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        told = [(part, why.removeprefix("Skipped: ")) for part in parts or ["(no part named)"]]
        setattr(report, ABSENT, told)
        if self.strict and not any(part in self.excused for part in parts):
            report.outcome = "failed"
            report.longrepr = f"{why}\nA skip is a failure here: see .ci/cannot-install.txt"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.section("real parts that were missing")
            for part, reasons in sorted(self.missing.items()):
                terminalreporter.line(f"{part}: {'; '.join(sorted(reasons))}")
        if self.strict:
            terminalreporter.section("parts that may be missing in CI (.ci/cannot-install.txt)")
            for part, command in sorted(self.excused.items()) or [("none", "every skip fails")]:
                terminalreporter.line(f"{part}: {command}")
