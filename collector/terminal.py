"""What the commands share that ask the running collector over HTTP and write for a terminal."""

import io
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.clock import SECOND
from core.errors import MonitorError

_T = TypeVar("_T")
_Command = TypeVar("_Command", bound=Callable[..., Any])

DEFAULT_URL: Final = "http://127.0.0.1:8480"
TIMEOUT_S: Final = 5.0
LARGEST_ANSWER: Final = 64_000_000
"""Bytes: some 50,000 schools."""

PIPE_WIDTH: Final = 160
"""Columns where nobody says how wide the terminal is: a file or another program."""


class NoAnswer(MonitorError):
    """The collector gave no such answer; the text is a sentence for a person."""


def url_option(command: _Command) -> _Command:
    """Add the option that names the collector to ask."""
    return click.option(
        "--url",
        default=DEFAULT_URL,
        show_default=True,
        metavar="URL",
        help="Where it serves its page.",
    )(command)


def json_option(command: _Command) -> _Command:
    """Add the option for programs that read the answer."""
    return click.option(
        "--json", "as_json", is_flag=True, help="The collector's answer, for programs."
    )(command)


def forgive_output() -> None:
    """Show ? for what a terminal cannot, as Chinese in some, instead of a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def fetch(url: str, path: str, timeout: float = TIMEOUT_S) -> bytes:
    """Return what the collector's API at *url* answers under *path*; raises NoAnswer, in time."""
    return fetch_file(url, f"api/v1/{path}", timeout)


def fetch_file(url: str, path: str, timeout: float = TIMEOUT_S) -> bytes:
    """Return what the collector at *url* has at *path*; raises NoAnswer, in time."""
    if not url.lower().startswith(("http://", "https://")):
        raise NoAnswer(f"--url {url!r} is no address like {DEFAULT_URL}")
    # No proxy: the collector is in the district's own network, and a proxy knows no 127.0.0.1.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url.rstrip('/')}/{path}", timeout=timeout) as answer:
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


def read(answer: bytes, url: str, kind: type[_T], noun: str) -> _T:
    """Return the *kind*, for people a *noun*, in *answer*; raises NoAnswer for anything else."""
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NoAnswer(
            f"{url} answered something else than {noun}: is it a schoolwatch collector "
            "of this version?"
        ) from None


def _body(answer: HTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    while piece := answer.read1(1 << 16):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise ValueError(f"more than {LARGEST_ANSWER} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("its answer does not end")
    return bytes(body)


def console() -> Console:
    """Return where to write: as wide as the terminal, or wide enough for a table."""
    # Rich takes 80 columns for a pipe, and would fold the table there.
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def table(*names: str) -> Table:
    """Return an empty table with *names* above its columns."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in names:
        made.add_column(name, overflow="fold")
    return made


def lasting(at: int, now: int, after: str = "") -> Text:
    """Return how long *at* is before *now*, in its largest unit."""
    if not at:
        return Text("never" if after else "")
    seconds = max(0, now - at) // SECOND
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return Text(f"{seconds // length} {unit}{after}")
    return Text(f"{seconds} s{after}")


def safe(text: str, style: str = "") -> Text:
    """Return *text* without what would steer the terminal: names come from many hands."""
    return Text("".join(c if c.isprintable() else "?" for c in text), style)
