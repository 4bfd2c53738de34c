"""One walk through the files of the audit log that counts everything the clauses ask of it.

Holds a few figures for each kind of event and each file, however many lines there are. What is
counted can be counted again with stock tools, as for one kind over the whole log:

    zcat -f var/collector/audit/*.jsonl* | grep '"kind":"signed_in"' | sha256sum
"""

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from collector.evidence.report.finding import Counted, Span
from collector.evidence.segments import SEALED, plain_name, segments
from collector.evidence.tree import edge_before
from core.errors import LogDamaged
from core.kinds import KINDS, OTHER
from core.merkle.hashing import Edge, leaf_hash
from core.securitykinds import ATTACKS

MOST_DAMAGE: Final = 20
MOST_PEOPLE: Final = 10_000
LONGEST_LINE: Final = 4_000_000
WHO_DID: Final = ("actor", "role", "address", "success", "reason")
"""Keys of a line that say who did it and how it ended; lines of earlier versions have none."""
PARTIES: Final = ("source", "target")
SIGNED_IN: Final = "signed_in"
PROOFS: Final = frozenset({"backup_made", "restore_drilled"})
"""Kinds that are also written where what they tell of failed."""
KEY: Final = "audit_key"
MOST_KEYS: Final = 1_000


class Line(msgspec.Struct):
    """What is read of a line."""

    kind: str
    row: int
    received: int
    at: int = 0
    code: str = ""
    target: str = ""
    subject: str = ""
    active: bool = True
    details: msgspec.Raw = msgspec.Raw(b"{}")
    actor: str | None = None
    role: str | None = None
    address: str | None = None
    success: bool | None = None
    reason: str | None = None

    def said(self) -> dict[str, Any]:
        """Return the details."""
        found = msgspec.json.decode(self.details)
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class OfKind:
    """The lines of one kind within the span."""

    count: int = 0
    ended: int = 0
    failed: int = 0
    first: int = 0
    last: int = 0
    last_at: int = 0
    done: Counter[str] = field(default_factory=Counter)
    """By target, of PROOFS: those that did not fail."""
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, line: Line, raw: bytes) -> None:
        """Count a line."""
        self.count += 1
        self.ended += not line.active
        self.failed += line.success is False
        if line.kind in PROOFS and line.success is not False:
            self.done[line.target] += 1
        self.first = self.first or line.row
        self.last, self.last_at = line.row, max(self.last_at, line.received)
        self.digest.update(raw)


@dataclass(slots=True)
class Segment:
    """One file of the log: its rows, and whether they follow each other."""

    name: str
    first: int = 0
    last: int = 0
    rows: int = 0
    whole: bool = True
    digest: Any = field(default_factory=hashlib.sha256)


@dataclass(slots=True)
class LogTally:
    """All of it; `kinds` and what follows count within the span, the rest the whole log."""

    span: Span
    segments: list[Segment] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    rows: int = 0
    oldest_at: int = 0
    newest_at: int = 0
    newest: dict[str, Line] = field(default_factory=dict)
    """The last line of each kind, of the whole log."""
    done: dict[tuple[str, str], Line] = field(default_factory=dict)
    """The last line of each of PROOFS and its target that did not fail."""
    people: dict[str, int] = field(default_factory=dict)
    """When each account last signed in."""
    kinds: dict[str, OfKind] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    """Verifier keys that rows announce, the newest last."""
    size: int = 0
    edge: Edge | None = field(default_factory=Edge)
    """Of the tree so far; None where nobody knows what stood before the first line."""
    root: bytes = b""
    """Of the tree over the first `size` lines, where the log has all of them."""
    lines: int = 0
    before: int = 0
    """Lines without any of WHO_DID, as earlier versions wrote them."""
    lacking: Counter[str] = field(default_factory=Counter)
    """Of the other lines: how many lack each key that 8.1.4.3 b asks for."""
    attacks: int = 0
    attacks_whole: int = 0
    """Of these: with everything that 8.1.3.3 asks for."""
    attacks_lacking: Counter[str] = field(default_factory=Counter)

    def count(self, *kinds: str) -> int:
        """Return how many lines of *kinds* there are."""
        return sum(self.kinds[kind].count for kind in kinds if kind in self.kinds)

    def succeeded(self, kind: str, *targets: str) -> int:
        """Return how many lines of *kind*, one of PROOFS, do not tell of a failure."""
        one = self.kinds.get(kind, OfKind())
        return sum(n for target, n in one.done.items() if target in targets or not targets)

    def newest_done(self, kind: str, *targets: str) -> Line | None:
        """Return the last line of *kind*, one of PROOFS, that tells of no failure."""
        found = [
            line
            for (name, target), line in self.done.items()
            if name == kind and (target in targets or not targets)
        ]
        return max(found, key=lambda line: line.row, default=None)

    def counted(self, *kinds: str) -> list[Counted]:
        """Return the lines of *kinds* as evidence; those of which there are none together."""
        there = [kind for kind in kinds if kind in self.kinds]
        found = [self._counted(kind, self.kinds[kind]) for kind in there]
        absent = ", ".join(kind for kind in kinds if kind not in self.kinds)
        if absent:
            empty = hashlib.sha256().hexdigest()
            found.append(Counted("audit/*.jsonl", f"kind in ({absent})", 0, empty))
        return found

    def whole(self) -> Counted:
        """Return the whole log as evidence: its digest is that of its files' plain bytes' digests,
        a line each as `sha256sum` writes it."""
        digest = hashlib.sha256()
        for one in self.segments:
            digest.update(f"{one.digest.hexdigest()}  {one.name}\n".encode())
        first, last = (self.segments[0].first, self.segments[-1].last) if self.segments else (0, 0)
        query = f"every line of {len(self.segments)} files"
        return Counted("audit/", query, self.rows, digest.hexdigest(), f"{first}–{last}")

    def _counted(self, kind: str, one: OfKind) -> Counted:
        rows = f"{one.first}–{one.last}" if one.count > 1 else str(one.first)
        return Counted("audit/*.jsonl", f"kind = {kind}", one.count, one.digest.hexdigest(), rows)


def tally(folder: Path, span: Span, size: int = 0) -> LogTally:
    """Walk through the log in *folder*, and give the root over its first *size* lines.

    Raises OSError.
    """
    found = LogTally(span, size=size)
    decoder = msgspec.json.Decoder(Line)
    paths = segments(folder)
    for path in paths:
        segment = Segment(plain_name(path))
        last = path == paths[-1]
        for number, raw in enumerate(_lines(path, found, segment), 1):
            if not raw.endswith(b"\n"):
                if not last:
                    _damaged(found, segment, number, "the line has no end")
                break  # it is being written
            segment.digest.update(raw)
            try:
                line = decoder.decode(raw)
            except msgspec.DecodeError as error:
                _damaged(found, segment, number, f"no record: {error}")
                continue
            if not found.rows and line.row > 1:
                found.edge = _edge(folder, line.row - 1)
            _grow(found, raw)
            _add(found, segment, number, line, raw)
        found.segments.append(segment)
    return found


def _edge(folder: Path, rows: int) -> Edge | None:
    try:
        return edge_before(folder, rows)
    except (LogDamaged, OSError, ValueError):
        return None


def _lines(path: Path, found: LogTally, segment: Segment) -> Iterator[bytes]:
    """Give the lines of a file, as far as a sealed one can be unpacked."""
    number = 0
    try:
        # Not open_segment: of one that was cut its buffer would take what can still be read.
        with gzip.open(path) if path.suffix == SEALED else path.open("rb") as file:
            while line := file.readline(LONGEST_LINE):
                number += 1
                yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        _damaged(found, segment, number + 1, f"cannot be unpacked: {error}")


def _grow(found: LogTally, raw: bytes) -> None:
    if found.edge and found.edge.size < found.size:
        found.edge.append(leaf_hash(raw[:-1]))
        if found.edge.size == found.size:
            found.root = found.edge.root()


def _damaged(found: LogTally, segment: Segment, number: int, what: str) -> None:
    segment.whole = False
    if len(found.damage) < MOST_DAMAGE:
        found.damage.append(f"{segment.name}:{number}: {what}")


def _add(found: LogTally, segment: Segment, number: int, line: Line, raw: bytes) -> None:
    before = segment.last or (found.segments[-1].last if found.segments else 0)
    if before and line.row != before + 1:
        _damaged(found, segment, number, f"row {line.row} follows {before}")
    segment.first = segment.first or line.row
    segment.last, segment.rows, found.rows = line.row, segment.rows + 1, found.rows + 1
    found.oldest_at = found.oldest_at or line.received
    found.newest_at = max(found.newest_at, line.received)
    kind = line.kind if line.kind in KINDS else OTHER
    found.newest[kind] = line
    if kind in PROOFS and line.success is not False:
        found.done[kind, line.target] = line
    if kind == KEY and len(found.keys) < MOST_KEYS:
        found.keys.append(str(line.said().get("key", "")))
    if kind == SIGNED_IN and (line.subject in found.people or len(found.people) < MOST_PEOPLE):
        found.people[line.subject] = max(found.people.get(line.subject, 0), line.received)
    if found.span.start <= line.received < found.span.stop:
        found.lines += 1
        found.kinds.setdefault(kind, OfKind()).add(line, raw)
        _content(found, line)
        if line.code.startswith(ATTACKS) and line.active:
            _attack(found, line)


def _content(found: LogTally, line: Line) -> None:
    """Count what 8.1.4.3 b asks for and the line does not have."""
    if all(getattr(line, name) is None for name in WHO_DID):
        found.before += 1
        return
    if line.at <= 0 or line.received <= 0:
        found.lacking["at"] += 1
    for name in WHO_DID:
        if getattr(line, name) is None:
            found.lacking[name] += 1
    if line.actor == "":
        found.lacking["actor"] += 1


def _attack(found: LogTally, line: Line) -> None:
    """Count what 8.1.3.3 asks for and the event does not have: source, type, target, time."""
    found.attacks += 1
    said = line.said()
    source, target = (_party(said.get(name)) for name in PARTIES)
    lacks = {
        "source": not source,
        "type": not line.kind,
        "target": not (target or line.target or line.subject),
        "time": line.at <= 0,
    }
    found.attacks_whole += not any(lacks.values())
    found.attacks_lacking.update(name for name, missing in lacks.items() if missing)


def _party(said: object) -> str:
    if isinstance(said, dict):
        return str(said.get("address") or said.get("mac") or "")
    return said if isinstance(said, str) else ""
