"""Whether the log in a folder is whole and unchanged, as far as that can be told from here.

    lines ─▶ tree made again ─▶ root at every checkpoint ◀─ signatures, by keys that were announced
                   └─▶ tiles         └─ and at every one that a witness holds

Every byte is read once, in bounded memory, and nothing is written. What somebody rewrote who has
the key and every file is fine by all of this, but for the checkpoints that others hold.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from collector.evidence import lines as reading
from collector.evidence.diagnosis import Diagnosis
from collector.evidence.findings import Finding, Report
from collector.evidence.following import Following
from collector.evidence.heads import Head, announced, heads_in, keys_of, signer_in
from collector.evidence.lines import Digest, Line, Piece
from collector.evidence.segments import SEALED, numbered_lines, plain_name, segments
from collector.evidence.signing import CHECKPOINT, CHECKPOINTS, KEYS
from collector.evidence.tree import node_of, read_tile
from core.clock import SECOND
from core.errors import LogDamaged
from core.merkle.hashing import HASH_BYTES
from core.merkle.note import NoteError, read_verifier_key, verifier_key
from core.merkle.tiles import WIDTH, tile_name

KEY_ROW: Final = "audit_key"
SEAL_ROW: Final = "segment_sealed"
RETENTION_ROWS: Final = ("retention_removed",)
CLOCK_ROWS: Final = ("clock_step", "clock_back", "clock_off", "restored")
"""What explains that times go back; after a restore rows come again under new numbers."""
BACK_NS: Final = 300 * SECOND
_NEAR_ROWS: Final = 1_000
_SPECIAL: Final = frozenset({KEY_ROW, SEAL_ROW, *RETENTION_ROWS, *CLOCK_ROWS})
_NOT_SIGNED: Final = ("foreign", "checkpoint_altered")
_MOST_FINDINGS: Final = 50
_FIRST_LINES: Final = 100


@dataclass(slots=True)
class _Back:
    """A row that was received before the one that stands before it."""

    where: tuple[str, int, int]
    seconds: int


@dataclass(slots=True)
class Check:
    """One look at the log in *folder*. *keys* are given by who checks, or None.

    *by_line*: look at the writing of every line too, not only of those that nobody signed.
    """

    folder: Path
    keys: Sequence[bytes] | None = None
    witnesses: Sequence[Head] = ()
    own_key: bytes | None = None
    by_line: bool = False
    report: Report = field(default_factory=Report)
    _known: dict[bytes, bytes] = field(default_factory=dict)
    _tree: Following = field(init=False)
    _good: int = 0
    """Up to here the rows are as they were signed."""
    _bad: Head | None = None
    _bad_witness: Head | None = None
    _again: Head | None = None
    """A head that fits, behind one that does not."""
    _last: Head | None = None
    _signers: set[bytes] = field(default_factory=set)
    _order: Finding | None = None
    _received: int = 0
    _back: list[_Back] = field(default_factory=list)
    _digests: dict[str, Digest] = field(default_factory=dict)
    _removed_to: int = 0
    _bad_tiles: list[tuple[str, int]] = field(default_factory=list)
    _torn: str = ""
    _broken: bool = False

    def run(self) -> Report:
        """Return what was found; raises OSError where the folder cannot be read at all."""
        path = self.folder / CHECKPOINTS
        # Before the files are listed: what is signed later may be of rows that we do not see.
        upto = path.stat().st_size if path.exists() else 0
        newest = self._newest()
        files = segments(self.folder)
        self.report.segments = len(files)
        self._begin(files)
        self._learn_keys(newest)
        heads = self._merged(path, upto, newest)
        self._head = next(heads, None)
        self._heads = heads
        for file in files:
            if not self._broken:
                self._read(file)
        self._judge_heads()
        self._finish(files)
        return self.report

    _head: Head | None = None
    _heads: Iterator[Head] = field(default_factory=lambda: iter(()))

    def _newest(self) -> Head | None:
        path = self.folder / CHECKPOINT
        if not path.exists():
            return None
        return next(heads_in(path), Head(path.name, 1, trouble="it is empty"))

    def _begin(self, files: Sequence[Path]) -> None:
        """Stand before the first row that is there; what came before is known by its tiles."""
        first = min(filter(None, map(_first_of, files)), default=1)
        skipped, roots = max(0, first - 1), list[bytes]()
        try:
            node = node_of(self.folder)
            at = 0
            for level in reversed(range(skipped.bit_length())):
                if skipped >> level & 1:
                    roots.append(node(level, at >> level))
                    at += 1 << level
        except (LogDamaged, ValueError):
            skipped, roots = 0, []  # as if the rows were missing: they cannot be accounted for
        self._tree = Following(self._tile, skipped, roots)
        self._skipped = skipped
        self.report.first = skipped + 1 if files else 0

    _skipped: int = 0

    def _learn_keys(self, newest: Head | None) -> None:
        heads = [newest] if newest else []
        if not heads and (self.folder / CHECKPOINTS).exists():
            heads = [one for one in heads_in(self.folder / CHECKPOINTS) if one.checkpoint][:1]
        heads += self.witnesses
        origin = next((one.checkpoint.origin for one in heads if one.checkpoint), "")
        self.report.origin = origin
        given = list(self.keys) if self.keys is not None else self._keys_here(origin)
        self._known = keys_of(origin, given)

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
                self._say("checkpoint_altered", one.trouble, one.file, one.line)
        before = time = None
        for head in heads_in(path, upto) if upto else ():
            if head.checkpoint is None:
                word = "torn" if head.torn else "checkpoint_altered"
                self._say(word, head.trouble, head.file, head.line)
                continue
            self.report.checkpoints += 1
            if before is not None and head.size < before:
                what = f"it is of {head.size} rows, and follows one of {before}"
                self._say("checkpoint_order", what, head.file, head.line, head.size)
                continue
            if time is not None and head.time < time:
                what = f"it was signed at {head.time}, behind one of {time}"
                self._say("clock_back", what, head.file, head.line, head.size)
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
            row = self._tree.size + 1 if self._tree.size > self._skipped else 0
            self._say("unreadable", error.what, path.name, error.record, row)
            self._broken = True
        if path.suffix == SEALED:
            self._digests[plain_name(path)] = digest

    def _tear(self, path: Path, piece: Piece) -> None:
        self._torn = path.name
        what = f"{len(piece.torn)} bytes behind the last whole line"
        self._say("torn", what, path.name, piece.begin, self._tree.size + 1)

    def _take(self, piece: Piece) -> None:
        found = reading.decoded(piece)
        expected = self._tree.size + 1
        if self._order is None:
            self._order = _out_of_order(piece, found, expected)
        if found is not None:
            self._look(piece, found, expected)
        if self.by_line:
            self._canonical(piece, expected)
        leaves, at = reading.leaves(piece.lines), 0
        while at < len(leaves):
            self._judge_heads()
            room = self._tree.room()
            if self._head is not None:
                room = min(room, max(1, self._head.size - self._tree.size))
            self._tree.add(leaves[at : at + room])
            at += room
        self._judge_heads()

    def _canonical(self, piece: Piece, expected: int) -> None:
        for number, line in enumerate(piece.lines):
            if not reading.is_canonical(line):
                what = f"row {expected + number} is not written as the log writes"
                self._say("altered", what, piece.path.name, piece.begin + number, expected + number)
                return

    def _look(self, piece: Piece, found: list[Line], expected: int) -> None:
        """Look at times, and at rows that tell something about the log."""
        times = [line.received for line in found]
        if times and (times[0] < self._received or sorted(times) != times):
            self._look_at_times(piece, found)
        self._received = max(self._received, times[-1])
        for number, line in enumerate(found):
            if line.kind in _SPECIAL:
                self._hear(line, piece.lines[number])

    def _look_at_times(self, piece: Piece, found: list[Line]) -> None:
        latest = self._received
        for number, line in enumerate(found):
            if line.received < latest - BACK_NS:
                place = (piece.path.name, piece.begin + number, line.row)
                self._back.append(_Back(place, (latest - line.received) // SECOND))
                latest = line.received
                del self._back[_MOST_FINDINGS:]
            latest = max(latest, line.received)
        self._received = times_end(found)

    def _hear(self, line: Line, text: bytes) -> None:
        said: Any = reading.said(text)
        details = said.details if isinstance(said.details, dict) else {}
        if line.kind == KEY_ROW:
            self._known |= keys_of(self.report.origin, announced(details, self.report.origin))
        elif line.kind in CLOCK_ROWS:
            if said.agent.startswith("collector/"):
                self._back_told.append(line.row)
        elif line.kind in RETENTION_ROWS and isinstance(details.get("last"), int):
            self._removed_to = max(self._removed_to, details["last"])
            self._removed_by = line.row
        elif line.kind == SEAL_ROW:
            self._seals.append((line.row, details))

    _back_told: list[int] = field(default_factory=list)
    _removed_by: int = 0
    _seals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def _tile(self, level: int, number: int, data: bytes) -> None:
        try:
            same = read_tile(self.folder, level, number, WIDTH) == data
        except (LogDamaged, OSError):
            # It may not have been written yet: tiles come with the checkpoint behind them.
            same = self._unwritten(level, number)
        if not same and len(self._bad_tiles) < _MOST_FINDINGS:
            first = (number << 8 * (level + 1)) + 1
            self._bad_tiles.append((tile_name(level, number), first))

    def _unwritten(self, level: int, number: int) -> bool:
        end = (number + 1) << 8 * (level + 1)
        return self._newest_size() < end

    def _newest_size(self) -> int:
        if self._newest_seen < 0:
            head = self._newest()
            self._newest_seen = head.size if head else 0
        return self._newest_seen

    _newest_seen: int = -1

    def _judge_heads(self) -> None:
        """Hold every head of so many rows against the tree."""
        while self._head is not None and self._head.size <= self._tree.size:
            head, self._head = self._head, next(self._heads, None)
            # Of what retention removed only tiles are left, which later heads vouch for.
            if self._signed(head) and (head.size == self._tree.size):
                self._compare(head)

    def _signed(self, head: Head) -> bool:
        """Return whether a key that counts signed *head*; says so where none did."""
        assert head.note is not None
        assert head.checkpoint is not None
        if head.checkpoint.origin != self.report.origin:
            what = f"it is of {head.checkpoint.origin}, and this is {self.report.origin}"
            self._say("foreign", what, head.file, head.line, head.size)
            return False
        try:
            public = signer_in(head.note, self.report.origin, self._known)
        except NoteError as error:
            self._say("checkpoint_altered", str(error), head.file, head.line, head.size)
            return False
        if public is None:
            ids = ", ".join(sorted({one[1].hex() for one in head.note.signatures}))
            what = f"it is signed by the key {ids}, which was neither given nor announced"
            self._say("foreign", what, head.file, head.line, head.size)
            return False
        self._signers.add(public)
        if not head.witness:
            self._last, self._last_key = head, public
        return True

    _last_key: bytes = b""

    def _compare(self, head: Head) -> None:
        assert head.checkpoint is not None
        if self._tree.root() == head.checkpoint.root:
            if self._bad is None and self._bad_witness is None:
                self._good = head.size
            if not head.witness:
                self._again = head
        elif head.witness:
            self._bad_witness = self._bad_witness or head
        elif self._bad is None:
            self._bad, self._again = head, None

    def _finish(self, files: Sequence[Path]) -> None:
        report, last = self.report, self._last
        report.rows = self._tree.size - self._skipped
        report.last = self._tree.size if report.rows else 0
        report.witnesses = len(self.witnesses)
        ahead = [head for head in (self._head, *self._heads) if head and self._signed(head)]
        if last is not None and last.checkpoint is not None:
            report.signed, report.signed_at = last.size, last.time
            report.root = last.checkpoint.root.hex()
            report.key = verifier_key(report.origin, self._last_key)
        self._conclude(files, ahead)
        self._conclude_tiles()
        self._conclude_seals()
        self._conclude_times()
        self._conclude_keys()
        self._conclude_ends(files)
        report.findings.sort(key=lambda one: (not one.bad, one.row == 0, one.row))

    def _conclude(self, files: Sequence[Path], ahead: Sequence[Head]) -> None:
        """Say what the heads tell of the lines."""
        own = [one for one in ahead if not one.witness]
        if self._bad is not None and self._again is not None:
            self._rewritten(self._bad, "a later checkpoint fits what is there now")
        elif (self._bad is not None or own) and not self._broken:
            wrong = self._diagnosed(files, own[-1:] or [self._last], own or [self._bad])
            self.report.findings.append(wrong)
        elif self._bad_witness is not None:
            what = "every checkpoint of the log itself fits: it was signed anew"
            self._rewritten(self._bad_witness, what)
        elif ahead and not self._broken:
            head = ahead[-1]
            what = (
                f"a witness holds {head.name}; there are {self._tree.size}, and their own "
                "checkpoints fit: the log was cut or set back, and signed anew"
            )
            self._say("cut", what, head.file, head.line, self._tree.size + 1)
        elif self._order is not None and not self._broken:
            self.report.findings.append(self._order)

    def _diagnosed(
        self, files: Sequence[Path], tries: Sequence[Head | None], others: Sequence[Head | None]
    ) -> Finding:
        first, found = self._skipped + 1, None
        for head in [*tries, *others]:
            if head is not None and head.checkpoint is not None:
                found = Diagnosis(self.folder, files, first, self._good, head.checkpoint).find()
                if found.line or found.word == "cut":
                    break
        assert found is not None
        return found

    def _rewritten(self, head: Head, why: str) -> None:
        whose = "a witness holds" if head.witness else "there is"
        what = (
            f"{whose} {head.name}, and the rows {self._good + 1} to {head.size} are not those; "
            f"{why}. Which of them were changed cannot be told"
        )
        self._say("rewritten", what, head.file, head.line, self._good + 1)

    def _conclude_tiles(self) -> None:
        if any(one.bad and one.word not in ("clock_back",) for one in self.report.findings):
            return  # tiles that differ from lines that are wrong say nothing more
        for level, number, data in self._tree.last_tiles():
            covered = self._good >> 8 * level
            width = min(len(data) // HASH_BYTES, covered - number * WIDTH)
            if width <= 0:
                continue
            try:
                there = read_tile(self.folder, level, number, width)
            except (LogDamaged, OSError):
                there = b""
            if there[: width * HASH_BYTES] != data[: width * HASH_BYTES]:
                self._bad_tiles.append((tile_name(level, number), (number << 8 * (level + 1)) + 1))
        for name, row in self._bad_tiles:
            what = "it is not what the lines give, which are as they were signed"
            self._say("tile_damaged", what, name, 0, row)

    def _conclude_seals(self) -> None:
        for row, details in self._seals:
            name = str(details.get("file", "")).removesuffix(SEALED)
            digest = self._digests.get(name)
            if digest is None or not digest.plain:
                continue  # still plain, or removed
            for key, mine in (("sha256", digest.plain), ("gz_sha256", digest.packed)):
                if key in details and details[key] != mine:
                    what = f"row {row} sealed {name} with {key} {details[key]}, and it has {mine}"
                    self._say("seal_differs", what, name + SEALED, 0, row)
                    break

    def _conclude_times(self) -> None:
        for back in self._back:
            file, line, row = back.where
            told = next((at for at in self._back_told if abs(at - row) <= _NEAR_ROWS), 0)
            what = f"row {row} was received {back.seconds} s before the one that stands before it"
            if told:
                self._say("clock_told", f"{what}; row {told} tells of it", file, line, row)
            else:
                self._say("clock_back", f"{what}; no row tells why", file, line, row)

    def _conclude_keys(self) -> None:
        if self.keys is None:
            what = "who can write there can change the key too: give the one that you keep, --key"
            if self._signers:
                self._say("key_of_folder", what)
        elif self._signers and not self._signers & set(self.keys):
            self._say("foreign", "no checkpoint is signed by the key that was given")
        if not self.witnesses:
            what = "who has the key and every file can rewrite all of it: compare with a witness"
            self._say("no_witness", what)

    def _conclude_ends(self, files: Sequence[Path]) -> None:
        first, rows = self.report.first, self.report.rows
        if not rows and not self.report.signed:
            self._say("unsigned", "there are no rows here, and no checkpoint")
            return
        if first > 1 and self._removed_to >= first - 1:
            what = f"rows 1 to {first - 1} were removed, as row {self._removed_by} says"
            self._say("retention", what, "", 0, self._removed_by)
        elif first > 1 and not self._broken:
            what = f"rows 1 to {first - 1} are gone, and no row says that they were removed"
            self._say("dropped", what, files[0].name, 1, 1)
        doubted = any(one.word in _NOT_SIGNED for one in self.report.findings)
        if self._last is None and not doubted:
            self._say("unsigned", f"no checkpoint vouches for the {rows} rows", "", 0, first)
        elif self._last is not None and self._tree.size > self._last.size:
            what = f"rows {self._last.size + 1} to {self._tree.size} are behind the last checkpoint"
            self._say("tail", what, "", 0, self._last.size + 1)

    def _say(self, word: str, what: str, file: str = "", line: int = 0, row: int = 0) -> None:
        if len(self.report.findings) < _MOST_FINDINGS:
            self.report.add(word, what, file, line, row)


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
    return max([0, *(row for row, count in firsts.items() if count > 1 or len(firsts) == 1)][:2])


def times_end(found: Sequence[Line]) -> int:
    """Return when the last of some lines was received."""
    return found[-1].received if found else 0


def _out_of_order(piece: Piece, found: list[Line] | None, expected: int) -> Finding | None:
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
