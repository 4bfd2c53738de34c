"""Lines as a log gets them: of the journal, or of files that are rotated."""

import asyncio
import contextlib
import json
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from core.errors import NotPermitted

JOURNALS: Final = (Path("/run/log/journal"), Path("/var/log/journal"))
JOURNALCTL: Final = (
    *("journalctl", "--output=json", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_UID"),
    *("--follow", "--lines=0", "--quiet", "SYSLOG_FACILITY=4", "SYSLOG_FACILITY=10"),
)
"""The facilities auth and authpriv, from now on."""
MOST_BYTES: Final = 65_536
"""Of one line, and of what is read at once."""


def journal_is_readable(folders: Iterable[Path] = JOURNALS) -> bool:
    """Return whether this process may read the journal of the system (group systemd-journal)."""
    for folder in folders:
        try:
            files = list(folder.glob("*/system.journal"))
        except OSError:
            continue
        if any(os.access(path, os.R_OK) for path in files):
            return shutil.which(JOURNALCTL[0]) is not None
    return False


async def journal(command: Sequence[str] = JOURNALCTL) -> AsyncGenerator[dict[str, Any], None]:
    """Yield each entry from now on; raises NotPermitted where journalctl ends."""
    child = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, limit=MOST_BYTES
    )
    try:
        assert child.stdout is not None
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:  # longer than the limit: what came of it is thrown away
                continue
            if not line:
                raise NotPermitted(f"{command[0]} ended: is this user in systemd-journal?")
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


@dataclass(slots=True)
class Tail:
    """The lines that are added to the file at `path`, whether it is moved away or cut to nothing.

    What was there at the start is not read.
    """

    path: Path
    _file: BinaryIO | None = None
    _rest: bytes = b""
    _begun: bool = False

    def lines(self) -> list[str]:
        """Return what was added since the last call; raises OSError where it is not readable."""
        found: list[str] = []
        try:
            at = self.path.stat()
        except FileNotFoundError:
            at = None  # between two of its turns
        if self._file is not None:
            found += self._read(self._file)
            now = os.fstat(self._file.fileno())
            if at is not None and (at.st_dev, at.st_ino) != (now.st_dev, now.st_ino):
                self.close()
            elif now.st_size < self._file.tell():  # copied away and cut
                self._file.seek(0)
                self._rest = b""
                found += self._read(self._file)
        if self._file is None and at is not None:
            self._file = self.path.open("rb")
            if not self._begun:
                self._file.seek(0, os.SEEK_END)
            found += self._read(self._file)
        self._begun = True
        return found

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""

    def _read(self, file: BinaryIO) -> list[str]:
        *whole, rest = (self._rest + file.read(MOST_BYTES)).split(b"\n")
        self._rest = rest[-MOST_BYTES:]
        return [line.decode("utf-8", "replace") for line in whole]
