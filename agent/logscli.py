"""`schoolwatch agent logs verify`: recomputes what is kept against its seals."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from agent.config import AgentConfig, read_agent
from agent.logs.kept.keeper import SEALED
from agent.logs.kept.names import day_of
from agent.logs.kept.seals import read_seals, standing, told
from agent.logs.kept.verify import check_device
from core.errors import ConfigError, MonitorError
from core.types import Identity

DESCRIPTION: Final = """\
Recompute each day of the logs in [logs] keep_folder and compare it with its seal: rows, SHA-256 and
Merkle root. An altered, dropped, inserted, reordered, cut or missing day is named, with the place
where it begins. Then print what the district's audit log must say of each day (log_day_sealed):
whoever changed files and seals here could not change that.

With --district FILE that is compared as well: lines of the audit log as JSON, as
`schoolwatch audit search` or an export gives them. Changes nothing.
"""
EPILOG: Final = """\
Exit code: 0 all is as it was sealed, 1 something is not, 2 wrong use or a mistake in the file.
"""


def main(words: Sequence[str]) -> int:
    """Run `agent logs` with *words*; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="schoolwatch agent logs",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["verify"])
    parser.add_argument("--config", type=Path, required=True, help="see configs/agent.toml")
    parser.add_argument("--district", type=Path, help="lines of the district's audit log (JSON)")
    given = parser.parse_args(words)
    try:
        config = read_agent(given.config)
        return _verify(config, _district(given.district, config.identity))
    except (MonitorError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ConfigError) else 1


def _verify(config: AgentConfig, district: Mapping[str, list[Mapping[str, Any]]] | None) -> int:
    kept = [one.id for one in config.logs.list if one.keep]
    if config.logs.keep_folder is None or not kept:
        raise ConfigError("[logs] keep_folder is empty: no rows are kept here")
    is_wrong = False
    for device in kept:
        folder = config.logs.keep_folder / device
        findings = [
            f"{device}/{one}"
            for one in check_device(folder, None if district is None else district.get(device, []))
        ]
        is_wrong = is_wrong or bool(findings)
        lines = [*findings, *_must_say(folder, device)]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if is_wrong else 0


def _must_say(folder: Path, device: str) -> Iterator[str]:
    entries, _, _ = read_seals(folder)
    there = standing(entries)
    oldest = min((one.first for one in there.values() if one.first), default=0)
    yield (
        f"{device}: {len(there)} sealed days, {sum(one.rows for one in there.values())} rows"
        + (f", since {day_of(oldest).isoformat()}" if oldest else "")
        + "; the district's audit log must say:"
    )
    for seal in there.values():
        details = told(seal)
        gaps = " ".join(f"{why}={count}" for why, count in details["gaps"].items()) or "-"
        yield (
            f"  {SEALED} {device}/{seal.file} rows={seal.rows} root={seal.root} "
            f"sha256={seal.sha256} gaps: {gaps}"
        )


def _district(path: Path | None, who: Identity) -> Mapping[str, list[Mapping[str, Any]]] | None:
    """Return what the lines at *path* say of this agent's days, by device; None without *path*.

    Raises ConfigError for a line that is no JSON object.
    """
    if path is None:
        return None
    found: dict[str, list[Mapping[str, Any]]] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path}, line {number}: {error}") from None
            details = row.get("details")
            if row.get("kind") == SEALED and row.get("agent") == str(who) and details:
                found.setdefault(str(details.get("device")), []).append(details)
    return found
