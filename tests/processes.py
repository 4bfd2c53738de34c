"""Whether processes are really gone, and ending those that a test has started."""

import signal
import subprocess
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


def end(process: "subprocess.Popen[bytes] | None", how: signal.Signals) -> None:
    """End *process* with the signal *how*, also one that was suspended, and wait for its end."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    process.send_signal(signal.SIGCONT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
