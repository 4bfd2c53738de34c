"""What a watcher has to know after a restart: a small file beside the spool."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.disk import replace

MOST_BYTES: Final = 1_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """A JSON object in the file at `path`; whoever reads it checks every value in it."""

    path: Path

    def read(self) -> Mapping[str, Any] | None:
        """Return what was written last; None where there is nothing, or nothing that is whole."""
        try:
            with self.path.open("rb") as file:
                found = json.loads(file.read(MOST_BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("%s is not readable, so it is learned anew: %s", self.path, error)
            return None
        return found if isinstance(found, dict) else None

    def write(self, what: Mapping[str, Any]) -> None:
        """Write *what*, whole or not at all; raises OSError."""
        replace(self.path, json.dumps(what, sort_keys=True).encode(), 0o600)
