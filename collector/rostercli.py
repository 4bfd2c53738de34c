"""`schoolwatch roster check FILE`: everything that is wrong with a list of schools, by line.

Watch it work: schoolwatch roster check configs/roster.csv
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from collector import terminal
from collector.roster.read import Roster, read_roster
from collector.roster.table import NotARoster, Weight
from collector.terminal import safe

WRONG: Final[tuple[Weight, ...]] = ("refused", "value", "owners", "doubt")
"""What somebody has to correct; a note is only worth knowing."""


@click.group("roster", short_help="The list of schools: check a file before it is used.")
def roster_group() -> None:
    """Work with the list of schools that the district owns; docs/roster.md explains its columns."""


@roster_group.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def check_command(context: click.Context, file: Path, as_json: bool) -> None:
    """Read FILE (CSV or XLSX) as the collector would, and name every row that is not in order.

    Nothing is started or changed. Exit code: 0 everything is in order, 1 something has to be
    corrected, 2 the file cannot be opened.
    """
    terminal.forgive_output()
    try:
        roster = read_roster(file)
    except NotARoster as refusal:
        problems = str(refusal).split("\n")
        click.echo(_json({"file": str(file), "problems": problems}) if as_json else str(refusal))
        context.exit(1)
    lines = [_json(as_words(roster))] if as_json else as_lines(roster)
    for line in lines:
        click.echo(line)
    context.exit(1 if wrong(roster) else 0)


def wrong(roster: Roster) -> bool:
    """Tell whether anything has to be corrected; a roster without a school has."""
    return not roster.schools or any(remark.weight in WRONG for remark in roster.remarks)


def as_lines(roster: Roster) -> Iterator[str]:
    """Yield what to tell a person: every remark with its place, then the counts."""
    for sentence in roster.said():
        yield safe(sentence).plain
    good = len(roster.schools)
    yield safe(
        f"{roster.path}: {roster.read} rows read: {good} good, {roster.flagged} of them flagged; "
        f"{roster.refused} refused; {roster.comments} comments"
    ).plain


def as_words(roster: Roster) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "file": str(roster.path),
        "read": roster.read,
        "good": len(roster.schools),
        "flagged": roster.flagged,
        "refused": roster.refused,
        "comments": roster.comments,
        "digest": roster.digest,
        "problems": [],
        "remarks": [asdict(remark) for remark in roster.remarks],
    }


def _json(words: dict[str, Any]) -> str:
    return json.dumps(words, indent=2)
