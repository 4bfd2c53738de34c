"""A database of the collector, read beside whoever writes it."""

import sqlite3
from pathlib import Path
from typing import Final

BUSY_S: Final = 2.0
"""A page rather says that nobody knows than wait for longer."""


def read_only(path: Path) -> sqlite3.Connection:
    """Return a connection of its own that cannot write: it holds up no commit, and makes no file.

    Raises sqlite3.Error.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", BUSY_S, uri=True)
