"""What can be said of the log at this moment, for pages, metrics and alarms."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.evidence import segments
from collector.evidence.notary import Standing


@dataclass(frozen=True, slots=True)
class LogHealth:
    """Times are ns since 1970, 0 where there is none.

    `stopped` says why no checkpoint is signed any more, `failing` why the last try failed.
    """

    oldest_at: int
    oldest_row: int
    rows: int
    size: int
    """The rows that are in the tree; fewer than `rows` only while something is wrong."""
    checkpoint_at: int
    checkpoint_size: int
    sealed_segments: int
    open_segments: int
    append_errors: int
    stopped: str = ""
    failing: str = ""

    def checkpoint_age_s(self, now: int) -> float:
        """Return how old the newest checkpoint is, of the log's rows without one too."""
        return max(0, now - (self.checkpoint_at or self.oldest_at or now)) / 1e9


NOTHING: Final = LogHealth(0, 0, 0, 0, 0, 0, 0, 0, 0)
"""What is known of a log that cannot be read."""


def health_of(
    folder: Path, oldest: tuple[int, int], rows: int, errors: int, standing: Standing | None
) -> LogHealth:
    """Return the health of the log in *folder*; *oldest* is row and time. Raises OSError."""
    found = segments.segments(folder)
    sealed = sum(path.suffix == segments.SEALED for path in found)
    row, at = oldest
    if standing is None:
        return LogHealth(at, row, rows, 0, 0, 0, sealed, len(found) - sealed, errors)
    signed = standing.signed
    return LogHealth(
        *(at, row, rows, standing.size, standing.signed_at, signed.size if signed else 0),
        *(sealed, len(found) - sealed, errors, standing.stopped, standing.failing),
    )
