"""`schoolwatch agent …`: the commands that run in a school. No click here: see schoolwatch.py."""

import asyncio
import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.disk import shut_others_out
from core.errors import ConfigError, MonitorError, StartError

COMMANDS: Final = {
    "check": "agent.checkcli",
    "device": "agent.devicecli",
    "discover": "agent.discovercli",
    "logs": "agent.logscli",
    "probe": "agent.probecli",
    "wake": "agent.wakecli",
    "witness": "agent.witnesscli",
}
"""The modules of those commands that a person types, and no service."""

HELP = """\
schoolwatch agent — what runs in a school

  schoolwatch agent run --config agent.toml   probe, spool and send until told to stop
  schoolwatch agent check --config agent.toml try everything once: what works, and what to do
  schoolwatch agent probe                     the probes, and what each can be told
  schoolwatch agent probe mem                 one probe once; its readings as line protocol
  schoolwatch agent device projector-302 --config agent.toml
                                              one look at one device, as line protocol
  schoolwatch agent discover 192.0.2.0/24     what is in a network, and its configuration
  schoolwatch agent logs verify --config agent.toml
                                              recompute the logs that are kept, against their seals
  schoolwatch agent wake pc-302 --config agent.toml
                                              switch a computer on over the network (Wake-on-LAN)
  schoolwatch agent witness --config agent.toml
                                              what it holds of the audit log, for the auditor
"""


def main(words: Sequence[str]) -> int:
    """Run the command that *words* name; returns the exit code."""
    match words[:1]:
        case ["run"]:
            return _run(words[1:])
        case [word] if word in COMMANDS:
            module = importlib.import_module(COMMANDS[word])  # `agent run` is lean
            return int(module.main(words[1:]))
        case [] | ["--help"] | ["-h"]:
            sys.stdout.write(HELP)
            return 0 if words else 2
        case _:
            sys.stderr.write(f"schoolwatch agent has no command {words[0]!r}.\n\n{HELP}")
            return 2


def _run(words: Sequence[str]) -> int:
    file, level = _plain(words) or _parsed(words)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        return _run_config(file)
    except MonitorError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, (ConfigError, StartError)) else 1


def _plain(words: Sequence[str]) -> tuple[Path, str] | None:
    """Return what a service manager writes, without a parser that stays in memory for months."""
    match words:
        case ["--config", file] if not file.startswith("-"):
            return Path(file), "INFO"
        case _:
            return None


def _parsed(words: Sequence[str]) -> tuple[Path, str]:
    import argparse  # noqa: PLC0415 — see `_plain`

    parser = argparse.ArgumentParser(
        prog="schoolwatch agent run",
        description="Probe, spool and send until Ctrl-C or SIGTERM. What is spooled is kept and "
        "sent by the next start, so a restart loses nothing.",
    )
    parser.add_argument("--config", type=Path, required=True, help="see configs/agent.toml")
    parser.add_argument(
        "--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"]
    )
    options = parser.parse_args(words)
    return options.config, options.log_level


def _run_config(path: Path) -> int:
    # Here, so that `--help` does not load what it does not need.
    from agent.app import run  # noqa: PLC0415

    shut_others_out()
    asyncio.run(run(path))
    return 0
