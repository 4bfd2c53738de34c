"""How full each file system is, in bytes and in files.

Source: /proc/self/mounts through psutil, and statvfs(2), which is what psutil.disk_usage asks
too, but leaving out the inodes. A dead network file system holds statvfs for ever, so each is
asked in a thread of its own.
Watch it work: schoolwatch agent probe disk
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import psutil
from msgspec import Meta

from agent.probes.base import COLLABORATOR, probes
from agent.subjects import Subjects
from core import clock
from core.errors import TargetUnreachable
from core.threads import OneAtATime
from core.types import Reading, Value

ROOT: Final = "/"
NOT_A_DISK: Final = ("tmpfs", "devtmpfs", "devfs", "iso9660", "overlay", "aufs", "squashfs")
"""Telegraf's list of what is memory, a CD, or a view of another file system."""


READ_ONLY: Final = frozenset({"ro", "emergency_ro"})
"""Options of a mount that cannot be written, by anybody's will or after an error (ext4)."""


class Mount(Protocol):
    """One line of the mount table, as psutil gives it."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


Partitions = Callable[[bool], Sequence[Any]]
"""As `psutil.disk_partitions`: of everything, or only of what lies on this machine's devices."""


@dataclass(slots=True)
class Remembered:
    """What psutil made of the kernel's mount table, which is read anew when it is another one."""

    table: Path = Path("/proc/self/mounts")
    _text: bytes = b""
    _known: dict[bool, Sequence[Any]] = field(default_factory=dict)

    def __call__(self, every: bool) -> Sequence[Any]:
        """Return what psutil.disk_partitions does."""
        # Before psutil reads it: what changes in between is seen the next time.
        try:
            text = self.table.read_bytes()
        except OSError:  # only Linux has one
            text = b""
        if text != self._text or not text:
            self._text, self._known = text, {}
        if every not in self._known:
            self._known[every] = psutil.disk_partitions(every)
        return self._known[every]


def _ask(path: str) -> Any:
    """Return what statvfs(2) says; None for a single file, which containers get mounted."""
    if not hasattr(os, "statvfs"):
        raise TargetUnreachable(f"{path}: file systems cannot be asked on this system")
    return os.statvfs(path) if Path(path).is_dir() else None


@probes.add("disk")
@dataclass(frozen=True, slots=True)
class DiskProbe:
    """Fill of each file system; `mount_points` names the only ones, network ones among them.

    Without it: each device of this machine once, and what is mounted at / of whatever kind.
    """

    mount_points: tuple[str, ...] = ()
    ignore_fstypes: tuple[str, ...] = NOT_A_DISK
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 5.0
    partitions: Partitions = field(default_factory=Remembered, metadata=COLLABORATOR)
    statvfs: Callable[[str], Any] = field(default=_ask, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    threads: OneAtATime = field(default_factory=OneAtATime, metadata=COLLABORATOR)
    subjects: Subjects = field(default_factory=partial(Subjects, "disk"), metadata=COLLABORATOR)

    async def measure(self) -> Iterable[Reading]:
        """Return one reading for each file system that answers within its time."""
        mounts = disks(self.partitions, self.mount_points, self.ignore_fstypes)
        paths = dict.fromkeys(self.mount_points or mounts)
        at = self.now()
        return await self.subjects.ask({path: self._one(path, mounts, at) for path in paths})

    async def _one(self, path: str, mounts: dict[str, Mount], at: int) -> Reading | None:
        if path not in mounts:
            raise TargetUnreachable(f"nothing is mounted at {path}")
        stat = await self.threads.call(path, partial(self.statvfs, path), self.timeout_s)
        if stat is None or not stat.f_blocks:
            return None
        return Reading("disk", fields_of(stat), at, tags_of(mounts[path]))


def disks(
    partitions: Partitions, mount_points: Sequence[str], ignored: Sequence[str]
) -> dict[str, Mount]:
    """Return the mounts that may be asked for, by path: all of them where some are named.

    Else each device of this machine once, and what is mounted at / of whatever kind.
    """
    if mount_points:
        return _by_path(visible(partitions(True)))
    real = once_per_device(visible(partitions(False)), ignored)
    if any(mount.mountpoint == ROOT for mount in real):
        return _by_path(real)
    # A container's root is an overlay and a live system's is in memory: the disk all the same.
    return _by_path([m for m in visible(partitions(True)) if m.mountpoint == ROOT] + real)


def _by_path(mounts: Iterable[Mount]) -> dict[str, Mount]:
    return {mount.mountpoint: mount for mount in mounts}


def visible(mounts: Iterable[Mount]) -> list[Mount]:
    """Return *mounts* without those that a later one on the same path hides."""
    return list({mount.mountpoint: mount for mount in mounts}.values())


def once_per_device(mounts: Iterable[Mount], ignored: Sequence[str]) -> list[Mount]:
    """Return the mount nearest to / of each device: bind mounts would repeat the same numbers."""
    nearest: dict[str, Mount] = {}
    for mount in sorted(mounts, key=lambda mount: len(mount.mountpoint)):
        if mount.fstype not in ignored:
            nearest.setdefault(mount.device, mount)
    return list(nearest.values())


def tags_of(mount: Mount) -> dict[str, str]:
    """Return the tags; an empty one cannot travel and is left out."""
    tags = {
        "path": mount.mountpoint,
        "device": mount.device.removeprefix("/dev/"),
        "fstype": mount.fstype,
        "mode": "ro" if is_readonly(mount) else "rw",
    }
    return {name: value for name, value in tags.items() if value}


def is_readonly(mount: Mount) -> bool:
    """Return whether it can only be read; of ext4 after an error Linux 6.18 goes on to say rw."""
    return not READ_ONLY.isdisjoint(mount.opts.split(","))


def fields_of(stat: Any) -> dict[str, Value]:
    """Return Telegraf's fields; no inodes where the file system makes them as needed (btrfs)."""
    size, used = stat.f_frsize, stat.f_blocks - stat.f_bfree
    fields: dict[str, Value] = {
        "total": stat.f_blocks * size,
        "free": stat.f_bavail * size,
        "used": used * size,
        "used_percent": _percent(used, used + stat.f_bavail),
    }
    if stat.f_files:
        files = stat.f_files - stat.f_ffree
        fields |= {
            "inodes_total": stat.f_files,
            "inodes_free": stat.f_ffree,
            "inodes_used": files,
            "inodes_used_percent": _percent(files, stat.f_files),
        }
    return fields


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
