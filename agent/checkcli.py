"""`schoolwatch agent check`: tries everything once before it matters."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.config import read_agent
from core.errors import ConfigError, MonitorError
from core.findings import Finding, as_json, as_text

DESCRIPTION: Final = """\
Try everything that agent.toml names, once and as the agent would: its probes, watchers and
devices, the way into the broker with its credentials, the spool's folder, the clock. Says in plain
words what works, what does not, and what to do. Sends nothing, keeps nothing, and leaves an agent
that runs alone.

Run it as the user that the agent runs as; it then also names what more rights would give.
"""
EPILOG: Final = """\
Exit code: 0 all works, 1 something does not, 2 wrong use or a mistake in the file.
"""


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
    said = as_json(given.config, found) if given.json else "\n".join(as_text(found))
    sys.stdout.write(said + "\n")
    return 1 if any(one.wrong for one in found) else 0


async def _check(path: Path) -> list[Finding]:
    from agent.check import check  # noqa: PLC0415 — a file with a mistake needs none of it

    return await check(read_agent(path))
