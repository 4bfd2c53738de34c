"""Whether a file that people edit changed, and what it says now.

A change counts when two looks in a row see the same file: who copies it over the network or saves
it from an editor has it half written for a while, and half a file is another file.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from core.errors import ConfigError

T = TypeVar("T")
_Signature = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be used now; `reason` names file and place, `digest` is of its bytes."""

    reason: str
    digest: str = ""


class WatchedFile(Generic[T]):
    """Blocks at every look, in a worker thread; one look at a time.

    `load` gives the bytes and `parse` makes of them what is wanted; both may raise ConfigError.
    What cannot be loaded is tried again at each look: a file server may come back without the file
    changing. What cannot be parsed waits until it changes.
    """

    def __init__(
        self, path: Path, load: Callable[[Path], bytes], parse: Callable[[Path, bytes], T]
    ) -> None:
        self.path, self._load, self._parse = path, load, parse
        self.content = b""
        """What the last good file held."""
        self._done: _Signature | None = None
        self._pending: _Signature | None = None
        self._digest = ""

    def look(self, *, at_once: bool = False) -> T | Unreadable | None:
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

    def _read(self) -> T | Unreadable | None:
        last, self._digest = self._digest, ""
        try:
            content = self._load(self.path)
        except ConfigError as error:
            return Unreadable(str(error))
        digest = hashlib.sha256(content).hexdigest()
        if digest == last:
            self._digest = last
            return None
        try:
            found = self._parse(self.path, content)
        except ConfigError as error:
            # Its digest is not kept: what is wrong may be who may read it, which a change of its
            # mode mends while the bytes stay as they are.
            return Unreadable(str(error), digest)
        self._digest, self.content = digest, content
        return found


def _signature(path: Path) -> _Signature:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
