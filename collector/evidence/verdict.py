"""What is concluded of a log when all of it was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.evidence.diagnosis import Diagnosis
from collector.evidence.findings import Finding
from collector.evidence.heads import Head
from collector.evidence.rhythm import MOST_MINUTES
from collector.evidence.seen import Seen
from collector.evidence.segments import SEALED, fits_name
from collector.evidence.sidefiles import followed, unreadable
from collector.evidence.signing import CHECKPOINTS
from collector.evidence.tree import read_tile
from core.clock import rfc3339
from core.errors import LogDamaged
from core.merkle.hashing import HASH_BYTES
from core.merkle.tiles import WIDTH, tile_name

_NEAR_ROWS: Final = 1_000
_NOT_SIGNED: Final = ("foreign", "checkpoint_altered")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Adds to *seen* what follows from it; *ahead* are heads over more rows than there are."""

    seen: Seen
    files: Sequence[Path]
    keys: Sequence[bytes] | None
    witnesses: Sequence[Head]

    def conclude(self, ahead: Sequence[Head]) -> None:
        """Say everything; the first bad record comes first."""
        self._conclude(ahead)
        self._conclude_tiles()
        self._conclude_seals()
        self._conclude_names()
        self._conclude_times()
        self._conclude_keys()
        self._conclude_rhythm()
        for name, number, what in unreadable(self.seen.folder):
            self.seen.say("side_damaged", what, name, number)
        self._conclude_ends()
        self.seen.report.findings.sort(key=lambda one: (not one.bad, one.row == 0, one.row))

    def _conclude(self, ahead: Sequence[Head]) -> None:
        """Say what the heads tell of the lines."""
        own = [one for one in ahead if not one.witness]
        if self.seen.bad is not None and self.seen.again is not None:
            self._rewritten(self.seen.bad, "a later checkpoint fits what is there now")
        elif (self.seen.bad is not None or own) and not self.seen.broken:
            wrong = self._diagnosed(own[-1:] or [self.seen.last], own or [self.seen.bad])
            self.seen.report.findings.append(wrong)
        elif self.seen.bad_witness is not None:
            what = "every checkpoint of the log itself fits: it was signed anew"
            self._rewritten(self.seen.bad_witness, what)
        elif ahead and not self.seen.broken:
            head = ahead[-1]
            what = (
                f"a witness holds {head.name}; there are {self.seen.tree.size}, and their own "
                "checkpoints fit: the log was cut or set back, and signed anew"
            )
            self.seen.say("cut", what, head.file, head.line, self.seen.tree.size + 1)
        elif self.seen.order is not None and not self.seen.broken:
            self.seen.report.findings.append(self.seen.order)

    def _diagnosed(self, tries: Sequence[Head | None], others: Sequence[Head | None]) -> Finding:
        first, found = self.seen.skipped + 1, None
        for head in [*tries, *others]:
            if head is not None and head.checkpoint is not None:
                found = Diagnosis(
                    self.seen.folder, self.files, first, self.seen.good, head.checkpoint
                ).find()
                if found.line or found.word == "cut":
                    break
        assert found is not None
        return found

    def _rewritten(self, head: Head, why: str) -> None:
        # Who signed anew also made the log's own checkpoints before that: they vouch for nothing.
        good = self.seen.good_witness if head.witness else self.seen.good
        whose = "a witness holds" if head.witness else "there is"
        what = (
            f"{whose} {head.name}, and the rows {good + 1} to {head.size} are not those; "
            f"{why}. Which of them were changed cannot be told"
        )
        self.seen.say("rewritten", what, head.file, head.line, good + 1)

    def _conclude_tiles(self) -> None:
        if any(one.bad and one.word not in ("clock_back",) for one in self.seen.report.findings):
            return  # tiles that differ from lines that are wrong say nothing more
        for level, number, data in self.seen.tree.last_tiles():
            covered = self.seen.good >> 8 * level
            width = min(len(data) // HASH_BYTES, covered - number * WIDTH)
            if width <= 0:
                continue
            try:
                there = read_tile(self.seen.folder, level, number, width)
            except (LogDamaged, OSError):
                there = b""
            if there[: width * HASH_BYTES] != data[: width * HASH_BYTES]:
                self.seen.bad_tiles.append(
                    (tile_name(level, number), (number << 8 * (level + 1)) + 1)
                )
        for name, row in self.seen.bad_tiles:
            what = "it is not what the lines give, which are as they were signed"
            self.seen.say("tile_damaged", what, name, 0, row)

    def _conclude_seals(self) -> None:
        for row, details in self.seen.seals:
            name = str(details.get("file", "")).removesuffix(SEALED)
            digest = self.seen.digests.get(name)
            if digest is None or not digest.plain:
                continue  # still plain, or removed
            for key, mine in (("sha256", digest.plain), ("gz_sha256", digest.packed)):
                if key in details and details[key] != mine:
                    what = f"row {row} sealed {name} with {key} {details[key]}, and it has {mine}"
                    self.seen.say("seal_differs", what, name + SEALED, 0, row)
                    break

    def _conclude_times(self) -> None:
        for back in self.seen.back:
            file, line, row = back.where
            near = [
                (abs(at - row), at) for at in self.seen.back_told if abs(at - row) <= _NEAR_ROWS
            ]
            if near:
                what = f"{back.what}; row {min(near)[1]} tells of it"
                self.seen.say("clock_told", what, file, line, row)
            else:
                self.seen.say("clock_back", f"{back.what}; no row tells why", file, line, row)

    def _conclude_keys(self) -> None:
        if self.keys is None:
            what = "who can write there can change the key too: give the one that you keep, --key"
            if self.seen.signers:
                self.seen.say("key_of_folder", what)
        elif self.seen.signers and not self.seen.signers & set(self.keys):
            self._by_another_key(set(self.keys))
        elif self.seen.last is not None and self.seen.last.size > self.seen.trusted_to:
            self._after_another_key(self.seen.last.size)
        if not self.witnesses:
            what = "who has the key and every file can rewrite all of it: compare with a witness"
            self.seen.say("no_witness", what)

    def _by_another_key(self, given: set[bytes]) -> None:
        origin, last = self.seen.report.origin, self.seen.last_key
        if followed(self.seen.folder, origin, [last]) & given:
            what = (
                "that key names the given one as the next. Just after it was changed that is so "
                "until the collector has signed again: check then. Meanwhile, or where it stays "
                "so, who has the old key could have made this: give that one too, if you trust it"
            )
            self.seen.say("old_key", what)
        else:
            self.seen.say("foreign", "no checkpoint is signed by the key that was given")

    def _after_another_key(self, size: int) -> None:
        first = self.seen.trusted_to + 1
        what = (
            f"rows {first} to {size} are signed by another key alone, which a row of the log names "
            "and the given one does not: whoever could write there can have made both. Where the "
            "key was lost, and you know the new one from its keeper, give that one too"
        )
        self.seen.say("foreign", what, CHECKPOINTS, 0, first)

    def _conclude_rhythm(self) -> None:
        rhythm = self.seen.rhythm
        if rhythm.count:
            first, last = rhythm.first
            what = (
                f"rows {first} to {last} came in more than {MOST_MINUTES} different minutes, and "
                f"no checkpoint was signed between them ({rhythm.count} such places): some were "
                "taken out, or none could be signed, or the rows are older than the tree"
            )
            self.seen.say("gap", what, CHECKPOINTS, 0, first)

    def _conclude_names(self) -> None:
        """Say which segments have another day's name than their first row had."""
        if self.seen.report.fine:  # else it follows from what is wrong
            for path, before in zip(self.files, (None, *self.files)):
                if before is None and self.seen.skipped:
                    continue  # what retention removed may be why
                row, received = self.seen.begins.get(path.name, (0, 0))
                if row and not fits_name(path, received, before):
                    what = f"row {row}, its first, was received on {rfc3339(received)[:10]}"
                    self.seen.say("renamed", what, path.name, 1, row)

    def _conclude_ends(self) -> None:
        first, rows = self.seen.report.first, self.seen.report.rows
        if not rows and self.seen.broken:
            return  # what lies behind the file that cannot be read was not looked at
        if not rows and not self.seen.report.signed:
            self.seen.say("unsigned", "there are no rows here, and no checkpoint")
            return
        last = self.seen.last
        told = last and 0 < self.seen.removed_by <= last.size
        if first > 1 and told:
            what = f"rows 1 to {first - 1} were removed, as row {self.seen.removed_by} says"
            self.seen.say("retention", what, "", 0, self.seen.removed_by)
        elif first > 1 and not self.seen.broken:
            what = f"rows 1 to {first - 1} are gone, and no row says that they were removed"
            self.seen.say("dropped", what, self.files[0].name, 1, 1)
        doubted = any(one.word in _NOT_SIGNED for one in self.seen.report.findings)
        if last is None and not doubted:
            self.seen.say("unsigned", f"no checkpoint vouches for the {rows} rows", "", 0, first)
        elif last is not None and self.seen.tree.size > last.size:
            what = f"rows {last.size + 1} to {self.seen.tree.size} are behind the last checkpoint"
            self.seen.say("tail", what, "", 0, last.size + 1)
