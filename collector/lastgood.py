"""A copy of a file of the configuration as it was last taken, in the collector's own folder.

So that a start goes on with it where the file that people edit cannot be used: half saved, gone,
or on a server that is away. It holds names and numbers of people where the file does, so nobody
but the collector may read it. Accounts have none: docs/accounts.md says why.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from core import disk
from core.errors import ConfigError
from core.tomlfile import content_of

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class LastGood:
    """The copy at *path*. Blocks; one call at a time."""

    path: Path
    _digest: str = field(default="", init=False)

    def keep(self, content: bytes) -> None:
        """Keep *content*; a disk that refuses is said, and it is tried again with the next file."""
        digest = hashlib.sha256(content).hexdigest()
        if digest == self._digest:
            return
        try:
            disk.replace(self.path, content, 0o600)
        except OSError as error:
            _log.warning("%s: cannot be kept for the next start: %s", self.path, error)
            return
        self._digest = digest

    def instead(self, file: Path, error: ConfigError, parse: Callable[[bytes], T]) -> T:
        """Return what *parse* makes of the copy, because of the *error* in *file*.

        Raises that error where there is no copy, or none that can be used either.
        """
        try:
            found = parse(self.path.read_bytes())
        except (OSError, ConfigError):
            raise error from None
        _log.error("%s cannot be used, so what was last taken goes on: %s", file, error)
        return found


def at_start(file: Path, copy: LastGood, parse: Callable[[Path, bytes], T]) -> tuple[T, bytes]:
    """Return what *file* says and its bytes, or both of the copy where the file says nothing.

    Raises ConfigError where neither does. The first looks at the file (collector/filewatch.py)
    record why it is not taken.
    """
    try:
        content = content_of(file)
        found = parse(file, content)
    except ConfigError as error:
        return copy.instead(file, error, lambda last: (parse(file, last), last))
    copy.keep(content)
    return found, content
