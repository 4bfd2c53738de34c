"""That the collector starts with another configuration than the last time is recorded, by digest.

Files that are taken over while it runs are recorded by collector/filewatch.py; here are those that
are read at start only. Never a file that holds a secret: a digest of a short one can be guessed.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from collector.config import CollectorConfig
from collector.journal import Journal, Note
from core import disk

SEEN: Final = "config-seen.json"
"""In the collector's folder: the digest of each file at the last start, by its name."""
NOT_THERE: Final = ""

_log = logging.getLogger(__name__)


def files_of(path: Path, config: CollectorConfig) -> list[Path]:
    """Return the files that are read at start only and hold no secret."""
    return [path, *filter(None, (config.alerts.incidents_file,))]


def note(journal: Journal, folder: Path, files: Sequence[Path]) -> None:
    """Record each file that is another than at the last start; raises sqlite3.Error."""
    before, now = _seen(folder), {path.name: _digest(path) for path in files}
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    journal.note(
        *(
            Note(
                "config_changed",
                name,
                "",
                {"digest": now.get(name, NOT_THERE), "before": before.get(name, NOT_THERE)},
            )
            for name in changed
        )
    )
    if changed:
        journal.sync_or_later()
        try:
            disk.replace(folder / SEEN, msgspec.json.encode(now, order="sorted"))
        except OSError as error:  # then the next start says it once more
            _log.warning("%s cannot be written: %s", folder / SEEN, error)


def _seen(folder: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((folder / SEEN).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return NOT_THERE
