"""Whether the log in a folder is whole and unchanged, as far as that can be told from here.

    lines ─▶ tree made again ─▶ root at every checkpoint ◀─ signatures, by keys that were announced
                   └─▶ tiles         └─ and at every one that a witness holds

Every byte is read once, in bounded memory, and nothing is written. What somebody rewrote who has
the key and every file is fine by all of this, but for the checkpoints that others hold.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from collector.evidence import lines as reading
from collector.evidence.findings import Report
from collector.evidence.following import Following
from collector.evidence.heads import Head, heads_in, keys_of, signer_in
from collector.evidence.lines import Digest, Piece
from collector.evidence.rows import BACK_NS, Rows, out_of_order
from collector.evidence.seen import MOST_FINDINGS, Seen
from collector.evidence.segments import SEALED, numbered_lines, plain_name, segments
from collector.evidence.sidefiles import followed
from collector.evidence.signing import CHECKPOINT, CHECKPOINTS, KEYS
from collector.evidence.tree import edge_before, read_tile
from collector.evidence.verdict import Verdict
from core.clock import at_of
from core.errors import LogDamaged
from core.merkle.hashing import Edge
from core.merkle.note import NoteError, read_verifier_key, verifier_key
from core.merkle.tiles import WIDTH, tile_name

_FIRST_LINES: Final = 100


@dataclass(slots=True)
class Check:
    """One look at the log in *folder*. *keys* are given by who checks, or None.

    *by_line*: look at how every line is written too.
    """

    folder: Path
    keys: Sequence[bytes] | None = None
    witnesses: Sequence[Head] = ()
    own_key: bytes | None = None
    by_line: bool = False
    seen: Seen = field(init=False)
    _head: Head | None = None
    _heads: Iterator[Head] = field(default_factory=lambda: iter(()))
    _newest_seen: int = -1
    _judged: int = 0

    def run(self) -> Report:
        """Return what was found; raises OSError where the folder cannot be read at all."""
        path = self.folder / CHECKPOINTS
        # Before the files are listed: what is signed later may be of rows that we do not see.
        upto = path.stat().st_size if path.exists() else 0
        newest = self._newest()
        files = segments(self.folder)
        self._begin(files)
        self.seen.report.segments = len(files)
        self._learn_keys(newest)
        heads = self._merged(path, upto, newest)
        self._head = next(heads, None)
        self._heads = heads
        for file in files:
            if not self.seen.broken:
                self._read(file)
        self._judge_heads()
        self._beat(self.seen.tree.size)
        self._finish(files)
        return self.seen.report

    def _newest(self) -> Head | None:
        path = self.folder / CHECKPOINT
        if not path.exists():
            return None
        return next(heads_in(path), Head(path.name, 1, trouble="it is empty"))

    def _begin(self, files: Sequence[Path]) -> None:
        """Stand before the first row that is there; what came before is known by its tiles."""
        first = min(filter(None, map(_first_of, files)), default=1)
        skipped = max(0, first - 1)
        try:
            edge = edge_before(self.folder, skipped)
        except (LogDamaged, ValueError):
            skipped, edge = 0, Edge()  # as if they were missing: they cannot be accounted for
        self.seen = Seen(self.folder, Following(self._tile, edge), skipped=skipped)
        self.seen.report.first = skipped + 1 if files else 0

    def _learn_keys(self, newest: Head | None) -> None:
        heads = [newest] if newest else []
        if not heads and (self.folder / CHECKPOINTS).exists():
            heads = [one for one in heads_in(self.folder / CHECKPOINTS) if one.checkpoint][:1]
        heads += self.witnesses
        origin = next((one.checkpoint.origin for one in heads if one.checkpoint), "")
        self.seen.report.origin = origin
        given = list(self.keys) if self.keys is not None else self._keys_here(origin)
        self.seen.trusted = followed(self.folder, origin, self.keys or ())
        self.seen.known = keys_of(origin, [*given, *self.seen.trusted])

    def _keys_here(self, origin: str) -> list[bytes]:
        found = [self.own_key] if self.own_key else []
        path = self.folder / KEYS
        for line in path.read_text("utf-8", "replace").splitlines() if path.exists() else ():
            try:
                name, public = read_verifier_key(line.split(" ")[0])
            except NoteError:
                continue
            if name == origin:
                found.append(public)
        return found

    def _merged(self, path: Path, upto: int, newest: Head | None) -> Iterator[Head]:
        """Return all heads by their size; says where our own do not stand in order."""
        extra = sorted(
            (one for one in [newest, *self.witnesses] if one and one.checkpoint),
            key=lambda one: one.size,
        )
        for one in [newest, *self.witnesses]:
            if one and not one.checkpoint:
                self.seen.say("checkpoint_altered", one.trouble, one.file, one.line)
        before = time = None
        for head in heads_in(path, upto) if upto else ():
            if head.checkpoint is None:
                word = "torn" if head.torn else "checkpoint_altered"
                self.seen.say(word, head.trouble, head.file, head.line)
                continue
            self.seen.report.checkpoints += 1
            if before is not None and head.size < before:
                what = f"it is of {head.size} rows, and follows one of {before}"
                self.seen.say("checkpoint_order", what, head.file, head.line, head.size)
                continue
            if time is not None and _is_behind(head.time, time):
                what = f"it was signed at {head.time}, behind one of {time}"
                self.seen.went_back(what, head.file, head.line, head.size)
            before, time = head.size, head.time
            while extra and extra[0].size <= head.size:
                yield extra.pop(0)
            yield head
        yield from extra

    def _read(self, path: Path) -> None:
        digest = Digest()
        try:
            for piece in reading.pieces(path, digest):
                if piece.torn:
                    self._tear(path, piece)
                else:
                    self._take(piece)
        except LogDamaged as error:
            row = self.seen.tree.size + 1 if self.seen.tree.size > self.seen.skipped else 0
            self.seen.say("unreadable", error.what, path.name, error.record, row)
            self.seen.broken = True
        if path.suffix == SEALED:
            self.seen.digests[plain_name(path)] = digest

    def _tear(self, path: Path, piece: Piece) -> None:
        what = f"{len(piece.torn)} bytes behind the last whole line"
        self.seen.say("torn", what, path.name, piece.begin, self.seen.tree.size + 1)

    def _take(self, piece: Piece) -> None:
        found, rows = reading.decoded(piece), Rows(self.seen)
        expected = self.seen.tree.size + 1
        if self.seen.order is None:
            self.seen.order = out_of_order(piece, found, expected)
        if found is not None:
            rows.look(piece, found)
            if piece.begin == 1:
                self.seen.begins[piece.path.name] = (found[0].row, found[0].received)
        if self.by_line:
            rows.canonical(piece, expected)
        leaves, at = reading.leaves(piece.lines), 0
        while at < len(leaves):
            self._judge_heads()
            room = self.seen.tree.room()
            if self._head is not None:
                room = min(room, max(1, self._head.size - self.seen.tree.size))
            self.seen.tree.add(leaves[at : at + room])
            self.seen.rhythm.rows(found[at : at + room] if found else ())
            at += room
        self._judge_heads()

    def _tile(self, level: int, number: int, data: bytes) -> None:
        try:
            same = read_tile(self.folder, level, number, WIDTH) == data
        except (LogDamaged, OSError):
            # It may not have been written yet: tiles come with the checkpoint behind them.
            same = self._unwritten(level, number)
        if not same and len(self.seen.bad_tiles) < MOST_FINDINGS:
            first = (number << 8 * (level + 1)) + 1
            self.seen.bad_tiles.append((tile_name(level, number), first))

    def _unwritten(self, level: int, number: int) -> bool:
        end = (number + 1) << 8 * (level + 1)
        return self._newest_size() < end

    def _newest_size(self) -> int:
        if self._newest_seen < 0:
            head = self._newest()
            self._newest_seen = head.size if head else 0
        return self._newest_seen

    def _judge_heads(self) -> None:
        """Hold every head of so many rows against the tree."""
        while self._head is not None and self._head.size <= self.seen.tree.size:
            head, self._head = self._head, next(self._heads, None)
            if not head.witness:
                self._judged = self._beat(head.size)
            # Of what retention removed only tiles are left, which later heads vouch for.
            if self._signed(head) and (head.size == self.seen.tree.size):
                self._compare(head)

    def _beat(self, size: int) -> int:
        self.seen.rhythm.head(max(self._judged, self.seen.skipped), size)
        return size

    def _signed(self, head: Head) -> bool:
        """Return whether a key that counts signed *head*; says so where none did."""
        assert head.note is not None
        assert head.checkpoint is not None
        if head.checkpoint.origin != self.seen.report.origin:
            what = f"it is of {head.checkpoint.origin}, and this is {self.seen.report.origin}"
            self.seen.say("foreign", what, head.file, head.line, head.size)
            return False
        try:
            public = signer_in(head.note, self.seen.report.origin, self.seen.known)
        except NoteError as error:
            self.seen.say("checkpoint_altered", str(error), head.file, head.line, head.size)
            return False
        if public is None:
            ids = ", ".join(sorted({one[1].hex() for one in head.note.signatures}))
            what = f"it is signed by the key {ids}, which was neither given nor announced"
            self.seen.say("foreign", what, head.file, head.line, head.size)
            return False
        self.seen.signers.add(public)
        if public in self.seen.trusted and not head.witness:
            self.seen.trusted_to = head.size
        if not head.witness:
            self.seen.last, self.seen.last_key = head, public
        return True

    def _compare(self, head: Head) -> None:
        assert head.checkpoint is not None
        if self.seen.tree.root() == head.checkpoint.root:
            if self.seen.bad is None and self.seen.bad_witness is None:
                self.seen.good = head.size
                if head.witness:
                    self.seen.good_witness = head.size
            if not head.witness:
                self.seen.again = head
        elif head.witness:
            self.seen.bad_witness = self.seen.bad_witness or head
        elif self.seen.bad is None:
            self.seen.bad, self.seen.again = head, None

    def _finish(self, files: Sequence[Path]) -> None:
        report, last = self.seen.report, self.seen.last
        report.rows = self.seen.tree.size - self.seen.skipped
        report.last = self.seen.tree.size if report.rows else 0
        report.witnesses = len(self.witnesses)
        ahead = [head for head in (self._head, *self._heads) if head and self._signed(head)]
        if last is not None and last.checkpoint is not None:
            report.signed, report.signed_at = last.size, last.time
            report.root = last.checkpoint.root.hex()
            report.key = verifier_key(report.origin, self.seen.last_key)
        Verdict(self.seen, files, self.keys, self.witnesses).conclude(ahead)


def _is_behind(time: str, before: str) -> bool:
    """Return whether *time* is further back than clocks are corrected without a word."""
    try:
        return at_of(time) < at_of(before) - BACK_NS
    except ValueError:
        return time < before


def _first_of(path: Path) -> int:
    """Return the row that a segment begins with, 0 if none.

    One line alone is not believed, where those behind it say something else.
    """
    firsts = Counter[int]()
    try:
        for number, line in islice(numbered_lines(path), _FIRST_LINES):
            if found := reading.one(line):
                firsts[found.row - number + 1] += 1
    except LogDamaged:
        return 0
    rows = (row for row, count in firsts.items() if count > 1 or len(firsts) == 1)
    return max(0, next(rows, 0))
