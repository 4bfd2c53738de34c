"""Gives up every right that the sensor has no use for, once its sockets are open.

By ctypes: of the two libraries for this, python-prctl (the last release is of 2020) needs a
compiler and libcap's headers in the school, and pyprctl is no longer kept; it is five calls.
"""

import ctypes
import os
import signal
from typing import Final

from agent.sensor import callfilter

NOBODY: Final = 65_534

# <linux/prctl.h>, <linux/capability.h>
_PDEATHSIG, _DUMPABLE, _CAPBSET_DROP, _NO_NEW_PRIVS, _CAP_AMBIENT = 1, 4, 24, 38, 47
_CLEAR_ALL: Final = 4
_CAPABILITIES: Final = 64
_VERSION_3: Final = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when *parent* ends, however it ends."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that was said
        os.kill(os.getpid(), signal.SIGKILL)


def give_up(*, promiscuous: bool = False) -> None:
    """Give up every capability, root, and the right to open or write anything; for good.

    What is open stays open: packet sockets keep receiving and can be bound anew. From here on no
    file, no socket and no module can be opened, no process begun, nothing sent, and no interface
    be made promiscuous unless it is *promiscuous*. Raises OSError.
    """
    import resource  # noqa: PLC0415 — the module can be imported where only Linux can obey it

    _prctl(_NO_NEW_PRIVS, 1)
    if os.geteuid() == 0:
        for number in range(_CAPABILITIES):
            _libc.prctl(_CAPBSET_DROP, number, 0, 0, 0)  # past the last one it says EINVAL
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    _prctl(_CAP_AMBIENT, _CLEAR_ALL)
    header = _Header(_VERSION_3, 0)
    if _libc.capset(ctypes.byref(header), (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capset: " + os.strerror(ctypes.get_errno()))
    _prctl(_DUMPABLE, 0)
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NOFILE):
        resource.setrlimit(what, (0, 0))
    callfilter.forbid(promiscuous=promiscuous)


def _prctl(what: int, value: int) -> None:
    if _libc.prctl(what, ctypes.c_ulong(value), *(ctypes.c_ulong(0) for _ in range(3))):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {what}: {os.strerror(number)}")
