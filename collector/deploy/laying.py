"""Lays files into the folder once: what is there already is never touched, and never shown."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector.deploy.owners import Owner
from core import disk

PUBLIC: Final = 0o644
SECRET: Final = 0o600
FOLDER: Final = 0o700
"""Of a part's folder: only its program, and root, look into it."""


@dataclass(slots=True)
class Layer:
    """Lays under `root`; `made` and `there` name what it made and what it found."""

    root: Path
    made: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)

    def folder(self, name: str, owner: Owner | None = None, mode: int = FOLDER) -> Path:
        """Have the folder *name*, of *owner*; one that is there stays as it is."""
        path = self.root / name
        if not path.is_dir():
            path.mkdir(parents=True, mode=mode)
            path.chmod(mode)
            _give(path, owner)
        return path

    def file(
        self,
        name: str,
        content: Callable[[], bytes],
        owner: Owner | None = None,
        mode: int = SECRET,
    ) -> bool:
        """Have the file *name*; *content* is only asked for where it is not there.

        Returns whether it was made now. Whole or not at all, and never readable for more than
        *mode* says, not even for a moment.
        """
        path = self.root / name
        if os.path.lexists(path):
            self.there.append(name)
            return False
        put(path, content(), owner, mode)
        self.made.append(name)
        return True


def put(path: Path, data: bytes, owner: Owner | None = None, mode: int = SECRET) -> None:
    """Have *data* in the file at *path*, in place of what was there; raises OSError."""
    beside = path.with_name(f".{path.name}.laid")
    disk.replace(beside, data, mode=SECRET)
    _give(beside, owner)
    beside.chmod(mode)
    beside.replace(path)
    disk.sync_folder(path.parent)


def _give(path: Path, owner: Owner | None) -> None:
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner.uid, owner.gid)
