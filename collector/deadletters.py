"""What could not be taken in, kept for people: `dead-letter/DATE.jsonl`, one letter a line.

A letter names topic, reason and digest, and holds the payload in base64, without the identity and
phone numbers in it (domain.md §11): only its digest is of what came. It is kept once, however
often it comes. A day of many letters goes on in DATE.1.jsonl and so on; when all files together
are too large the oldest goes, so that a flood costs disk only up to the limit.
Look: jq -r '[.time, .topic, .reason] | @tsv' var/collector/dead-letter/*.jsonl
"""

import base64
import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta, tzinfo
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec

from core import clock, persondata, wire
from core.disk import sync_folder, write_all
from core.errors import PayloadError, StoreStopped
from core.personbytes import removed_bytes

PARTS: Final = 10
"""A file is at most this part of the limit, so that what goes is never more than that."""
MIN_PART_BYTES: Final = 64_000
REMEMBERED: Final = 20_000
"""Letters that are known to be kept already; about 3 MB."""
KILLER: Final = "killer"
"""The kind of a letter whose handling killed the process, three times."""
MAX_TEXT: Final = 500
"""Characters of a topic or reason that are kept."""

_NAME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]{1,6}))?\.jsonl")
MOST_DELETED: Final = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter; `size` and `digest` are of the whole payload where it was cut."""

    topic: str
    kind: str
    reason: str
    payload: bytes
    size: int = 0
    digest: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What else is known: epoch, seq, line numbers."""

    def record(self, at: int) -> dict[str, Any]:
        """Return the letter as the file holds it."""
        payload, persons = _without_persons(self.payload, packed=self.kind != KILLER)
        whole = self.size or len(self.payload)
        cut = {"size": whole, "kept": len(payload)} if whole > len(payload) else {}
        scrubbed = {"persons_removed": persons} if persons else {}
        return {
            "time": clock.rfc3339(at),
            "topic": _text(self.topic),
            "kind": self.kind,
            "reason": _text(self.reason),
            "digest": self.digest or hashlib.sha256(self.payload).hexdigest(),
            **self.about,
            **cut,
            **scrubbed,
            "payload": base64.b64encode(payload).decode(),
        }


class DeadLetters:
    """The files in *folder*. For any thread; methods may raise OSError, and `keep` StoreStopped."""

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        keep_days: int,
        zone: tzinfo = UTC,
        now: clock.Clock = clock.now,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._max_bytes, self._keep_days = folder, max_bytes, keep_days
        self._part_bytes = max(max_bytes // PARTS, MIN_PART_BYTES)
        self._zone, self._now = zone, now
        self._kept: dict[bytes, None] = {}
        self._lock = Lock()
        self.lost = 0
        self.deleted: list[str] = []
        """The files that went since somebody last recorded it."""
        """Letters that went because of the limit in bytes, since the start."""
        for path in self._files():
            self._recall(path)

    def keep(self, letters: Sequence[Letter]) -> int:
        """Keep those that are not kept yet, synced to disk on return; return how many were new."""
        with self._lock:
            at = self._now()
            lines: dict[bytes, bytes] = {}
            for letter in letters:
                record = letter.record(at)
                mark = _mark(record)
                if mark not in self._kept:
                    lines[mark] = msgspec.json.encode(record) + b"\n"
            if lines:
                self._append(at, b"".join(lines.values()))
                self._remember(lines)
                self._tidy()
            return len(lines)

    def tidy(self) -> None:
        """Delete what is too old, and the oldest where all together are too large."""
        with self._lock:
            self._tidy()

    def _tidy(self) -> None:
        files = self._files()
        sizes = {path: path.stat().st_size for path in files}
        oldest_day = (self._today(self._now()) - timedelta(days=self._keep_days)).isoformat()
        for path in files[:-1]:
            too_old = path.name < oldest_day
            if not too_old and sum(sizes.values()) <= self._max_bytes:
                break
            if not too_old:
                self._lose(path)
            path.unlink()
            self.deleted = [*self.deleted, path.name][-MOST_DELETED:]
            del sizes[path]

    def _lose(self, path: Path) -> None:
        if not self.lost:
            _log.warning(
                "dead letters: over %d MB, so the oldest go, %s first; see [dead_letters] max_mb",
                self._max_bytes // 1_000_000,
                path.name,
            )
        self.lost += sum(1 for _ in _records(path))

    def _append(self, at: int, lines: bytes) -> None:
        path, is_new = self._current(at)
        try:
            _append(path, lines)
            if is_new:
                sync_folder(self._folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreStopped(f"the dead letters {path} cannot be written: {reason}") from error

    def _current(self, at: int) -> tuple[Path, bool]:
        day = self._today(at).isoformat()
        parts = [path for path in self._files() if path.name.startswith(day)]
        if not parts:
            return self._folder / f"{day}.jsonl", True
        if parts[-1].stat().st_size < self._part_bytes:
            return parts[-1], False
        return self._folder / f"{day}.{_order(parts[-1])[1] + 1}.jsonl", True

    def _today(self, at: int) -> date:
        return clock.local(at, self._zone).date()

    def _files(self) -> list[Path]:
        files = (path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
        return sorted(files, key=_order)

    def _recall(self, path: Path) -> None:
        self._remember({_mark(record): b"" for record in _records(path)})

    def _remember(self, marks: Mapping[bytes, bytes]) -> None:
        self._kept |= dict.fromkeys(marks)
        while len(self._kept) > REMEMBERED:
            del self._kept[next(iter(self._kept))]


def _text(text: str) -> str:
    # Half of a character cannot be written as JSON.
    return persondata.removed(text[:MAX_TEXT].encode("utf-8", "replace").decode())


def _without_persons(payload: bytes, *, packed: bool) -> tuple[bytes, int]:
    """Return *payload* without the numbers of persons, unpacked where it was packed with some.

    One that killed the process is not unpacked again: that may be what it died of.
    """
    body = payload  # nobody can read what cannot be unpacked, unless it stands there open
    if packed:
        with suppress(PayloadError):
            body = wire.unpack(payload)
    left, count = removed_bytes(body)
    return (left, count) if count else (payload, 0)


def _mark(record: Mapping[str, Any]) -> bytes:
    words = (str(record.get(name, "")) for name in ("topic", "kind", "digest"))
    return hashlib.blake2b("\0".join(words).encode(), digest_size=16).digest()


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # torn by a crash: never was synced, so nothing rests on it


def _order(path: Path) -> tuple[str, int]:
    match = _NAME.fullmatch(path.name)
    return (match[1], int(match[2] or 0)) if match else ("", 0)


def _is_whole(path: Path, size: int) -> bool:
    # What a crash tore has no newline, and must not swallow the next letter.
    if not size:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _append(path: Path, lines: bytes) -> None:
    # Unbuffered: a buffer would be written once more, after what failed was taken back.
    # For its owner alone: nobody checked what strangers sent.
    with open(path, "ab", buffering=0, opener=_for_owner) as file:
        size = file.tell()
        try:
            write_all(file, lines if _is_whole(path, size) else b"\n" + lines)
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise
