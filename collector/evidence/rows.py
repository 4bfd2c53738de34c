"""What rows say of themselves: their numbers, their times, and what some tell of the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from collector.evidence import lines as reading
from collector.evidence.findings import Finding
from collector.evidence.heads import announced, keys_of
from collector.evidence.lines import Line, Piece
from collector.evidence.seen import Seen
from core.clock import SECOND

KEY_ROW: Final = "audit_key"
SEAL_ROW: Final = "segment_sealed"
ANEW_ROW: Final = "audit_made_anew"
RETENTION_ROW: Final = "retention_removed"
CLOCK_ROWS: Final = ("clock_step", "clock_back", "clock_off", "restored")
"""What explains that times go back; after a restore rows come again under new numbers."""
OWN: Final = "collector/"
BACK_NS: Final = 300 * SECOND
_SPECIAL: Final = frozenset({KEY_ROW, SEAL_ROW, ANEW_ROW, RETENTION_ROW, *CLOCK_ROWS})


def removed_to(said: reading.Said) -> int:
    """Return up to which row a row says that retention removed them, 0 where it says nothing."""
    last = said.details.get("last") if isinstance(said.details, dict) else 0
    own = said.kind == RETENTION_ROW and said.agent.startswith(OWN)
    return last if own and isinstance(last, int) else 0


@dataclass(slots=True)
class Rows:
    """Looks at rows in their order, and keeps in *seen* what it found."""

    seen: Seen

    def canonical(self, piece: Piece, expected: int) -> None:
        """Say where a line is not written as the log writes; *expected* is the first row."""
        for number, line in enumerate(piece.lines):
            if not reading.is_canonical(line):
                what = f"row {expected + number} is not written as the log writes"
                self.seen.say(
                    "altered", what, piece.path.name, piece.begin + number, expected + number
                )
                return

    def look(self, piece: Piece, found: list[Line]) -> None:
        """Look at times, and at rows that tell something about the log."""
        times = [line.received for line in found]
        if times and (times[0] < self.seen.received or sorted(times) != times):
            self._look_at_times(piece, found)
        self.seen.received = max(self.seen.received, times[-1])
        for number, line in enumerate(found):
            if line.kind in _SPECIAL:
                self._hear(line, piece.lines[number])

    def _look_at_times(self, piece: Piece, found: list[Line]) -> None:
        latest = self.seen.received
        for number, line in enumerate(found):
            if line.received < latest - BACK_NS:
                seconds = (latest - line.received) // SECOND
                what = (
                    f"row {line.row} was received {seconds} s before the one that stands before it"
                )
                self.seen.went_back(what, piece.path.name, piece.begin + number, line.row)
                latest = line.received
            latest = max(latest, line.received)
        self.seen.received = found[-1].received if found else 0

    def _hear(self, line: Line, text: bytes) -> None:
        said: Any = reading.said(text)
        details = said.details if isinstance(said.details, dict) else {}
        if line.kind == KEY_ROW:
            self.seen.known |= keys_of(
                self.seen.report.origin, announced(details, self.seen.report.origin)
            )
        elif line.kind in CLOCK_ROWS:
            if said.agent.startswith(OWN):
                self.seen.back_told.append(line.row)
        elif line.kind == RETENTION_ROW:
            if removed_to(said) >= self.seen.skipped:  # a later one may not be signed yet
                self.seen.removed_by = self.seen.removed_by or line.row
        elif line.kind == ANEW_ROW and said.agent.startswith(OWN):
            what = "what stands before this row was signed anew then: only a witness vouches for it"
            self.seen.say("made_anew", what, "", 0, line.row)
        elif line.kind == SEAL_ROW:
            self.seen.seals.append((line.row, details))


def out_of_order(piece: Piece, found: list[Line] | None, expected: int) -> Finding | None:
    """Return the first line whose row is not the next one."""
    rows: Iterable[int]
    if found is not None:
        rows = [line.row for line in found]
        if rows == list(range(expected, expected + len(found))):
            return None
    else:
        rows = [(one.row if (one := reading.one(line)) else 0) for line in piece.lines]
    for number, (row, wanted) in enumerate(zip(rows, range(expected, expected + len(piece.lines)))):
        if row == wanted:
            continue
        place = (piece.path.name, piece.begin + number, wanted)
        if not row:
            return Finding("altered", f"row {wanted} is no record", *place)
        word = "dropped" if row > wanted else "inserted"
        return Finding(word, f"row {row} stands where row {wanted} belongs", *place)
    return None
