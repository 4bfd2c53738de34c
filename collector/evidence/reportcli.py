"""`schoolwatch audit report`: the self-check as HTML and XLSX, beside a running collector or not.

Watch it work: schoolwatch audit report --config collector.toml --out self-check
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from core import clock
from core.clock import SECOND
from core.errors import ConfigError, StartError
from core.law import LOG_DAYS

if TYPE_CHECKING:
    from collector.evidence.report.judge import Report

FILE: Final = click.Path(dir_okay=False, path_type=Path)
NAMES: Final = ("self-check.html", "self-check.xlsx")


@click.command("report", short_help="The self-check of clauses with their evidence (自查).")
@click.option("--config", type=FILE, required=True, help="The collector's own file.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where self-check.html and self-check.xlsx are written; made where it is not there.",
)
@click.option(
    "--from",
    "start",
    metavar="DAY",
    help=f"Count records from then. Without: {LOG_DAYS} days.",
)
@click.option("--to", "stop", metavar="DAY", help="Up to before that day. Without: now.")
@click.option("--statements", type=FILE, help="What people say (configs/statements.toml).")
def report_command(
    config: Path, out: Path, start: str | None, stop: str | None, statements: Path | None
) -> None:
    """Hold the clauses of GB/T 22239-2019 against what this system can show of them.

    A self-check (自查), never an assessment (测评). Reads only, beside a running collector or
    without one; that it was made is recorded in the audit log, before it is written. What cannot
    be read is said in the report, and the rest goes on.

    Exit code 0: made, whatever it says; 1: made, and that could not be recorded.
    """
    # Here, so that the other commands load neither the rules nor a database.
    from collector.config import read_to_start  # noqa: PLC0415
    from collector.evidence.queried import note_query  # noqa: PLC0415
    from collector.evidence.report.finding import Span  # noqa: PLC0415
    from collector.evidence.report.judge import judge  # noqa: PLC0415
    from collector.evidence.report.sources import Sources  # noqa: PLC0415
    from collector.evidence.report.statements import Statements, read_statements  # noqa: PLC0415
    from collector.rollups.again import moment  # noqa: PLC0415
    from core.errors import MonitorError  # noqa: PLC0415

    read = read_to_start(config)
    zone, now = read.collector.tz(), clock.now()
    until = moment(stop, zone) if stop else now
    since = moment(start, zone) if start else until - LOG_DAYS * 86_400 * SECOND
    if since >= until:
        raise ConfigError(f"--from {start} is not before --to {stop or 'now'}")
    said = read_statements(statements) if statements else Statements()
    sources = Sources(read, config, Span(since, until), now, said)
    with sources.opened:
        made = judge(sources)
    asked = {
        "what": "self-check",
        "from": clock.rfc3339(since),
        "to": clock.rfc3339(until),
        "digest": made.digest(),
    }
    try:
        note_query(read.collector, "report_made", asked)
    except MonitorError as error:
        # Somebody who looks after a damaged system needs the report most; it says so itself.
        _write(out, made)
        raise MonitorError(f"the report was made, but is not in the audit log: {error}") from error
    _write(out, made)


def _write(out: Path, made: "Report") -> None:
    from collector.evidence.report.page import html  # noqa: PLC0415 — brings jinja2
    from collector.evidence.report.sheet import xlsx  # noqa: PLC0415 — brings openpyxl

    contents = (html(made).encode(), xlsx(made))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in zip(NAMES, contents):
            part = out / f"{name}.part"
            part.write_bytes(content)
            part.chmod(0o600)  # it tells what is weak
            part.replace(out / name)
            click.echo(f"{out / name}")
    except OSError as error:
        raise StartError(f"{out} cannot be written: {error}") from error
    counts = made.counts(3)
    click.echo(", ".join(f"{word} {count}" for word, count in counts.items()))
