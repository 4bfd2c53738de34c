"""A file of the collector's configuration that is taken over while it runs, and recorded.

One that cannot be used is refused: what it said before goes on. What is in force is recorded at
each start, by its digest, and each change is in the audit log before it is taken: while that cannot
be written, what was in force goes on.
"""

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from collector.journal import Journal, Note
from collector.lastgood import LastGood
from core.errors import AuditStopped
from core.tomlfile import content_of
from core.watchedfile import Unreadable, WatchedFile

LOOK_EVERY_S: Final = 3.0
MOST_SAID: Final = 2_000
"""Characters of why a file is refused, in an event; the log has all of it."""

_log = logging.getLogger(__name__)

Parse = Callable[[Path, bytes], Any]
"""Makes of a file's bytes what is wanted; raises ConfigError."""
Take = Callable[[Any], None]
"""Goes on with what a file says now. Called in a worker thread."""


class FileWatch:
    """One file. `at_start` holds the bytes that are in force already since the collector started,
    None where there are none that can be used. `copy` keeps what is taken for the next start."""

    def __init__(
        self,
        path: Path,
        at_start: bytes | None,
        parse: Parse,
        take: Take,
        journal: Journal,
        *,
        copy: LastGood | None = None,
    ) -> None:
        self._file = WatchedFile[Any](path, content_of, parse)
        self._take, self._journal, self._copy = take, journal, copy
        self._in_force = "" if at_start is None else _digest(at_start)
        self._recorded, self._trouble = at_start is None, ""
        self._waits = False

    def look(self, *, at_once: bool = False) -> bool:
        """Go on with what the file says now, where that is something new."""
        if not self._recorded:
            self._journal.note(self._note(self._in_force, "start", ""))
            self._recorded = True
        found = self._file.look(at_once=at_once)
        if found is None:
            return False
        try:
            if isinstance(found, Unreadable):
                self._refuse(found)
                return False
            return self._heard(found)
        except sqlite3.Error:
            self._file.again()
            raise

    def _heard(self, found: Any) -> bool:
        path, digest = self._file.path, _digest(self._file.content)
        if self._trouble:
            self._trouble = ""
            _log.warning("%s: can be used again", path)
        if digest == self._in_force:
            return False
        try:
            self._journal.act(self._note(digest, "change", self._in_force))
        except AuditStopped as error:
            self._file.again()
            if not self._waits:
                _log.error("%s: what changed waits, for it cannot be recorded: %s", path, error)
            self._waits = True
            return False
        self._waits = False
        self._take(found)
        if self._copy:
            self._copy.keep(self._file.content)
        self._in_force = digest
        _log.info("%s: changed, and is in force now", path)
        return True

    def _note(self, digest: str, why: str, before: str) -> Note:
        said = {"digest": digest, "why": why} | ({"before": before} if before else {})
        return Note("config_taken", self._file.path.name, "", said)

    def _refuse(self, found: Unreadable) -> None:
        if found.reason == self._trouble:
            return
        name = self._file.path.name
        details = {"digest": found.digest, "reason": found.reason[:MOST_SAID]}
        self._journal.note(Note("config_unreadable", name, "", details))
        self._trouble = found.reason
        _log.error("what was in force goes on, for the new one cannot be used: %s", found.reason)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
