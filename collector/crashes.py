"""Whether the collector keeps dying without a word, and which message was under way each time.

Two small files in its folder: `crashes.json` (synced at each start and each clean end), and
`under-way`, the digest of the one message that is being handled, while that is written down at
all. They are not in the database, which may itself be what it dies of, or be set back.

A process cannot know whether it died of a message or was killed from outside, and a message that is
refused is lost. So one is refused only when it was under way, alone, at DEATHS deaths one after the
other: a message that kills is under way at every death, an innocent one must be met by chance each
time within the milliseconds that its handling takes. That the digest is written down from the
first death on, and not only from the third, is why this takes no more restarts.
Look: cat var/collector/crashes.json
"""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from core import VERSION, clock, disk
from core.clock import SECOND
from core.errors import MonitorError

WITHIN_S: Final = 600
MANY: Final = 3
"""As many crashes within WITHIN_S: messages are handled one at a time for as long."""
DEATHS: Final = 3
FIRST: Final = 100
"""Of a process that follows a crash so many messages are handled one at a time in any case."""
MAX_KEPT: Final = 100

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_NOTHING: Final = " " * 64
_log = logging.getLogger(__name__)


class Refused(msgspec.Struct, frozen=True):
    """A message that is refused whenever it comes, by the version that died of it.

    `readable` says that its key could be read without dying of that too.
    """

    digest: str
    readable: bool
    version: str = VERSION


class History(msgspec.Struct, frozen=True):
    """What one process leaves to the next; times in ns.

    At `deaths` deaths one after the other `suspect` was under way.
    """

    running: bool = False
    crashes: list[int] = []
    suspect: str = ""
    deaths: int = 0
    refused: list[Refused] = []


def begun(before: History, under_way: str, now: int) -> History:
    """Return the history with the start of a process in it; *under_way* is what was left over."""
    crashes = [at for at in before.crashes if 0 <= now - at <= WITHIN_S * SECOND]
    # A later version may take what this one dies of.
    refused = [one for one in before.refused if one.version == VERSION]
    if not before.running:
        return History(running=True, crashes=crashes, refused=refused)
    deaths = (before.deaths if under_way == before.suspect else 0) + 1 if under_way else 0
    crashes = [*crashes, now][-MAX_KEPT:]
    return History(True, crashes, under_way, deaths, refused)


class Crashes:
    """The files in *folder*. Every method blocks for a moment; none is for two threads at once."""

    def __init__(self, folder: Path, now: clock.Clock = clock.now) -> None:
        self._file, self._now = folder / "crashes.json", now
        self._under_way_file, self._descriptor = folder / "under-way", -1
        self.history = History()

    @contextmanager
    def watching(self) -> Iterator["Crashes"]:
        """Note the start, and at the end of the `with` that it was no crash.

        An exception that nobody expected is one. A disk that cannot be written does not keep the
        collector from starting: it says so.
        """
        self._begin()
        try:
            yield self
        except MonitorError:
            self._end()
            raise
        except Exception:
            raise  # nobody expected it: the next start is to know
        except BaseException:
            self._end()
            raise
        else:
            self._end()
        finally:
            self._close()

    def note(self, digest: str) -> None:
        """Write down, synced, that a message is under way."""
        self._write_under_way(digest)
        if self._descriptor >= 0:
            os.fdatasync(self._descriptor)

    def clear(self) -> None:
        """Write down that none is. Not synced: what a process has written outlives it."""
        self._write_under_way(_NOTHING)

    def refuse(self, digest: str, *, readable: bool) -> None:
        """Remember for good that a message is refused; raises OSError."""
        others = [one for one in self.history.refused if one.digest != digest]
        refused = [*others, Refused(digest, readable)][-MAX_KEPT:]
        self._save(msgspec.structs.replace(self.history, suspect="", deaths=0, refused=refused))

    def acquit(self) -> None:
        """Remember that what was suspected could be handled; raises OSError."""
        self._save(msgspec.structs.replace(self.history, suspect="", deaths=0))

    def refused(self, digest: str) -> Refused | None:
        """Return what is known of a message that was refused."""
        return next((one for one in self.history.refused if one.digest == digest), None)

    def _begin(self) -> None:
        left = self._left()
        self.history = begun(self._read(), left, self._now())
        try:
            self._descriptor = os.open(self._under_way_file, os.O_RDWR | os.O_CREAT, 0o644)
            self._save(self.history)
            self.clear()
        except OSError as error:
            _log.warning("crashes will not be counted: %s", error)

    def _end(self) -> None:
        try:
            refused = self.history.refused
            self._save(History(crashes=self.history.crashes, refused=refused))
        except OSError as error:
            _log.warning("the next start will count this end as a crash: %s", error)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _left(self) -> str:
        try:
            text = self._under_way_file.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            return ""
        return text if _DIGEST.fullmatch(text) else ""

    def _read(self) -> History:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=History)
        except FileNotFoundError:
            return History()
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("%s cannot be read, and crashes are counted anew: %s", self._file, error)
            return History()

    def _save(self, history: History) -> None:
        self.history = history
        disk.replace(self._file, msgspec.json.encode(history))

    def _write_under_way(self, text: str) -> None:
        if self._descriptor >= 0:
            os.pwrite(self._descriptor, text.encode("ascii") + b"\n", 0)


def is_many(crashes: Sequence[int]) -> bool:
    """Return whether so many crashes came that every message is to be handled alone."""
    return len(crashes) >= MANY
