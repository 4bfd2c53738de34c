"""`schoolwatch routes`: who would hear of an alert, and why; who would hear of nothing.

As `amtool config routes test` for Alertmanager.
Watch it work: schoolwatch routes show --config collector.toml --rule line_down --severity P1
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

import click

from alerts.language.file import SHIPPED, read_rules
from alerts.routing.check import read_routing, usable
from alerts.routing.plan import Decision, Routing
from alerts.routing.routes import code_of
from alerts.rules import Owner, Rule
from collector.config import CollectorConfig, read_collector
from collector.roster.read import read_roster
from collector.roster.school import School
from collector.routingfile import contacts_of
from core import clock
from core.alerts import CONSOLE, Alert, AlertKey
from core.clock import SECOND
from core.errors import ConfigError
from core.hints import hint
from core.kind import SEVERITIES, Severity


@click.group("routes", short_help="Who would hear of an alert, and why.")
def routes_group() -> None:
    """Ask the routes of a collector's configuration; docs/routing.md explains them."""


CONFIG: Final = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The collector's own file, whose [alerts] names the routes.",
)


@routes_group.command("show")
@CONFIG
@click.option("--rule", default="line_down", show_default=True, help="As in docs/alerts.md.")
@click.option("--school", default="", metavar="REGION/SCHOOL", help="Where it is.")
@click.option("--region", default="", help="Where it is, if at no school.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Without it: as the rule says.")
@click.option("--at", "when", default="", metavar="TIME", help='As "2026-11-23 22:00"; or now.')
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def show_command(  # noqa: PLR0917 — an option each
    config: Path,
    rule: str,
    school: str,
    region: str,
    severity: Severity | None,
    when: str,
    as_json: bool,
) -> None:
    """Say who would hear of an alert that begins at a time, by which route, and what follows.

    Nothing is sent. The list of schools is read where the configuration names one.
    """
    read = read_collector(config)
    asked = _rule(rule, read)
    routing = _routing(read)
    at = _moment(when, routing)
    key = AlertKey(rule, school or region)
    alert = Alert(key, severity or asked.severity)
    decision = routing.decide(key, alert.severity, asked.owner, at)
    if as_json:
        click.echo(json.dumps(_words(decision), indent=2))
        return
    for line in explained(routing, alert, asked.owner, decision, at):
        click.echo(line)


@routes_group.command("check")
@CONFIG
@click.pass_context
def check_command(context: click.Context, config: Path) -> None:
    """Say what is odd in the routes, and which schools nobody would hear of at once.

    Exit code: 0 everybody's P1 reaches somebody, 1 some does not, 2 the files cannot be used.
    """
    read = read_collector(config)
    routing, schools = _routing(read), _schools(read)
    assert read.alerts.routing_file
    for warning in read_routing(read.alerts.routing_file).warnings():
        click.echo(f"note: {warning}")
    deaf = list(unheard(routing, schools, clock.now()))
    for school in deaf:
        click.echo(f"{school}: nobody hears of what is P1 there")
    click.echo(f"{len(schools)} schools, {len(deaf)} of them without anybody for P1")
    context.exit(1 if deaf else 0)


def unheard(routing: Routing, schools: Mapping[str, School], at: int) -> Iterator[str]:
    """Return the schools of which what is P1 reaches nobody, whoever's it is to act."""
    for school in schools:
        key = AlertKey("line_down", school)
        found = [routing.decide(key, "P1", owner, at) for owner in get_args(Owner)]
        if any(not [one for one in decision.now if one != CONSOLE] for decision in found):
            yield school


def explained(
    routing: Routing, alert: Alert, owner: Owner, decision: Decision, at: int
) -> Iterator[str]:
    """Return what becomes of *alert*, which *owner* has to act on, in words."""
    key, zone = alert.key, routing.zone
    code = code_of(key.rule) or "no code"
    where = key.place or "the whole district"
    there = clock.minute(at, zone)
    yield f"{key.rule} ({alert.severity}, {owner}, {code}) at {where}, {there}"
    if not decision.hops:
        yield "  nobody: it would stand in the list and in the log, and count as unrouted"
    for hop in decision.hops:
        digest = [one for one in hop.channels if one in decision.digest]
        how = ", in the daily digest" if digest else ""
        yield f"  {hop.receiver} ({', '.join(hop.channels)}){how}: {hop.to} of route {hop.route!r}"
    if decision.now:
        waits = max(decision.now.values())
        if waits:
            yield f"  after {_length(waits)}, with what else begins by then"
        if decision.repeat:
            yield f"  again every {_length(decision.repeat)}, until somebody acknowledges"
    if decision.escalates:
        for after, to in routing.escalations(alert.severity):
            names = [hop.receiver for hop in routing.resolve("", to, key, at)]
            who = ", ".join(names) or "nobody"
            yield f"  after {_length(after)} without acknowledgement: {who}"
    _, due_at = routing.due(alert, at)
    if due_at:
        due = clock.minute(due_at, zone)
        yield f"  due by {due}, then on the supervision list"


def _words(decision: Decision) -> dict[str, Any]:
    return {
        "receivers": [
            {
                "name": hop.receiver,
                "channels": list(hop.channels),
                "route": hop.route,
                "to": hop.to,
            }
            for hop in decision.hops
        ],
        "now": list(decision.now),
        "digest": list(decision.digest),
        "repeat_s": decision.repeat // SECOND,
        "escalates": decision.escalates,
        "unrouted": decision.unrouted,
    }


def _routing(config: CollectorConfig) -> Routing:
    path = config.alerts.routing_file
    if path is None:
        raise ConfigError("[alerts] routing_file names no file: every channel hears everything")
    channels = (CONSOLE, *(one.name for one in config.alerts.all_channels()))
    found = read_routing(path)
    usable(found, channels, path)
    schools = _schools(config)
    return Routing(
        found,
        channels,
        config.collector.tz(),
        schools=config.alerts.schools(),
        contacts=lambda school: contacts_of(schools.get(school)),
    )


def _rule(name: str, config: CollectorConfig) -> Rule:
    """Return the rule *name* of those that are in force; raises FileMistakes, UsageError."""
    file = config.alerts.rules_file
    rules = read_rules(file) if file else SHIPPED
    if name in rules.off:
        raise click.UsageError(f"the rule {name!r} is switched off by {file}: nobody hears of it")
    named = {rule.name: rule for rule in rules.rules}
    if name not in named:
        raise click.UsageError(f"there is no rule {name!r}{hint(name, named)}")
    return named[name]


def _schools(config: CollectorConfig) -> Mapping[str, School]:
    if config.roster.file is None:
        return {}
    mine = (
        one
        for one in read_roster(config.roster.file).schools
        if one.region in config.collector.regions
    )
    return {f"{one.region}/{one.school}": one for one in mine if one.status == "open"}


def _moment(text: str, routing: Routing) -> int:
    if not text:
        return clock.now()
    try:
        there = datetime.strptime(text, clock.MINUTE_FORM).replace(tzinfo=routing.zone)
    except ValueError:
        text = f'--at {text!r} is no time; expected one as "2026-11-23 22:00"'
        raise click.UsageError(text) from None
    return int(there.timestamp()) * SECOND


def _length(ns: int) -> str:
    seconds = ns // SECOND
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and not seconds % size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
