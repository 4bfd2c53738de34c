"""The configuration that the agent runs with: what somebody announced by a start or a SIGHUP."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Accepted:
    """The file at `path` as the agent read it last; an agent without a file has none."""

    path: Path | None = None
    sha256: str = ""

    def take(self) -> None:
        """Note what is in the file, which was just read without a mistake."""
        if self.path is not None:
            try:
                self.sha256 = hashlib.sha256(self.path.read_bytes()).hexdigest()
            except OSError:
                # It went in this very moment. The next look at it says so.
                self.sha256 = ""
