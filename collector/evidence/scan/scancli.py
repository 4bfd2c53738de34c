"""`schoolwatch audit scan`: that no identity or phone number is kept anywhere (docs/privacy.md).

Watch it work: schoolwatch audit scan --config configs/collector.toml var/backup
"""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from collector import terminal
from collector.config import read_to_start
from collector.evidence.queried import note_query
from collector.evidence.scan.everything import scan_agent, scan_collector, scan_paths
from collector.evidence.scan.found import Hit, Report
from collector.terminal import safe
from core.errors import MonitorError

FILE: Final = click.Path(dir_okay=False, path_type=Path)
SAY_EVERY_S: Final = 5.0
SHOWN: Final = 200
"""Findings that a terminal is told of; --json gives more."""
WORDS: Final = {
    "identity_number": "身份证号 identity number",
    "old_identity_number": "15 位身份证号 identity number of 15 digits",
    "mobile_number": "手机号 mobile number",
}


@click.command("scan", short_help="Search everything for identity and phone numbers.")
@click.option("--config", type=FILE, help="The collector's own file: all that it keeps.")
@click.option("--agent", type=FILE, multiple=True, help="An agent's file: its spool.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def scan_command(
    context: click.Context,
    config: Path | None,
    agent: tuple[Path, ...],
    paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Search stores, logs, dead letters, spools, backups and PATHS, whatever they hold.

    Numbers are never shown, only their place and a mask. Exit code: 0 nothing was found, 1
    something was found or could not be read, 2 wrong use.
    """
    if not (config or agent or paths):
        raise click.UsageError("name --config, --agent or a path: what is to be searched?")
    terminal.forgive_output()
    report = Report(progress=_Progress().say)
    settings = read_to_start(config) if config else None
    if settings:
        scan_collector(settings, report)
    for file in agent:
        scan_agent(file, report)
    scan_paths(paths, report)
    if not report.places:
        report.trouble(", ".join(map(str, paths)), "no file is there")
    if settings:
        try:
            note_query(settings.collector, "privacy_scanned", _figures(report))
        except MonitorError as error:
            report.trouble(str(settings.collector.folder), error)
    click.echo(_as_json(report) if as_json else as_text(report))
    context.exit(0 if report.is_clean else 1)


def as_text(report: Report) -> str:
    """Return *report* for people: what was found first, what could not be read, the figures."""
    wrong = [hit for hit in report.hits if not hit.allowed]
    lines = [_line(hit) for hit in wrong[:SHOWN]]
    if report.findings > SHOWN:
        lines.append(f"… 另有 {report.findings - SHOWN} 处  and {report.findings - SHOWN} more")
    lines += [
        f"无法读取 cannot be read: {safe(t.place)}: {safe(t.reason)}" for t in report.troubles
    ]
    allowed = Counter(f"{hit.place}: {hit.allowed}" for hit in report.hits if hit.allowed)
    lines += [f"允许 allowed: {n} × {safe(where)}" for where, n in allowed.items()]
    lines.append(
        f"已扫描 searched: {report.places} 处 places, {report.bytes:,} 字节 bytes, "
        f"{report.values:,} 个文本值 texts of time series"
    )
    if report.is_clean:
        lines.append("未发现身份证号或手机号。 No identity or mobile number was found.")
    elif report.findings:
        lines.append(
            f"发现 {report.findings} 处，请按 docs/privacy.md 处理。 "
            f"{report.findings} found: docs/privacy.md says what to do."
        )
    else:
        lines.append(
            "有位置无法读取，结论不完整。 Not everything could be read, so nothing is proved."
        )
    return "\n".join(lines)


def _line(hit: Hit) -> str:
    return f"{safe(hit.place)}: {safe(hit.where)}: {WORDS[hit.kind]} {hit.mask}"


def _figures(report: Report) -> dict[str, Any]:
    return {
        "places": report.places,
        "bytes": report.bytes,
        "findings": report.findings,
        "allowed": report.allowed,
        "unread": len(report.troubles),
    }


def _as_json(report: Report) -> str:
    said = {
        **_figures(report),
        "values": report.values,
        "hits": report.hits,
        "troubles": report.troubles,
        "clean": report.is_clean,
    }
    return msgspec.json.encode(said).decode()


class _Progress:
    """Says on standard error where the search is, every few seconds."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def say(self, place: str, done: int) -> None:
        now = time.monotonic()
        if now - self._said >= SAY_EVERY_S:
            self._said = now
            sys.stderr.write(f"… {done // 1_000_000} MB, {safe(place)}\n")
