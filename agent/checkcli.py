"""`schoolwatch agent check`: tries everything once before it matters."""

import argparse
import asyncio
import json
import logging
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from agent.config import read_agent
from agent.findings import Finding
from core.errors import ConfigError, MonitorError

DESCRIPTION: Final = """\
Try everything that agent.toml names, once and as the agent would: its probes and watchers, the way
into the broker with its credentials, the spool's folder, the clock. Says in plain words what works,
what does not, and what to do. Sends nothing, keeps nothing, and leaves an agent that runs alone.

Run it as the user that the agent runs as; it then also names what more rights would give.
"""
EPILOG: Final = """\
Exit code: 0 all works, 1 something does not, 2 wrong use or a mistake in the file.
"""
MARKS: Final = {"works": "works", "broken": "BROKEN", "rights": "RIGHTS", "note": "-"}
WIDTH: Final = 100


def main(words: Sequence[str]) -> int:
    """Run `agent check` with *words*; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="schoolwatch agent check",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, required=True, help="see configs/agent.toml")
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
    given = parser.parse_args(words)
    logging.basicConfig(level=logging.CRITICAL)  # what the parts would log is said below
    try:
        found = asyncio.run(_check(given.config))
    except MonitorError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    wrong = sum(one.wrong for one in found)
    if given.json:
        said = {"file": str(given.config), "fine": not wrong, "findings": [*map(asdict, found)]}
        sys.stdout.write(json.dumps(said, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(as_text(found)) + "\n")
    return 1 if wrong else 0


async def _check(path: Path) -> list[Finding]:
    from agent.check import check  # noqa: PLC0415 — a file with a mistake needs none of it

    return await check(read_agent(path))


def as_text(found: Iterable[Finding]) -> Iterable[str]:
    """Return the lines for a terminal."""
    tried = wrong = 0
    for one in found:
        tried += one.state != "note"
        wrong += one.wrong
        head = f"{MARKS[one.state]:7}{one.part:24}"
        yield from _wrapped(head, one.text)
        if one.do:
            yield from _wrapped(" " * len(head), f"→ {one.do}")
    yield ""
    yield f"{wrong} of {tried} do not work." if wrong else f"All {tried} work."


def _wrapped(head: str, text: str) -> Iterable[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
