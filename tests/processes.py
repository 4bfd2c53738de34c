"""Whether processes are really gone."""

from pathlib import Path

import psutil


def alive(pid: int) -> bool:
    """Tell whether *pid* still runs; one that only waits to be buried does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def pid_in(path: Path) -> int:
    """Return the process id that a script wrote to *path*; 0 while there is none."""
    text = path.read_text() if path.exists() else ""
    return int(text) if text.strip() else 0
