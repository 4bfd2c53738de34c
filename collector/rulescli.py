"""`schoolwatch rules`: check rules, list them, and test them with timelines.

Watch it work: schoolwatch rules test configs/rules.test.toml
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from alerts.language.describe import described
from alerts.language.file import SHIPPED, Rules, read_rules
from alerts.language.scene import Play
from alerts.language.timeline import Differs, play, read_timelines
from collector import terminal
from collector.terminal import safe
from core.tomlfile import FileMistakes

_FILE: Final = click.Path(path_type=Path)


@click.group("rules", short_help="Alert rules: check a file, list what is in force, test it.")
def rules_group() -> None:
    """Work with the rules that alerts are made by; docs/rules.md explains the language."""


@rules_group.command("check")
@click.argument("file", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def check_command(context: click.Context, file: Path | None, as_json: bool) -> None:
    """Say everything that is wrong with the rules in FILE, and what it changes.

    Without FILE: how many rules are shipped. Nothing is started or changed. Exit code: 0 fine,
    1 mistakes found.
    """
    terminal.forgive_output()
    try:
        rules = read_rules(file) if file else SHIPPED
    except FileMistakes as refusal:
        found = [asdict(mistake) for mistake in refusal.mistakes]
        _say(_json({"file": str(file), "mistakes": found}) if as_json else str(refusal))
        context.exit(1)
    words = {"file": str(file or ""), "mistakes": [], **_counts(rules)}
    if as_json:
        _say(_json(words))
        return
    more = (
        f", {len(rules.own)} of this file, {len(rules.changed)} changed, {len(rules.off)} off"
        if file
        else ""
    )
    _say(f"{file or 'shipped rules'}: fine, {len(rules.rules)} rules{more}")


@rules_group.command("list")
@click.argument("file", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def list_command(context: click.Context, file: Path | None, as_json: bool) -> None:
    """List every rule: name, severity, owner, and when it alerts; with FILE on top of them."""
    terminal.forgive_output()
    try:
        rules = read_rules(file) if file else SHIPPED
    except FileMistakes as refusal:
        click.echo(str(refusal), err=True)
        context.exit(1)
    rows = [_row(rules, number) for number in range(len(rules.rules))]
    if as_json:
        _say(_json({"rules": rows, "off": list(rules.off)}))
        return
    for row in rows:
        told = " (list only)" if row["quiet"] else ""
        mark = "*" if row["from"] != "shipped" else " "
        _say(f"{mark} {row['name']:24} {row['severity']:8} {row['owner']:9} {row['when']}{told}")
    for name in rules.off:
        _say(f"- {name:24} switched off by {file}")


@rules_group.command("test")
@click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def test_command(context: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Play the timelines in FILE, and say where people would be told something else.

    A file names the rules that it is about:  rules = "rules.toml"  (else the shipped ones). Exit
    code: 0 all as expected, 1 not, or a file cannot be used.
    """
    terminal.forgive_output()
    reports, wrong = [], False
    for path in files:
        try:
            report = _tested(path)
        except FileMistakes as refusal:
            report = {"file": str(path), "cases": 0, "mistakes": str(refusal), "differs": []}
        reports.append(report)
        wrong = wrong or bool(report["differs"] or report["mistakes"])
        if not as_json:
            _tell(report)
    if as_json:
        _say(_json({"files": reports}))
    context.exit(1 if wrong else 0)


def _tested(path: Path) -> dict[str, Any]:
    timelines = read_timelines(path)
    rules = read_rules(timelines.rules).rules if timelines.rules else SHIPPED.rules
    differs: list[Differs] = []
    for case in timelines.cases:
        differs += play(Play(case, rules, path.parent), case)
    found = [asdict(one) for one in differs]
    return {"file": str(path), "cases": len(timelines.cases), "mistakes": "", "differs": found}


def _tell(report: dict[str, Any]) -> None:
    if report["mistakes"]:
        _say(report["mistakes"])
        return
    for one in report["differs"]:
        _say(f"{report['file']}: {Differs(**one)}")
    wrong = len({one["case"] for one in report["differs"]})
    end = f"{wrong} of {report['cases']} timelines differ" if wrong else "as expected"
    _say(f"{report['file']}: {report['cases']} timelines, {end}")


def _row(rules: Rules, number: int) -> dict[str, Any]:
    rule = rules.rules[number]
    origin = "file" if rule.name in rules.own else "shipped"
    return {
        "name": rule.name,
        "severity": rule.severity,
        "in_school_time": rule.in_school_time or rule.severity,
        "owner": rule.owner,
        "quiet": rule.quiet,
        "when": described(rule),
        "for_s": rule.hold_s,
        "keep_firing_s": rule.keep_s,
        "hides": list(rule.hides),
        "waits_for_lessons": rule.waits_for_lessons,
        "counts_in_lessons": rule.counts_in_lessons,
        "carries_rooms": rule.carries_rooms,
        "from": "changed" if rule.name in rules.changed else origin,
        "title_zh": rule.texts.title.zh,
        "title_en": rule.texts.title.en,
    }


def _counts(rules: Rules) -> dict[str, Any]:
    return {
        "rules": len(rules.rules),
        "own": sorted(rules.own),
        "changed": sorted(rules.changed),
        "off": list(rules.off),
    }


def _json(words: dict[str, Any]) -> str:
    return json.dumps(words, ensure_ascii=False, indent=2)


def _say(text: str) -> None:
    for line in text.split("\n"):
        click.echo(safe(line).plain)
