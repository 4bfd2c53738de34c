"""`schoolwatch status`: the live picture in a terminal, asked of the running collector over HTTP.

Watch it work: schoolwatch status --url http://127.0.0.1:8480
"""

from collections import Counter
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector import terminal
from collector.terminal import lasting, safe
from collector.web.live import Agent, Live, School

STYLES: Final = {
    "up": "green",
    "degraded": "yellow",
    "down": "bold red",
    "unknown": "bold magenta",
    "stopped": "dim",
    "never_seen": "dim",
}
STANDINGS: Final = {
    "unlisted": "not in the roster",
    "merged": "merged: does not count",
    "closed": "closed: does not count",
    "not_yet": "not open yet: does not count",
}
CAUSES: Final = {
    "": "",
    "silent": "no heartbeat for more than 3 minutes",
    "will": "its connection broke off",
    "broker": "the collector is cut off from the broker",
    "collector": "the collector has just come back",
    "unproven": "nothing was ever received",
    "never_seen": "nothing was ever received",
    "stopped": "stopped on purpose",
    "all_stopped": "its agents were stopped on purpose",
}
UNACCOUNTED: Final = "unaccounted: sends without a header, so what is lost is not known"


@click.command("status", short_help="Who is up, who is not, and why (asks the running collector).")
@terminal.url_option
@terminal.json_option
@click.pass_context
def status_command(context: click.Context, url: str, as_json: bool) -> None:
    """Show every school and agent with its state, why it is so, and since when.

    Exit code: 0 everything is up, 1 something is not, 2 the collector gave no answer.
    """
    terminal.forgive_output()
    try:
        answer = terminal.fetch(url, "live")
        picture = terminal.read(answer, url, Live, "a picture")
    except terminal.NoAnswer as problem:
        click.echo(str(problem), err=True)
        context.exit(2)
    if as_json:
        click.echo(answer.decode("utf-8", "replace"))
    else:
        show(picture, terminal.console())
    context.exit(0 if all_up(picture) else 1)


def all_up(picture: Live) -> bool:
    """Tell whether schools count, all of them and their agents are up, and values are stored."""
    counted = [school for school in picture.schools if school.counts]
    states = [school.state for school in counted]
    states += [agent.state for school in counted for agent in school.agents]
    return bool(states) and set(states) == {"up"} and picture.ready and picture.broker_connected


def show(picture: Live, console: Console) -> None:
    """Write *picture* as a table, worst first, with what is wrong with the collector above it."""
    if not picture.broker_connected:
        console.print("The collector has no connection to the broker.", style="bold red")
    if not picture.ready:
        console.print(safe(f"The collector cannot store: {picture.problem}", "bold red"))
    if not picture.schools:
        console.print("Nothing has reported yet. Start an agent: schoolwatch agent run --help")
        return
    console.print(_table(picture))
    counts = Counter(school.state for school in picture.schools if school.counts)
    counted = ", ".join(f"{n} {_words(state)}" for state, n in counts.items()) or "none counts"
    others = len(picture.schools) - counts.total()
    more = f"; {others} more that {'does' if others == 1 else 'do'} not count" if others else ""
    console.print(safe(f"{_many(counts.total(), 'school')}: {counted}{more}. {picture.at}"))


def _table(picture: Live) -> Table:
    table = terminal.table("SCHOOL", "AGENT", "STATE", "SINCE", "LAST SEEN", "WHY")
    for school in picture.schools:
        table.add_row(*_school(school, picture.at_ns))
        for agent in school.agents:
            table.add_row(*_agent(agent, picture.at_ns))
    return table


def _school(school: School, now: int) -> list[Text]:
    name = f"{school.region}/{school.school}" + (f" {school.name}" if school.name else "")
    flags = [STANDINGS.get(school.standing, "")]
    if school.missing_owners and school.counts:
        flags.append(f"owners missing: {', '.join(school.missing_owners)}")
    why = _why(school.cause) + "".join(f" ({flag})" for flag in flags if flag)
    since = lasting(school.since_ns, now)
    return [safe(name, "bold"), Text(), _state(school.state), since, Text(), safe(why.strip())]


def _agent(agent: Agent, now: int) -> list[Text]:
    since, seen = lasting(agent.since_ns, now), lasting(agent.last_seen_ns, now, " ago")
    why = safe("; ".join(filter(None, (_why(agent.cause), UNACCOUNTED * agent.unaccounted))))
    return [Text(), safe(agent.agent), _state(agent.state), since, seen, why]


def _state(state: str) -> Text:
    return safe(_words(state), STYLES.get(state, "bold magenta"))


def _why(cause: str) -> str:
    return CAUSES.get(cause, cause)


def _words(state: str) -> str:
    return state.replace("_", " ")


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")
