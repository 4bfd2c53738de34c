"""Whether the roster's file changed, and what it says now.

A change counts when two looks in a row see the same file: who copies it over the network or saves
it from a spreadsheet has it half written for a while, and half a roster would close schools.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from collector.roster.read import Roster, content_of, parse
from collector.roster.table import NotARoster
from core.errors import ConfigError

_Signature = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is no roster now; `reason` names file and place, `digest` is of its bytes."""

    reason: str
    digest: str = ""


class RosterFile:
    """Blocks at every look, in a worker thread; one look at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = b""
        """What the last roster was read from."""
        self._done: _Signature | None = None
        self._pending: _Signature | None = None
        self._digest = ""

    def look(self, *, at_once: bool = False) -> Roster | Unreadable | None:
        """Return what the file says, None while there is nothing new in it.

        With *at_once* the file is read whatever it looks like from outside.
        """
        before = _signature(self.path)
        if not at_once and before and before == self._done:
            return None
        if not at_once and before != self._pending:
            self._pending = before
            return None
        found = self._read()
        self._pending = before
        if _signature(self.path) != before:  # it is being written: the next look comes soon
            self.again()
            return None
        if not isinstance(found, Unreadable) or found.digest:
            self._done = before
        return found

    def again(self) -> None:
        """Hear that what the last look found could not be used for now."""
        self._done, self._digest = None, ""

    def _read(self) -> Roster | Unreadable | None:
        last, self._digest, digest = self._digest, "", ""
        try:
            content = content_of(self.path)
            digest = hashlib.sha256(content).hexdigest()
            if digest == last:
                self._digest = last
                return None
            found = parse(self.path, content)
        except NotARoster as error:
            self._digest = digest
            return Unreadable(str(error), digest or "too large")
        except ConfigError as error:
            # Tried again at each look: a file server may come back without the file changing.
            return Unreadable(str(error))
        self._digest, self.content = digest, content
        return found


def _signature(path: Path) -> _Signature:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
