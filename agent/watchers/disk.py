"""Disks that fill, and disks that can be read only all at once.

`disk_readonly` begins when a file system that could be written turns read-only, as ext4 does of
itself after an error, and ends when it can be written again. The kernel tells of a remount at
once; of an error it tells nobody, so that is seen at the next look. `disk_full` begins over
`full_over` percent of bytes or files, and ends under `room_under`. Both end with why "gone" when
the disk is taken away. A file system that does not answer says nothing.
Watch it work: findmnt --poll
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Final

import psutil
from msgspec import Meta

from agent.calm import Change, Told
from agent.conditions import Gone
from agent.mountstold import MountsTold
from agent.onchange import OnChange
from agent.probes.disk import NOT_A_DISK, Mount, Partitions, disks, fields_of, is_readonly
from agent.watchers.base import COLLABORATOR, watchers
from core import clock
from core.errors import ConfigError, MonitorError, NotPermitted
from core.threads import OneAtATime
from core.types import Event, Value

READONLY: Final = "disk_readonly"
FULL: Final = "disk_full"
PAUSE_S: Final = 0.2
"""From one change of the mount table to the next: programs that start mount many at once."""

_log = logging.getLogger(__name__)

Percent = Annotated[float, Meta(ge=1, le=100)]
Shares = Mapping[str, Value]
"""How full a file system is, in percent: `used_percent` of its bytes, `inodes_used_percent`."""


@dataclass(slots=True)
class Disks:
    """What is told of the disks of *target*: no system calls here, the clock comes in."""

    target: str
    full_over: float
    room_under: float
    _readonly: Told[bool] = field(default_factory=Told)
    _full: Told[bool] = field(default_factory=Told)
    _writable: set[str] = field(default_factory=set)
    """What could be written once since the start: anything else is meant to be read only."""

    def mounted(self, readonly: Mapping[str, bool], at: int) -> list[Event]:
        """Hear what is mounted, and whether it is read-only; return what is news."""
        self._writable = {path for path, ro in readonly.items() if not ro or path in self._writable}
        so = {path: ro for path, ro in readonly.items() if path in self._writable}
        found = [
            *self._news(READONLY, self._readonly.see(so, at), at, {}),
            *self._news(READONLY, self._without(self._readonly, readonly, at), at, _GONE),
            *self._news(FULL, self._without(self._full, readonly, at), at, _GONE),
        ]
        for told in (self._readonly, self._full):
            told.forget([path for path in told.known() if path not in readonly], at)
        return found

    def filled(self, shares: Mapping[str, Shares], at: int) -> list[Event]:
        """Hear how full those are that answered; return what is news."""
        full = dict[str, bool]()
        for path, found in shares.items():
            most = max(float(share) for share in found.values())
            if most > self.full_over or most < self.room_under:
                full[path] = most > self.full_over
        return list(self._news(FULL, self._full.see(full, at), at, shares))

    def _without(
        self, told: Told[bool], there: Mapping[str, bool], at: int
    ) -> Iterator[Change[bool]]:
        return told.see({path: False for path in told.known() if path not in there}, at)

    def _news(
        self, kind: str, changes: Iterator[Change[bool]], at: int, more: Mapping[str, Shares]
    ) -> Iterator[Event]:
        severity: Any = "P2" if kind == READONLY else "P3"
        for one in changes:
            details = {**more.get(one.key, more.get("", {})), **one.details}
            yield Event(kind, self.target, one.key, one.now, at, severity, details)


_GONE: Final[Mapping[str, Shares]] = {"": {"why": "gone"}}


def _statvfs(path: str) -> Any:
    if not hasattr(os, "statvfs"):
        raise NotPermitted("this system has no statvfs(2)")
    return os.statvfs(path)


@watchers.add("disk")
@dataclass(frozen=True, slots=True)
class DiskWatcher:
    """Tells of the file systems that `mount_points` names, network ones among them.

    Without it: each device of this machine once, and what is mounted at / of whatever kind.
    """

    mount_points: tuple[str, ...] = ()
    ignore_fstypes: tuple[str, ...] = NOT_A_DISK
    look_every_s: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    timeout_s: Annotated[float, Meta(ge=0.1, le=60)] = 5.0
    full_over: Percent = 90.0
    room_under: Percent = 85.0
    partitions: Partitions = field(default=psutil.disk_partitions, metadata=COLLABORATOR)
    statvfs: Callable[[str], Any] = field(default=_statvfs, metadata=COLLABORATOR)
    now: clock.Clock = field(default=clock.now, metadata=COLLABORATOR)
    threads: OneAtATime = field(default_factory=OneAtATime, metadata=COLLABORATOR)

    def __post_init__(self) -> None:
        """Raise ConfigError where the two limits are the wrong way round."""
        if self.room_under > self.full_over:
            raise ConfigError("room_under is above full_over")

    async def watch(self, target: str) -> AsyncIterator[Sequence[Event | Gone]]:
        """Yield what is news of disks; where they are mounted is the subject."""
        state, log = Disks(target, self.full_over, self.room_under), OnChange(_log)
        begun, due = False, 0.0
        with closing(MountsTold()) as told:
            told.open()
            while True:
                mounts, at = self._mounts(), self.now()
                if not begun:
                    yield [Gone(kind, target, mounts.__contains__, at) for kind in (READONLY, FULL)]
                begun = True
                readonly = {path: is_readonly(one) for path, one in mounts.items()}
                found = state.mounted(readonly, at)
                if found:
                    yield found
                if clock.monotonic() >= due:
                    due = clock.monotonic() + self.look_every_s
                    writable = [path for path, ro in readonly.items() if not ro]
                    found = state.filled(await self._shares(writable, log), self.now())
                    if found:
                        yield found
                await asyncio.sleep(PAUSE_S)
                await told.wait(max(0.0, due - clock.monotonic()))

    def _mounts(self) -> dict[str, Mount]:
        every = disks(self.partitions, self.mount_points, self.ignore_fstypes)
        return {
            p: one for p, one in every.items() if not self.mount_points or p in self.mount_points
        }

    async def _shares(self, paths: Sequence[str], log: OnChange) -> dict[str, Shares]:
        """Return how full those are that answer in time; the others are named once in the log."""
        answers = await asyncio.gather(
            *(
                self.threads.call(path, partial(self.statvfs, path), self.timeout_s)
                for path in paths
            ),
            return_exceptions=True,
        )
        found = dict[str, Shares]()
        for path, answer in zip(paths, answers):
            if isinstance(answer, MonitorError | OSError):
                log.broke(path, f"watcher disk: {path} does not say how full it is: {answer}")
            elif isinstance(answer, BaseException):
                raise answer
            elif answer.f_blocks:
                log.well(path)
                found[path] = shares_of(fields_of(answer))
        return found


def shares_of(fields: Shares) -> Shares:
    """Return the percentages among the fields of a reading."""
    return {name: value for name, value in fields.items() if name.endswith("_percent")}
