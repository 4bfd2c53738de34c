"""Disks that fill and that turn read-only: as timelines, and on real mounts."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent.conditions import Gone
from agent.mountstold import MountsTold
from agent.watchers import watchers
from agent.watchers.disk import FULL, READONLY, Disks, DiskWatcher
from core.clock import SECOND
from core.errors import ConfigError
from core.types import Event
from tests.agent.watchers.watched import watching

NOW = 1_795_374_585 * SECOND
ROOT = Path(__file__).parents[3]


def said(events: list[Event]) -> list[tuple[str, str, bool]]:
    return [(one.kind, one.subject, one.active) for one in events]


def share(percent: float, files: float = 1.0) -> dict[str, float]:
    return {"used_percent": percent, "inodes_used_percent": files}


def test_a_disk_that_turns_read_only_is_told_and_one_that_always_was_is_not() -> None:
    disks = Disks("pc-1", 90, 85)
    assert said(disks.mounted({"/": False, "/boot": True}, NOW)) == [(READONLY, "/", False)]
    assert said(disks.mounted({"/": True, "/boot": True}, NOW + 1)) == [(READONLY, "/", True)]
    assert said(disks.mounted({"/": True, "/boot": True}, NOW + 2)) == []
    assert said(disks.mounted({"/": False, "/boot": True}, NOW + 3)) == [(READONLY, "/", False)]


def test_a_disk_is_full_over_one_limit_and_has_room_under_another() -> None:
    disks = Disks("pc-1", 90, 85)
    told = [
        said(disks.filled({"/": share(percent)}, NOW + number * SECOND))
        for number, percent in enumerate((50, 90, 90.01, 88, 85, 84.9, 89))
    ]
    begins, ends = [(FULL, "/", True)], [(FULL, "/", False)]
    assert told == [ends, [], begins, [], [], ends, []]


def test_a_disk_without_room_for_files_is_full_too() -> None:
    (event,) = Disks("pc-1", 90, 85).filled({"/": share(20, files=99)}, NOW)
    assert (event.active, event.details) == (True, share(20, files=99))


def test_what_is_open_of_a_disk_that_is_taken_away_ends() -> None:
    disks = Disks("pc-1", 90, 85)
    disks.mounted({"/usb": False}, NOW)
    disks.filled({"/usb": share(99)}, NOW)
    disks.mounted({"/usb": True}, NOW + 1)
    ended = disks.mounted({}, NOW + 2)
    assert said(ended) == [(READONLY, "/usb", False), (FULL, "/usb", False)]
    assert [one.details for one in ended] == [{"why": "gone"}] * 2


def test_of_sticks_that_come_and_go_nothing_stays() -> None:
    disks = Disks("pc-1", 90, 85)
    for number in range(300):
        at = NOW + number * 10 * SECOND
        disks.mounted({f"/media/{number}": False}, at)
        disks.filled({f"/media/{number}": share(99)}, at)
        ended = disks.mounted({}, at + SECOND)
        assert (FULL, f"/media/{number}", False) in said(ended)
        assert len(disks._full.known()) <= 10, "those of the last minute may flap"
    assert not disks.mounted({}, at + 100 * SECOND)
    assert (disks._full.known(), disks._readonly.known()) == ([], [])


def test_limits_that_are_the_wrong_way_round_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="room_under is above full_over"):
        watchers.build("disk", {"full_over": 80})


def mount(path: str) -> SimpleNamespace:
    return SimpleNamespace(device=path, mountpoint=path, fstype="nfs4", opts="rw")


def statvfs(used: int) -> SimpleNamespace:
    return SimpleNamespace(
        f_frsize=4096, f_blocks=100, f_bfree=100 - used, f_bavail=100 - used, f_files=0, f_ffree=0
    )


async def test_a_network_disk_that_hangs_hides_no_other_and_is_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    released, used = threading.Event(), {"/": 50, "/nfs": 50}

    def ask(path: str) -> Any:
        if path == "/nfs" and not released.is_set():
            released.wait(30)
        return statvfs(used[path])

    watcher = DiskWatcher(
        *(("/", "/nfs"),),
        look_every_s=1,
        timeout_s=0.1,
        partitions=lambda _: [mount("/"), mount("/nfs")],
        statvfs=ask,
    )
    async with watching(watcher) as watched:
        used["/"] = 95
        assert (await watched.next(FULL, True)).subject == "/"
        used["/nfs"] = 96
        released.set()
        await watched.next(FULL, True, "/nfs")
        used["/"] = 10
        await watched.next(FULL, False, "/")
    assert caplog.text.count("/nfs does not say how full it is") == 1
    assert caplog.text.count("/nfs: well again") == 1


async def test_what_an_earlier_process_left_open_of_a_disk_that_is_gone_ends() -> None:
    watcher = DiskWatcher(partitions=lambda _: [mount("/")], statvfs=lambda _: statvfs(50))
    async with watching(watcher) as watched:
        assert [(one.kind, one.there("/"), one.there("/usb")) for one in watched.gone] == [
            (READONLY, True, False),
            (FULL, True, False),
        ]
        assert all(isinstance(one, Gone) for one in watched.gone)


async def test_where_the_system_tells_nothing_the_wait_takes_its_time(tmp_path: Path) -> None:
    told = MountsTold(tmp_path / "no mountinfo")
    assert not told.open()
    assert not await told.wait(0.05)
    told.close()


@dataclass
class Machine:
    """A process in a mount namespace of its own that watches `disk`, a tmpfs of 4 MB."""

    process: "subprocess.Popen[str]"
    disk: Path

    def run(self, command: str) -> None:
        """Run *command*, in which $D is the disk, where the watcher lives."""
        words = ["nsenter", "-t", str(self.process.pid), "-m", "sh", "-ec", command]
        subprocess.run(words, check=True, timeout=30, env=os.environ | {"D": str(self.disk)})

    def next(self, kind: str, active: bool) -> dict[str, Any]:
        began, out = time.monotonic(), self.process.stdout
        assert out is not None
        for line in out:
            event: dict[str, Any] = json.loads(line)
            if (event["kind"], event["active"]) == (kind, active):
                took = 1000 * (time.monotonic() - began)
                print(f"{kind} active={active} after {took:.1f} ms")  # noqa: T201 — as above
                return event
        raise AssertionError("the watcher ended")


@contextmanager
def watched_mount(disk: Path, command: str) -> Iterator[Machine]:
    """Run the watcher where *command* has mounted *disk*, which it calls $D."""
    words = ["unshare", "--mount", "sh", "-c", f'{command} && exec "$@"', "sh", sys.executable]
    words += ["-m", "tests.agent.watchers.telling", str(disk)]
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"D": str(disk)}
    )
    # A watcher that says nothing must not hold the test for ever.
    timer = threading.Timer(60, process.kill)
    timer.start()
    try:
        yield Machine(process, disk)
    finally:
        timer.cancel()
        process.kill()
        process.wait()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    disk = tmp_path / "disk"
    disk.mkdir()
    with watched_mount(disk, 'mount -t tmpfs -o size=4m none "$D"') as made:
        yield made


def may_mount() -> bool:
    words = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.real("netns")
@pytest.mark.skipif(not may_mount(), reason="mount namespaces need root")
def test_a_real_disk_is_remounted_filled_and_taken_away(machine: Machine) -> None:
    machine.next(READONLY, False)
    machine.run('mount -o remount,ro "$D"')
    assert machine.next(READONLY, True)["subject"] == str(machine.disk)
    machine.run('mount -o remount,rw "$D"')
    machine.next(READONLY, False)
    machine.run('dd if=/dev/zero of="$D/film" bs=1k count=3900 2>/dev/null')
    assert machine.next(FULL, True)["details"]["used_percent"] > 90
    machine.run('rm "$D/film"')
    machine.next(FULL, False)
    machine.run('mount -o remount,ro "$D"')
    machine.next(READONLY, True)
    machine.run('umount "$D"')
    assert machine.next(READONLY, False)["details"] == {"why": "gone"}


@pytest.mark.real("netns", "loop")
@pytest.mark.skipif(not may_mount(), reason="mount namespaces need root")
def test_a_real_disk_with_an_error_is_read_only_at_the_next_look(tmp_path: Path) -> None:
    image, disk = tmp_path / "image", tmp_path / "disk"
    image.write_bytes(b"")
    os.truncate(image, 8_000_000)
    disk.mkdir()
    if not shutil.which("mkfs.ext4"):
        pytest.skip("no mkfs.ext4 here")
    subprocess.run(["mkfs.ext4", "-q", image], check=True, capture_output=True)
    words = ["unshare", "--mount", "mount", "-o", "loop", str(image), str(disk)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no loop devices here")
    with watched_mount(disk, f'mount -o loop,errors=remount-ro {image} "$D"') as machine:
        machine.next(READONLY, False)
        machine.run(
            'echo 1 > "/sys/fs/ext4/$(basename "$(findmnt -no SOURCE "$D")")/trigger_fs_error"'
        )
        machine.next(READONLY, True)


async def test_what_was_watched_a_hundred_times_leaves_no_file_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    for _ in range(100):
        told = MountsTold()
        told.open()
        told.close()
    await asyncio.sleep(0)
    if before:
        assert len(list(Path("/proc/self/fd").iterdir())) == before
