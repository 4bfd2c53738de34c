"""`schoolwatch audit search` and `audit export`: rows of the log to read, and to hand on.

Watch it work: schoolwatch audit search --config collector.toml --kind link_down
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from core.errors import ConfigError

if TYPE_CHECKING:
    from collector.evidence.search import Hit, Question
    from collector.evidence.where import Log

FILE: Final = click.Path(dir_okay=False, path_type=Path)
PLACE: Final = click.Path(path_type=Path)
MOST: Final = 1_000
"""Rows that are shown where nobody says how many."""
_SHOWN: Final = 120
_C = TypeVar("_C", bound=Callable[..., Any])


def _question_options(command: _C) -> _C:
    """Add the options that say which rows are meant."""
    options = (
        click.option("--config", "place", type=PLACE, required=True, help="Or a log's folder."),
        click.option("--from", "start", metavar="DAY", help="2026-11-22, or 2026-11-22T08:00:00Z."),
        click.option("--to", "stop", metavar="DAY", help="Up to before that."),
        click.option(
            "--clock",
            type=click.Choice(("received", "at")),
            default="received",
            show_default=True,
            help="Whose time: when the collector had it, or when it happened where it happened.",
        ),
        click.option(
            "--kind",
            "kinds",
            multiple=True,
            help="A kind, or a part of what it is called (告警); may be given several times.",
        ),
        click.option("--actor", default="", help="Who did it, or a part of that."),
        click.option("--school", default="", help="The school's id."),
        click.option("--target", default="", help="What it happened to, or a part of that."),
        click.option("--text", default="", help="Anything that stands in the line."),
        click.option("--success/--failed", "success", default=None, help="How it ended."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _asked(place: Path, said: dict[str, Any]) -> "tuple[Log, Question]":
    """Return the log and the question that the options are."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from collector.evidence.search import FOR_EVER, SINCE_EVER, Question  # noqa: PLC0415
    from collector.evidence.where import log_to_ask  # noqa: PLC0415
    from collector.rollups.again import moment  # noqa: PLC0415
    from core.kinds import KINDS, kinds_called  # noqa: PLC0415

    log = log_to_ask(place)
    zone = log.table.tz() if log.table else ZoneInfo("Asia/Shanghai")
    start, stop = said.pop("start"), said.pop("stop")
    since = moment(start, zone) if start else SINCE_EVER
    upto = moment(stop, zone) if stop else FOR_EVER
    if since >= upto:
        raise ConfigError(f"--from {start} is not before --to {stop}")
    asked = {one: kinds_called(one) for one in said.pop("kinds")}
    for one, found in asked.items():
        if one not in KINDS and found == {one}:
            text = (
                f"no kind in docs/events.md is called {one}: only rows of just that word are meant"
            )
            click.echo(text, err=True)
    return log, Question(since, upto, kinds=frozenset().union(*asked.values()), **said)


@click.command("search", short_help="Rows of the log by time, kind, actor, school, target, text.")
@_question_options
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=MOST,
    show_default=True,
    help="Rows at most; where there are more that is said at the end.",
)
@click.option("--json", "as_json", is_flag=True, help="The lines as they stand in the log.")
def search_command(place: Path, limit: int, *, as_json: bool, **said: Any) -> None:
    """Show the rows that fit everything that is asked for, the oldest first.

    What was asked is recorded in the log (audit_queried) before anything is shown; a folder that
    is no collector's own is only read. Days are those of the district.

    Exit code: 0 something was found, 1 nothing was, 2 wrong use.
    """
    from itertools import islice, takewhile  # noqa: PLC0415

    from collector import terminal  # noqa: PLC0415 — brings rich
    from collector.evidence.queried import note_query  # noqa: PLC0415 — brings a database
    from collector.evidence.search import last_row, search  # noqa: PLC0415

    terminal.forgive_output()
    log, question = _asked(place, said)
    last = last_row(log.folder)  # else the row about this query would answer it
    if log.table is not None:
        asked = {"what": "search", "limit": limit, **question.as_dict()}
        note_query(log.table, "audit_queried", asked)
    found = 0
    hits = takewhile(lambda hit: hit.row <= last, search(log.folder, question))
    for hit in islice(hits, limit):
        if as_json:
            sys.stdout.buffer.write(hit.line + b"\n")
        else:
            click.echo(terminal.safe(_in_words(hit)).plain)
        found += 1
    if found == limit and next(hits, None):
        click.echo(f"there are more than {limit}: see --limit, --from", err=True)
    click.get_current_context().exit(0 if found else 1)


def _in_words(hit: "Hit") -> str:
    from core import clock  # noqa: PLC0415

    said = hit.said
    at, received = (
        clock.rfc3339(said[name]) if isinstance(said.get(name), int) else "-"
        for name in ("at", "received")
    )
    ended = {True: "ok", False: "FAILED"}.get(said.get("success", ""), "-")
    who = said.get("actor", said.get("agent", "-"))
    what = f"{said.get('kind', '-')} {said.get('target', '')} {said.get('subject', '')}".strip()
    reason = f" ({said['reason']})" if said.get("reason") else ""
    state = "" if said.get("active", True) else " ended"
    line = f"{hit.row:>8}  {received}  {at}  {ended:6}  {who}  {what}{state}{reason}"
    return line if len(line) <= 2 * _SHOWN else f"{line[: 2 * _SHOWN]}…"


@click.command("export", short_help="A part of the log as a ZIP that proves itself offline.")
@_question_options
@click.option("--size", type=click.IntRange(min=1), default=None, help="Of an older checkpoint.")
@click.option("--out", type=FILE, required=True, help="The ZIP; never over a file that is there.")
def export_command(place: Path, size: int | None, out: Path, **said: Any) -> None:
    """Write rows with checkpoint, proofs, key, instructions and a verifier to one ZIP.

    With times alone it has every row of that time, and proves that none was left out; what is
    chosen by anything else has a proof for each row. It is recorded in the log (audit_exported)
    with range, rows and SHA-256 before the file has its name.
    """
    from collector.evidence.export import export, writing  # noqa: PLC0415 — cryptography
    from collector.evidence.queried import note_query  # noqa: PLC0415 — brings a database

    log, question = _asked(place, said)
    with writing(out) as to:
        made = export(log.folder, question, to, size or 0)
        if log.table is not None:
            rows = {"first": made.first, "last": made.last, "rows": made.rows}
            told = {"file": out.name, "sha256": made.sha256, **rows, **question.as_dict()}
            note_query(log.table, "audit_exported", told)
    click.echo(f"{out}: rows {made.first} to {made.last}, {made.rows} in it, SHA-256 {made.sha256}")
