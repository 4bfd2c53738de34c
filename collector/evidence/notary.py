"""What makes tree and checkpoints follow the log's lines.

A checkpoint covers rows that are on the disk, and tiles that are; it continues the one before, or
is not signed. At start the tree is found again from the tiles of the last checkpoint and the lines
behind it. Where a line is not the one that was signed, nothing is signed any more until it is put
back and the collector started again; rows are taken all the same, for they are what tells of it.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Final

from collector.evidence import segments
from collector.evidence.removed import removed_in
from collector.evidence.signing import Checkpoints, Signer
from collector.evidence.tree import Tree, asides, leaf_of, leaves_in, set_aside
from core import clock
from core.clock import SECOND
from core.errors import LogDamaged
from core.merkle import note, proofs
from core.merkle.note import Checkpoint, Note, NoteError
from core.merkle.proofs import ProofError
from core.merkle.tiles import WIDTH
from core.merkle.witnessing import TIME

EVERY_NS: Final = 60 * SECOND
EVERY_ROWS: Final = 100
_LEAST_S: Final = 1.0
"""Between two checkpoints, however many rows come; and ten times as long as the last one took."""
_ANNOUNCED: Final = b'"kind":"audit_key"'
"""In a line that is younger than the first tree."""
_PAGE: Final = 1 << 16
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it has got: `stopped` is why nothing is signed, `failing` why the last try failed."""

    size: int
    signed: Checkpoint | None
    signed_at: int
    stopped: str = ""
    failing: str = ""
    bad: LogDamaged | None = None
    """What is not as it was signed, where that is why."""
    anew: int = 0
    """So many rows had no tree any more at the start, and had one before."""
    aside: str = ""
    """The folder with the tiles that were there."""
    differs: int = 0
    """The first row whose line is not what those tiles say."""


class Notary:
    """For any thread. *folder* is `audit/`; *now* gives the time in checkpoints."""

    def __init__(self, folder: Path, signer: Signer, now: clock.Clock = clock.now) -> None:
        self._folder, self.signer, self._now = folder, signer, now
        self._lock = RLock()
        self._kept = Checkpoints(folder)
        self._tree = Tree(folder)
        self._signed: Checkpoint | None = None
        self._signed_at, self._wait_until = 0, 0.0
        self._note: Note | None = None
        self._stopped = self._failing = ""
        self._bad: LogDamaged | None = None
        self._anew = self._differs = 0
        self._aside = ""

    @property
    def note(self) -> Note | None:
        """The newest checkpoint with its signature."""
        return self._note

    @property
    def standing(self) -> Standing:
        """How far it has got."""
        with self._lock:
            return Standing(
                *(self._tree.size, self._signed, self._signed_at, self._stopped, self._failing),
                *(self._bad, self._anew, self._aside, self._differs),
            )

    def open(self, rows: int) -> None:
        """Find the tree again for a log of *rows* rows; raises OSError.

        A log without a checkpoint is from before there were any, and is taken in as it is.
        """
        with self._lock:
            try:
                self._find()
                if self._signed is None:
                    self._take_in()
                else:
                    self._follow(self._tail(rows))
            except (LogDamaged, NoteError) as error:
                self.stop(error)

    def follow(self, first: int, lines: Sequence[bytes]) -> None:
        """Hear that *lines* from row *first* on are on the disk; sign when it is time.

        Never raises: what fails for now is tried again the next time.
        """
        with self._lock:
            if self._stopped:
                return
            try:
                self._follow((first + at, line) for at, line in enumerate(lines))
                if self._is_due():
                    self._sign()
            except LogDamaged as error:
                self.stop(error)
            except OSError as error:
                self._fail(str(error))

    def sign(self) -> None:
        """Sign what there is, due or not; raises OSError, LogDamaged."""
        with self._lock:
            if not self._stopped:
                self._sign()

    def before(self, size: int) -> int:
        """Return how many kept checkpoints of fewer than *size* rows there are; raises OSError."""
        with self._lock:
            return self._kept.before(size)

    def forget(self, size: int) -> None:
        """Let those go; raises OSError, and can be repeated."""
        with self._lock:
            self._kept.forget(size)

    def _find(self) -> None:
        """Have the tree of the last checkpoint, which its signature and root vouch for."""
        self._kept.cut()
        self._note = self._kept.last()
        if self._note is None:
            return
        found = self._kept.check(self._note, self.signer.verifier_key)
        self._tree = Tree(self._folder, found.size)
        if self._tree.root() != found.root:
            raise LogDamaged(
                self._folder / "tile", found.size, f"the tiles are not those of {found.size} rows"
            )
        self._signed = found
        self._signed_at = at_of(found)

    def _take_in(self) -> None:
        """Make the tree of every line that there is; of removed ones, of the tiles set aside."""
        aside = set_aside(self._folder, self._now())
        self._aside = aside.name if aside else ""
        files = segments.segments(self._folder)
        row = removed = self._take_removed(files)
        page, had_one = list[bytes](), bool(removed)
        for path in files:
            for number, line in segments.numbered_lines(path):
                row += 1
                if segments.row_in(path, number, line) != row:
                    raise LogDamaged(path, row, f"line {number} is not row {row}")
                page.append(leaf_of(line))
                had_one = had_one or _ANNOUNCED in line
                if len(page) == _PAGE:
                    self._take_page(aside, page)
        self._take_page(aside, page)
        self._anew = row if had_one else 0
        if row:
            _log.info("the audit log's %d rows are in its tree now", row)

    def _take_page(self, aside: Path | None, page: list[bytes]) -> None:
        """Take leaves of lines; the first that is not what the tiles set aside say is told."""
        begin = self._tree.size
        self._grow(page)
        if aside is not None and not self._differs:
            with suppress(LogDamaged):  # they end somewhere
                told = leaves_in(aside, begin, self._tree.size)
                pairs = enumerate(zip(page, told), begin + 1)
                self._differs = next((row for row, (one, other) in pairs if one != other), 0)
        if len(page) == _PAGE:
            self._tree.save()
        page.clear()

    def _take_removed(self, files: Sequence[Path]) -> int:
        """Take the leaves of the rows that retention removed, and return how many there are.

        Raises LogDamaged where no tiles have them any more: then nobody can go on with that tree.
        """
        first = next(filter(None, map(segments.first_row, files)), 1)
        last = max((one.last for one in removed_in(self._folder)), default=0)
        if first == 1 or last < first - 1:
            return 0
        for source in asides(self._folder):
            self._tree = Tree(self._folder)
            with suppress(LogDamaged):
                leaves = leaves_in(source, 0, first - 1)
                while page := list(islice(leaves, _PAGE)):
                    self._grow(page)
                    self._tree.save()
                return first - 1
        raise LogDamaged(
            self._folder / "tile",
            first - 1,
            f"rows 1 to {first - 1} were removed when they were old enough, and their hashes and "
            f"the checkpoints are gone: put tile, checkpoint and checkpoints back from a copy of "
            f"the log (audit copy), and start again",
        )

    def _tail(self, rows: int) -> Iterable[tuple[int, bytes]]:
        """Return the lines of the last tile and behind; of a log that lacks some, its last tile."""
        last = min(rows, self._tree.size)
        begin = max(0, last - 1) // WIDTH * WIDTH + 1
        return [(row, line) for row, line, _ in segments.last_lines(self._folder, begin)]

    def _follow(self, lines: Iterable[tuple[int, bytes]]) -> None:
        fresh = list[bytes]()
        for row, line in lines:
            leaf = leaf_of(line)
            if row > self._tree.size:
                if row != self._tree.size + len(fresh) + 1:
                    raise LogDamaged(self._folder, row, f"row {row} does not follow")
                fresh.append(leaf)
            elif leaf != self._tree.leaf(row - 1):
                raise LogDamaged(
                    *(self._path_of(row), row, f"row {row} is not what was signed as row {row}")
                )
        self._grow(fresh)

    def _path_of(self, row: int) -> Path:
        return segments.segment_of(self._folder, row)[0]

    def _grow(self, leaves: list[bytes]) -> None:
        self._tree.append(leaves)

    def _is_due(self) -> bool:
        rows = self._tree.size - (self._signed.size if self._signed else 0)
        if rows <= 0 or time.monotonic() < self._wait_until:
            return False
        return rows >= EVERY_ROWS or abs(self._now() - self._signed_at) >= EVERY_NS

    def _sign(self) -> None:
        began = time.monotonic()
        size, tree, before = self._tree.size, self._tree, self._signed
        if before and size <= before.size:
            return
        tree.save()
        root = tree.root()
        if before:
            proof = proofs.consistency(before.size, size, tree.node)
            try:
                proofs.check_consistency(before.size, size, before.root, root, proof)
            except ProofError as error:
                what = f"the tree does not continue what was signed: {error}"
                raise LogDamaged(self._folder / "tile", before.size, what) from None
        at = self._now()
        signed = self.signer.sign(size, root, at)
        self._kept.add(signed, self.signer.verifier_key, at)
        self._note, self._signed, self._signed_at = signed, note.checkpoint_in(signed.text), at
        self._failing = ""
        tree.tidy()
        ended = time.monotonic()
        self._wait_until = ended + max(_LEAST_S, 10 * (ended - began))

    def stop(self, error: LogDamaged | NoteError) -> None:
        """Sign nothing any more, for this reason."""
        self._stopped = (
            f"the last checkpoint: {error}" if isinstance(error, NoteError) else error.what
        )
        self._bad = error if isinstance(error, LogDamaged) else None
        _log.error("no checkpoint of the audit log is signed any more: %s", error)

    def _fail(self, reason: str) -> None:
        if not self._failing:
            _log.warning("no checkpoint could be made, and is tried again: %s", reason)
        self._failing = reason


def at_of(checkpoint: Checkpoint) -> int:
    """Return when a checkpoint says that it was signed (ns), 0 where it does not say."""
    with suppress(ValueError):
        return clock.at_of(checkpoint.extension(TIME))
    return 0
