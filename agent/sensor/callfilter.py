"""Forbids the sensor the system calls that send, begin or alter something (seccomp, mode filter).

A packet socket that is open can send without any right, and no limit forbids to fork or to make a
folder; the kernel's filter does. Each gives EPERM. By ctypes: libseccomp would be one more library.
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Iterable
from typing import Final

# <linux/prctl.h>, <linux/seccomp.h>, <linux/audit.h>
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000
_REFUSE: Final = _ERRNO | errno.EPERM

Row = tuple[int, int, int, int]
"""Of BPF: code, how many rows to leave out if it is true, and if not, operand."""

# BPF of <linux/bpf_common.h>: load a word, jump if equal, jump if greater or equal, return.
_LD, _JEQ, _JGE, _RET = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _ARGS = 0, 4, (16, 24, 32)
"""Offsets in struct seccomp_data; of arguments their low words (both are little-endian)."""
_FOREIGN: Final = 0x4000_0000
"""Numbers from here on are those of x32, which would be the same calls once more."""

_X86_64: Final = (
    *(44, 46, 307),  # sendto, sendmsg, sendmmsg
    *(20, 18, 296, 328),  # writev, pwrite64, pwritev, pwritev2
    *(40, 275, 276, 278),  # sendfile, splice, tee, vmsplice
    *(41, 53, 42, 425),  # socket, socketpair, connect, io_uring_setup
    *(56, 57, 58, 435, 59, 322),  # clone, fork, vfork, clone3, execve, execveat
    *(101, 310, 311, 321, 298),  # ptrace, process_vm_readv and _writev, bpf, perf_event_open
    *(82, 83, 84, 86, 87, 88, 76),  # rename, mkdir, rmdir, link, unlink, symlink, truncate
    *(258, 259, 263, 264, 265, 266, 316, 133),  # mkdirat … renameat2, mknod
    *(90, 92, 94, 268, 260, 132, 235, 280, 261),  # chmod, chown, their kin, times of files
)
_AARCH64: Final = (
    *(206, 211, 269),
    *(66, 68, 70, 287),
    *(71, 76, 77, 75),
    *(198, 199, 203, 425),
    *(220, 435, 221, 281),
    *(117, 270, 271, 280, 241),
    *(33, 34, 35, 36, 37, 38, 276, 45),
    *(52, 53, 54, 55, 88),
)
_WRITE: Final = {"x86_64": 1, "aarch64": 64}
_IOCTL: Final = {"x86_64": 16, "aarch64": 29}
_SETSOCKOPT: Final = {"x86_64": 54, "aarch64": 208}
ASKS: Final = (0x8913, 0x8927, 0x8933)
"""What an interface may be asked (<linux/sockios.h>): SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCGIFINDEX."""
SAMPLES: Final = (1, 26)
"""SO_ATTACH_FILTER of SOL_SOCKET: fewer frames are sampled on a busy line, more on a quiet one."""
PROMISCUOUS: Final = (263, 1)
"""PACKET_ADD_MEMBERSHIP of SOL_PACKET: an interface that comes back has to be told anew."""
_CALLS: Final = {"x86_64": (0xC000_003E, _X86_64), "aarch64": (0xC000_00B7, _AARCH64)}
STANDARD: Final = 2
"""The last of the standard streams: `write` may go there and nowhere else."""


def program(machine: str, *, promiscuous: bool = False) -> bytes:
    """Return the filter for *machine* as the kernel wants it; empty where its calls are not known.

    `bind` stays: an interface that comes back has the sockets bound to it anew. Of the options of
    sockets and the requests to interfaces only those stay that `agent.sensor.tap` uses then: what
    is not *promiscuous* cannot become so.
    """
    if machine not in _CALLS:
        return b""
    arch, calls = _CALLS[machine]
    rows = [
        (_LD, 0, 0, _ARCH),
        (_JEQ, 1, 0, arch),
        (_RET, 0, 0, _REFUSE),
        (_LD, 0, 0, _NUMBER),
        (_JGE, 0, 1, _FOREIGN),
        (_RET, 0, 0, _REFUSE),
    ]
    for call in calls:
        rows += [(_JEQ, 0, 1, call), (_RET, 0, 0, _REFUSE)]
    rows += _only(_IOCTL[machine], [((1, request),) for request in ASKS])
    options = (SAMPLES, PROMISCUOUS) if promiscuous else (SAMPLES,)
    rows += _only(_SETSOCKOPT[machine], [((1, level), (2, name)) for level, name in options])
    rows += [
        (_JEQ, 0, 3, _WRITE[machine]),
        (_LD, 0, 0, _ARGS[0]),
        (_JGE, 0, 1, STANDARD + 1),
        (_RET, 0, 0, _REFUSE),
        (_RET, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *row) for row in rows)


def _only(call: int, allowed: Iterable[Iterable[tuple[int, int]]]) -> list[Row]:
    """Return what refuses *call* but with the *allowed* arguments, given by place and value."""
    inner: list[Row] = []
    for wanted in allowed:
        checks = [row for place, value in wanted for row in _is(place, value)]
        # Whatever does not fit goes on behind this combination's last row.
        rest = range(len(checks), 0, -1)
        inner += [
            (code, yes, left if code == _JEQ else 0, value)
            for (code, yes, _, value), left in zip(checks, rest, strict=True)
        ]
        inner.append((_RET, 0, 0, _ALLOW))
    return [(_JEQ, 0, len(inner) + 1, call), *inner, (_RET, 0, 0, _REFUSE)]


def _is(place: int, value: int) -> list[Row]:
    return [(_LD, 0, 0, _ARGS[place]), (_JEQ, 0, 0, value)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("rows", ctypes.c_char_p))


def forbid(*, promiscuous: bool = False) -> bool:
    """Forbid them to this process, which has given up privileges; return whether the kernel does.

    An old kernel or another processor cannot; what `agent.sensor.rights` gave up is gone all the
    same.
    """
    rows = program(platform.machine(), promiscuous=promiscuous)
    if not rows:
        return False
    given = _Program(len(rows) // 8, rows)
    libc = ctypes.CDLL(None, use_errno=True)
    return not libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(given), 0, 0)
