"""What one reading of the log has seen so far, for what judges it afterwards."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from collector.evidence.findings import Finding, Report
from collector.evidence.following import Following
from collector.evidence.heads import Head
from collector.evidence.lines import Digest
from collector.evidence.rhythm import Rhythm

MOST_FINDINGS: Final = 50


@dataclass(slots=True)
class Back:
    """A row or checkpoint of an earlier time than what stands before it: file, line, row."""

    where: tuple[str, int, int]
    what: str


@dataclass(slots=True)
class Seen:
    """The state of a check of the log in *folder*; the first *skipped* rows are not there."""

    folder: Path
    tree: Following
    report: Report = field(default_factory=Report)
    skipped: int = 0
    broken: bool = False
    """A file could not be read, so what follows it was not."""
    known: dict[bytes, bytes] = field(default_factory=dict)
    """The keys that count, by id."""
    signers: set[bytes] = field(default_factory=set)
    trusted: set[bytes] = field(default_factory=set)
    """The keys that were given, and those that they name as the next."""
    trusted_to: int = 0
    """So many rows are signed by one of these."""
    good: int = 0
    """Up to here the rows are as they were signed."""
    good_witness: int = 0
    """Up to here a witness vouches for them, who the log's own key cannot speak for."""
    bad: Head | None = None
    bad_witness: Head | None = None
    again: Head | None = None
    """A head that fits, behind one that does not."""
    last: Head | None = None
    last_key: bytes = b""
    order: Finding | None = None
    received: int = 0
    back: list[Back] = field(default_factory=list)
    back_told: list[int] = field(default_factory=list)
    digests: dict[str, Digest] = field(default_factory=dict)
    seals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    removed_by: int = 0
    """The row that says of all rows before the first that is here that they were removed."""
    rhythm: Rhythm = field(default_factory=Rhythm)
    begins: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The first row of each segment, and when it was received."""
    bad_tiles: list[tuple[str, int]] = field(default_factory=list)

    def went_back(self, what: str, file: str, line: int, row: int) -> None:
        """Keep where time went back: whether a row tells why is known when all was read."""
        if len(self.back) < MOST_FINDINGS:
            self.back.append(Back((file, line, row), what))

    def say(self, word: str, what: str, file: str = "", line: int = 0, row: int = 0) -> None:
        """Add a finding, as long as there are not too many."""
        if len(self.report.findings) < MOST_FINDINGS:
            self.report.add(word, what, file, line, row)
