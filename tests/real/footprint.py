"""What a process takes of its machine: memory as if it were alone there, and processor time.

    python -m tests.real.footprint PID

Memory is proportional (PSS), but a page that only our own doing shares is counted whole: other
Pythons, other processes of the same program and what the asking process started would not be there
on the machine of a school. What the rest of the system shares too (libc) is shared there as well.
"""

import ctypes
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

import psutil


def tree(pid: int) -> list[psutil.Process]:
    """Return the process and all that it has started."""
    top = psutil.Process(pid)
    return [top, *top.children(recursive=True)]


def memory_alone(pid: int) -> int:
    """Return the bytes of *pid* and what it has started, as if nothing like it ran beside it."""
    own = tree(pid)
    others = _files_of(_bystanders(own))
    total, shared = 0, defaultdict[str, int](int)
    for process in own:
        once = defaultdict[str, int](int)
        for one in process.memory_maps(grouped=False):
            if one.path.startswith("/") and one.path not in others:
                total += one.private_clean + one.private_dirty
                once[one.path] += one.shared_clean + one.shared_dirty
            else:
                total += one.pss
        for path, size in once.items():  # between its processes a page is there once
            shared[path] = max(shared[path], size)
    return total + sum(shared.values())


def _bystanders(own: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that a machine without us and ours would have too."""
    ours = {one.pid for one in (*own, *tree(psutil.Process().pid))}
    programs = {one.exe() for one in own}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended, or is not ours to look at
            exe = process.exe()
            if process.pid not in ours and exe not in programs and "python" not in exe:
                found.append(process)
    return found


def _files_of(processes: Iterable[psutil.Process]) -> set[str]:
    files = set()
    for process in processes:
        with suppress(psutil.Error):
            files |= {one.path for one in process.memory_maps(grouped=False)}
    return files


def cpu_seconds(pid: int) -> float:
    """Return the processor time that *pid* and its children have had, in steps of a nanosecond.

    Counts threads that have ended, and children that have ended as far as they were waited for.
    """
    ended = psutil.Process(pid).cpu_times()
    return sum(_clock_of(one.pid) for one in tree(pid)) + float(
        ended.children_user + ended.children_system
    )


def _clock_of(pid: int) -> float:
    # /proc tells of hundredths of a second only, and an agent has two or three of them a minute.
    found = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(found))
    if error:
        raise OSError(error, f"no processor clock of process {pid}")
    return time.clock_gettime(found.value)


if __name__ == "__main__":
    who = int(sys.argv[1])
    sys.stdout.write(f"{memory_alone(who) / 1e6:.1f} MB, {cpu_seconds(who):.3f} CPU s\n")
