"""`schoolwatch status`: the live picture in a terminal, asked of the running collector over HTTP.

Watch it work: schoolwatch status --url http://127.0.0.1:8480
"""

import io
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.web.live import Agent, Live, School
from core.clock import SECOND
from core.errors import MonitorError

DEFAULT_URL: Final = "http://127.0.0.1:8480"
TIMEOUT_S: Final = 5.0
LARGEST_ANSWER: Final = 64_000_000
"""Bytes: some 50,000 schools."""

PIPE_WIDTH: Final = 160
"""Columns where nobody says how wide the terminal is: a file or another program."""

STYLES: Final = {
    "up": "green",
    "degraded": "yellow",
    "down": "bold red",
    "unknown": "bold magenta",
    "stopped": "dim",
    "never_seen": "dim",
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


class NoAnswer(MonitorError):
    """The collector gave no picture; the text is a sentence for a person."""


@click.command("status", short_help="Who is up, who is not, and why (asks the running collector).")
@click.option(
    "--url", default=DEFAULT_URL, show_default=True, metavar="URL", help="Where it serves its page."
)
@click.option("--json", "as_json", is_flag=True, help="The collector's answer, for programs.")
@click.pass_context
def status_command(context: click.Context, url: str, as_json: bool) -> None:
    """Show every school and agent with its state, why it is so, and since when.

    Exit code: 0 everything is up, 1 something is not, 2 the collector gave no answer.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that has no Chinese shows ? for it instead of a traceback.
        sys.stdout.reconfigure(errors="replace")
    try:
        answer = fetch(url)
        picture = read(answer, url)
    except NoAnswer as problem:
        click.echo(str(problem), err=True)
        context.exit(2)
    if as_json:
        click.echo(answer.decode("utf-8", "replace"))
    else:
        show(picture, _console())
    context.exit(0 if all_up(picture) else 1)


def fetch(url: str, timeout: float = TIMEOUT_S) -> bytes:
    """Return what the collector at *url* answers; raises NoAnswer, in time."""
    if not url.lower().startswith(("http://", "https://")):
        raise NoAnswer(f"--url {url!r} is no address like {DEFAULT_URL}")
    # No proxy: the collector is in the district's own network, and a proxy knows no 127.0.0.1.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/api/v1/live", timeout=timeout) as answer:
            return _body(answer, time.monotonic() + timeout)
    except urllib.error.HTTPError as error:
        raise NoAnswer(f"{url} answered {error.code}: is it a schoolwatch collector?") from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise NoAnswer(
            f"No collector answers at {url} ({reason}).\n"
            "Start one with `schoolwatch up`, or `schoolwatch collector run --config "
            "collector.toml`; name another one with --url."
        ) from None


def read(answer: bytes, url: str) -> Live:
    """Return the picture in *answer*; raises NoAnswer for anything else."""
    try:
        return msgspec.json.decode(answer, type=Live)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NoAnswer(
            f"{url} answered something else than a picture: is it a schoolwatch collector "
            "of this version?"
        ) from None


def all_up(picture: Live) -> bool:
    """Tell whether there are schools, all of them and their agents up, and values are stored."""
    states = [school.state for school in picture.schools]
    states += [agent.state for school in picture.schools for agent in school.agents]
    return bool(states) and set(states) == {"up"} and picture.ready and picture.broker_connected


def show(picture: Live, console: Console) -> None:
    """Write *picture* as a table, worst first, with what is wrong with the collector above it."""
    if not picture.broker_connected:
        console.print("The collector has no connection to the broker.", style="bold red")
    if not picture.ready:
        console.print(_safe(f"The collector cannot store: {picture.problem}", "bold red"))
    if not picture.schools:
        console.print("Nothing has reported yet. Start an agent: schoolwatch agent run --help")
        return
    console.print(_table(picture))
    counts: dict[str, int] = {}
    for school in picture.schools:
        counts[school.state] = counts.get(school.state, 0) + 1
    counted = ", ".join(f"{n} {_words(state)}" for state, n in counts.items())
    console.print(_safe(f"{_many(len(picture.schools), 'school')}: {counted}. {picture.at}"))


def _body(answer: HTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    while piece := answer.read1(1 << 16):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise ValueError(f"more than {LARGEST_ANSWER} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("its answer does not end")
    return bytes(body)


def _console() -> Console:
    # Rich takes 80 columns for a pipe, and would fold the table there.
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def _table(picture: Live) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("SCHOOL", "AGENT", "STATE", "SINCE", "LAST SEEN", "WHY"):
        table.add_column(name, overflow="fold")
    for school in picture.schools:
        table.add_row(*_school(school, picture.at_ns))
        for agent in school.agents:
            table.add_row(*_agent(agent, picture.at_ns))
    return table


def _school(school: School, now: int) -> list[Text]:
    name = f"{school.region}/{school.school}" + (f" {school.name}" if school.name else "")
    why = _why(school.cause) + ("" if school.in_roster else " (not in the roster)")
    since = _lasting(school.since_ns, now)
    return [_safe(name, "bold"), Text(), _state(school.state), since, Text(), _safe(why.strip())]


def _agent(agent: Agent, now: int) -> list[Text]:
    since, seen = _lasting(agent.since_ns, now), _lasting(agent.last_seen_ns, now, " ago")
    why = _safe(_why(agent.cause))
    return [Text(), _safe(agent.agent), _state(agent.state), since, seen, why]


def _state(state: str) -> Text:
    return _safe(_words(state), STYLES.get(state, "bold magenta"))


def _why(cause: str) -> str:
    return CAUSES.get(cause, cause)


def _words(state: str) -> str:
    return state.replace("_", " ")


def _many(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


def _lasting(at: int, now: int, after: str = "") -> Text:
    """Return how long *at* is before *now*, in its largest unit."""
    if not at:
        return Text("never" if after else "")
    seconds = max(0, now - at) // SECOND
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return Text(f"{seconds // length} {unit}{after}")
    return Text(f"{seconds} s{after}")


def _safe(text: str, style: str = "") -> Text:
    """Return *text* without what would steer the terminal: names come from many hands."""
    return Text("".join(c if c.isprintable() else "?" for c in text), style)
