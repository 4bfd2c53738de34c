"""Which log a command means: that of a collector's file, or a folder, as of a copy or a backup."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from collector.config import AUDIT, KEY_FILE, CollectorTable, read_to_start
from collector.evidence.signing import CHECKPOINTS, public_file
from collector.parts import LOCK
from core.errors import ConfigError
from core.lock import holder


@dataclass(frozen=True, slots=True)
class Log:
    """A log; with *table* it is a collector's own, whose queries are recorded in it."""

    folder: Path
    key: Path
    table: CollectorTable | None = None


def log_at(place: Path) -> Log:
    """Return the log of a collector.toml, a collector's folder or `audit`; raises ConfigError."""
    if place.is_dir():
        inner = place / AUDIT
        folder = inner if inner.is_dir() and not (place / CHECKPOINTS).exists() else place
        return Log(folder, public_file(folder.parent / KEY_FILE))
    if not place.is_file():
        raise ConfigError(f"{place} is not there: name a collector.toml, or a folder with a log")
    table = _table(place)
    folder = table.audit_folder
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not there: no collector has run with {place}")
    return Log(folder, public_file(table.signing_key), table)


def log_to_ask(place: Path) -> Log:
    """Return the same to show or hand on rows of it, which is recorded.

    Raises ConfigError for the folder of a collector that runs: a way round the record.
    """
    log = log_at(place)
    if log.table is None and holder(log.folder.parent / LOCK):
        raise ConfigError(
            f"{place} is the log of a collector that runs: name its collector.toml, so that what "
            "is asked is recorded"
        )
    return log


def _table(path: Path) -> CollectorTable:
    try:
        if tomllib.loads(path.read_text("utf-8")).get("kind") != "collector":
            raise ConfigError(f"{path} is no collector.toml, no folder and no export")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as a collector.toml: {error}") from None
    return read_to_start(path).collector
