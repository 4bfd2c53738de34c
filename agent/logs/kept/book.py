"""The kept log of one device: appends rows, seals days that ended, drops the oldest for room.

    rows ─▶ 2026-11-28.log ══ midnight (UTC) ══▶ 2026-11-28.log.gz, .tree, a line of seals.jsonl

Every method blocks; `seal` may run beside all others, in a thread of its own. Whatever a power cut
or a full disk leaves is made whole by the next `recover` or `append`, and what was lost is counted
in a line of the log itself, so that the seal tells it.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from agent.logs.kept.names import OPEN, SEALED, SEALS, TREE, Day, day_of, files
from agent.logs.kept.rows import note, written
from agent.logs.kept.sealing import repair, seal_of
from agent.logs.kept.seals import (
    Dropped,
    Entry,
    Seal,
    append,
    day_named,
    read_seals,
    standing,
)
from agent.logs.kept.tally import Tally, lines_of, tally_of
from core.clock import SECOND, plausible
from core.disk import sync_folder, write_all

LONGEST_DAY: Final = 25 * 3_600 * SECOND
"""A file is not written for longer, whatever day the clock says: it may have been wrong."""


class Book:
    """The files of one device in *folder*; `lost` counts since the start, by why."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: list[Entry] = []
        self.lost: Counter[str] = Counter()
        self.kept = 0
        """Rows that were written since the start."""
        self._before, self._pending = "", Counter[str]()
        self._day: Day | None = None
        self._file: FileIO | None = None
        self._tally, self._size, self._last = Tally(), 0, 0
        self._opened, self._is_torn = 0, False
        self._to_seal: dict[Day, Tally | None] = {}
        self._lock, self._began_wrong = Lock(), False

    @property
    def seals(self) -> dict[str, Seal]:
        """The seals of the files that should be there, in the order of writing."""
        return standing(self.entries)

    @property
    def size(self) -> int:
        """Bytes on the disk, but for the seals."""
        sealed = sum(one.gz_size + one.lines // 8 for one in self.seals.values())
        waiting = sum(tally.size for tally in list(self._to_seal.values()) if tally)
        return sealed + waiting + self._size

    def recover(self, at: int, boot: int) -> None:
        """Go on with what is there; raises OSError. *boot*: `clock.boottime`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.entries, self._before, wrong = read_seals(self.folder)
        self._began_wrong = bool(wrong)
        gone = {one.file for one in self.entries if isinstance(one, Dropped)}
        for name in gone:
            self._remove(name)
        sealed = self.seals
        left = []
        for day in files(self.folder, OPEN):
            if str(day) in sealed and (self.folder / f"{day}{SEALED}").exists():
                (self.folder / f"{day}{OPEN}").unlink()  # stopped just before it did that itself
            else:
                left.append(day)
        for day in left[:-1]:
            repair(self.folder / f"{day}{OPEN}")
            self._to_seal[day] = None
        if left:
            self._go_on(left[-1], boot)
        newest = self._day or self._newest()
        if newest is not None and (self._day or self.entries):
            self._pending["start"] += 1

    def append(self, rows: Sequence[tuple[int, bytes]], boot: int) -> None:
        """Write *rows*, each with when it came; raises OSError, what was not written is lost."""
        before = self.kept
        try:
            self._write(rows, boot)
        except OSError:
            self.lose("disk", len(rows) - (self.kept - before))
            raise

    def _write(self, rows: Sequence[tuple[int, bytes]], boot: int) -> None:
        lines, count = list[bytes](), 0
        for at, data in rows:
            wanted = self._wanted(at, boot)
            if wanted != self._day:
                self._flush(lines, count)
                lines, count = [], 0
                self._begin(wanted, boot)
            if not lines:
                lines += self._notes(at)
            is_back = at < self._last or day_of(at) < wanted.day
            lines.append(written(at, data, back=is_back))
            self._last, count = at, count + 1
        self._flush(lines, count)

    def lose(self, why: str, count: int) -> None:
        """Hear that *count* rows could not be kept: the next line that is written says so."""
        if count > 0:
            self.lost[why] += count
            self._pending[why] += count

    def roll(self, at: int, boot: int) -> None:
        """Close today's file where its day is over by *at*: it is to be sealed."""
        if self._day is not None and self._is_over(at, boot):
            self._close()

    def seal(self) -> list[Seal]:
        """Seal the days that are over; return what was made. Raises OSError. Long: see `Book`."""
        made = []
        for day, tally in list(self._to_seal.items()):
            path = self.folder / f"{day}{OPEN}"
            try:
                if path.stat().st_size:
                    made.append(self._seal(day, tally))
                path.unlink()
            except FileNotFoundError:
                self.lose("file_gone", tally.rows if tally else 0)
            del self._to_seal[day]
        return made

    def _seal(self, day: Day, tally: Tally | None) -> Seal:
        draft = seal_of(self.folder, day, tally)
        with self._lock:
            number = 1 + max((one.number for one in self._sealed()), default=0)
            seal = msgspec.structs.replace(draft, number=number, before=self._before)
            self._before = append(self.folder, seal)
            self.entries.append(seal)
        return seal

    def drop(self, at: int) -> Dropped | None:
        """Delete the oldest sealed day; None where there is none. Raises OSError."""
        with self._lock:
            oldest = next(iter(self.seals.values()), None)
            if oldest is None:
                return None
            dropped = Dropped(file=oldest.file, at=at, rows=oldest.rows, before=self._before)
            self._before = append(self.folder, dropped)
            self.entries.append(dropped)
        self._remove(oldest.file)
        return dropped

    def oldest(self, but: Iterable[str] = ()) -> int:
        """Return when the oldest row came that can be read (ns), 0 for none; *but* are damaged."""
        bad = set(but)
        firsts = [one.first for one in self.seals.values() if one.file not in bad]
        firsts += [tally.first for tally in list(self._to_seal.values()) if tally]
        return min((at for at in [*firsts, self._tally.first] if plausible(at)), default=0)

    def began(self) -> int:
        """Return when the first row came that was ever kept (ns), 0 for never."""
        firsts = (one.first for one in self._sealed())
        return min((at for at in [*firsts, self._tally.first] if plausible(at)), default=0)

    def stands(self, name: str) -> bool:
        """Return whether the file of that name is sealed and was not dropped."""
        return name in self.seals

    def wrong_seals(self) -> str:
        """Return what is wrong with the file of seals, "" for nothing; raises OSError."""
        with self._lock:
            known = list(self.entries)
            entries, before, wrong = read_seals(self.folder)
            if self._began_wrong and not wrong:  # put back: what was read at the start was not it
                self.entries, self._before, self._began_wrong = entries, before, False
                return ""
        if not wrong and entries[: len(known)] != known:
            return (
                f"{SEALS}: altered: it has {len(entries)} lines of {len(known)} that were written"
            )
        return wrong

    def has(self, name: str) -> bool:
        """Return whether the file of a seal is there."""
        return (self.folder / f"{name}{SEALED}").exists()

    def close(self) -> None:
        """Write nothing more; today's file stays open for the next start."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _sealed(self) -> list[Seal]:
        return [one for one in self.entries if isinstance(one, Seal)]

    def _newest(self) -> Day | None:
        days = [day_named(one.file) for one in self._sealed()]
        return max([*days, *list(self._to_seal)], default=None)

    def _is_over(self, at: int, boot: int) -> bool:
        assert self._day is not None
        return day_of(at) > self._day.day or boot - self._opened > LONGEST_DAY

    def _wanted(self, at: int, boot: int) -> Day:
        """Return the file for a row of that time: never one before the newest that there is."""
        if self._day is not None and not self._is_over(at, boot):
            return self._day
        newest, today = self._day or self._newest(), day_of(at)
        if newest is None or today > newest.day:
            return Day(today)
        return Day(newest.day, newest.part + 1)

    def _begin(self, day: Day, boot: int) -> None:
        if self._day is not None:
            self._close()
        while (path := self.folder / f"{day}{OPEN}").exists():  # not of ours
            day = Day(day.day, day.part + 1)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = FileIO(descriptor, "r+")
        sync_folder(self.folder)
        self._day, self._tally, self._size, self._opened = day, Tally(), 0, boot

    def _go_on(self, day: Day, boot: int) -> None:
        path = self.folder / f"{day}{OPEN}"
        torn = repair(path)
        with path.open("rb") as file:
            self._tally = tally_of(lines_of(file))
        if torn:
            self._pending["torn_bytes"] += torn
        self._file = FileIO(os.open(path, os.O_RDWR), "r+")
        self._day, self._size, self._opened = day, self._tally.size, boot
        self._last = self._tally.latest

    def _close(self) -> None:
        assert self._day is not None
        self.close()
        self._to_seal[self._day] = self._tally
        self._day, self._tally, self._size = None, Tally(), 0

    def _notes(self, at: int) -> list[bytes]:
        return [note(max(at, self._last), why, n) for why, n in self._pending.items() if n]

    def _flush(self, lines: list[bytes], count: int) -> None:
        """Have *lines* on the disk, or none of them."""
        if not lines:
            return
        if self._file is None:
            raise OSError("the file of the day is closed")
        if self._is_torn:
            self._file.truncate(self._size)
            self._is_torn = False
        try:
            self._file.seek(self._size)
            write_all(self._file, b"".join(line + b"\n" for line in lines))
            os.fsync(self._file.fileno())
        except OSError:
            self._is_torn = True
            raise
        self._pending.clear()
        for line in lines:
            self._tally.add(line)
        self._size, self.kept = self._tally.size, self.kept + count

    def _remove(self, name: str) -> None:
        for ending in (SEALED, TREE):
            (self.folder / f"{name}{ending}").unlink(missing_ok=True)
