"""`schoolwatch ledger`: what is missing, since when and why, asked of the running collector.

Watch it work: schoolwatch ledger --all --url http://127.0.0.1:8480
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector import terminal
from collector.terminal import NoAnswer, lasting, safe
from collector.web.ledger import AgentLedger, Gap, Ledger

HARMLESS: Final = ("expected",)
MAX_PAGES: Final = 1_000


@click.command("ledger", short_help="What is missing, since when and why.")
@terminal.url_option
@terminal.json_option
@click.option("--agent", metavar="REGION/SCHOOL/AGENT", help="Only this agent, in every detail.")
@click.option("--all", "everybody", is_flag=True, help="Also agents of whom nothing is missing.")
@click.pass_context
def ledger_command(
    context: click.Context, url: str, as_json: bool, agent: str | None, everybody: bool
) -> None:
    """Show which batches are missing, since when and why; docs/ledger.md says what to do.

    Exit code: 0 nothing is missing but what is still expected, 1 something is, or two machines
    use one identity, 2 wrong use, or the collector gave no answer.
    """
    terminal.forgive_output()
    words = named(agent) if agent else {} if everybody else {"missing": "1"}
    try:
        account = ask(url, words)
    except NoAnswer as problem:
        click.echo(str(problem), err=True)
        context.exit(2)
    if agent and not account.agents:
        click.echo(f"The ledger knows no agent {agent}.", err=True)
        context.exit(2)
    if as_json:
        click.echo(msgspec.json.encode(account).decode())
    else:
        show(account, terminal.console())
    context.exit(0 if all(fine(one) for one in account.agents) else 1)


def named(agent: str) -> dict[str, str]:
    """Return the parameters for `region/school/agent`; raises BadParameter for anything else."""
    parts = agent.split("/")
    if len(parts) != 3 or not all(parts):
        raise click.BadParameter("expected region/school/agent", param_hint="--agent")
    return dict(zip(("region", "school", "agent"), parts))


def ask(url: str, words: dict[str, str]) -> Ledger:
    """Return the whole account, page after page; raises NoAnswer."""
    pages = list(_pages(url, words))
    agents = [agent for page in pages for agent in page.agents]
    return msgspec.structs.replace(pages[0], agents=agents, next=0)


def fine(agent: AgentLedger) -> bool:
    """Tell whether nothing of *agent* is lost or odd; what is expected may still come."""
    if agent.two_machines or agent.cut:
        return False
    return all(cause.reason in HARMLESS for cause in agent.causes)


def show(account: Ledger, console: Console) -> None:
    """Write *account*: first what went back, then each agent in words, then the ranges."""
    for restore in account.restores:
        console.print(safe(f"{restore.at}: {restore.words.en}", "yellow"))
    for agent in account.agents:
        console.print(safe(f"{agent.region}/{agent.school}/{agent.agent}", "bold"))
        for words in agent.words:
            console.print(safe(f"  {words.en}", "" if fine(agent) else "yellow"))
    lost = [agent for agent in account.agents if agent.missing]
    if lost:
        console.print()
        console.print(_table(lost, account.at_ns))
    for name in (f"{one.school}/{one.agent}" for one in lost if one.cut):
        console.print(safe(f"{name} has lost something of more epochs than are listed.", "bold"))
    count = len(lost)
    noun = "agent" if count == 1 else "agents"
    said = f"Of {count} {noun} something is missing." if count else "Nothing is missing."
    console.print(f"{said} {account.at}")


def _pages(url: str, words: dict[str, str]) -> Iterator[Ledger]:
    after = 0
    for _ in range(MAX_PAGES):
        query = urlencode(words | {"after": str(after)})
        answer = terminal.fetch(url, f"ledger?{query}")
        page = terminal.read(answer, url, Ledger, "a ledger")
        yield page
        if page.next <= after:
            return
        after = page.next


def _table(agents: list[AgentLedger], now: int) -> Table:
    table = terminal.table("AGENT", "EPOCH", "LANE", "BATCHES", "MISSING FOR", "WHY")
    for agent in agents:
        name = f"{agent.school}/{agent.agent}"
        for lane in agent.lanes:
            for gap in lane.missing:
                age = lasting(gap.since_ns, now, " or more")
                why = safe(gap.words.en)
                table.add_row(safe(name), safe(lane.epoch), safe(lane.lane), _span(gap), age, why)
            if lane.more:  # only what is expected: the rest stands before it
                rest = safe(f"and {lane.more} more ranges")
                table.add_row(safe(name), safe(lane.epoch), safe(lane.lane), rest)
    return table


def _span(gap: Gap) -> Text:
    return safe(str(gap.first) if gap.first == gap.last else f"{gap.first}-{gap.last}")
