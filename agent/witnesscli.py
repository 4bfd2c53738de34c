"""`schoolwatch agent witness`: what this agent holds of the collector's audit log.

For the auditor: the signed notes, as they came, which `schoolwatch audit compare` reads.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import DecodeError

from agent.config import read_agent
from agent.witnesskept import FOLDER, Held, evidence, read_held
from core.clock import rfc3339
from core.errors import ConfigError, MonitorError
from core.merkle.note import NoteError
from core.merkle.notes import framed

DESCRIPTION: Final = """\
Print the newest checkpoint of each audit log that this agent holds: a signed note that says how
many rows the collector's log had, and the hash over all of them. Whoever has the log can be held to
it:  schoolwatch audit compare --notes FILE --log FOLDER
Lines that begin with # are for people. Sends nothing, changes nothing.
"""
EPILOG: Final = """\
Exit code: 0 nothing is wrong, 1 the log is not what it was (or nothing is held yet), 2 wrong use.
"""


def main(words: Sequence[str]) -> int:
    """Run `agent witness` with *words*; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="schoolwatch agent witness",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, required=True, help="see configs/agent.toml")
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
    parser.add_argument("--evidence", action="store_true", help="print what was refused, too")
    given = parser.parse_args(words)
    try:
        folder = read_agent(given.config).spool.folder / FOLDER
        logs = read_held(folder)
    except (MonitorError, OSError, DecodeError, NoteError) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    kept = evidence(folder)
    said = json.dumps(_values(logs, kept), ensure_ascii=False) if given.json else _text(logs, kept)
    sys.stdout.write(f"{said.rstrip()}\n")
    if given.evidence:
        for path in kept:
            sys.stdout.write(f"\n# {path}\n{path.read_text()}")
    return 1 if not logs or any(held.trouble for held in logs.values()) else 0


def _text(logs: dict[str, Held], kept: Sequence[Path]) -> str:
    if not logs:
        return "# no checkpoint of an audit log has come yet / 还没有收到审计日志的检查点"
    notes = []
    for held in logs.values():
        trust = "pinned in agent.toml" if held.pinned else "trusted as the first that came"
        head = [f"verified {rfc3339(held.at)}, key {held.key} ({trust})"]
        if held.trouble:
            head.append(f"THE LOG IS NOT WHAT IT WAS / 日志与所持检查点不符: {held.why}")
        notes.append("".join(f"# {line}\n" for line in head).encode() + held.note.encode())
    refused = "".join(f"# evidence / 证据: {path}\n" for path in kept)
    return framed(notes).decode() + refused


def _values(logs: dict[str, Held], kept: Sequence[Path]) -> dict[str, Any]:
    return {
        "logs": [
            {
                "origin": origin,
                "size": held.checkpoint().size,
                "note": held.note,
                "key": held.key,
                "pinned": bool(held.pinned),
                "at": rfc3339(held.at),
                "trouble": held.trouble,
                "why": held.why,
            }
            for origin, held in logs.items()
        ],
        "evidence": [str(path) for path in kept],
    }
