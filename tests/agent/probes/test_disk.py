"""Each disk once, and a dead one harms no other."""

import logging
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.probes import disk
from agent.probes.disk import DiskProbe, visible
from core.errors import TargetUnreachable
from tests.agent.probes.recorded import Record
from tests.waiting import until

ROOT = Path(__file__).parents[3]


def mount(path: str, device: str = "/dev/sda1", fstype: str = "ext4") -> Record:
    return Record(mountpoint=path, device=device, fstype=fstype, opts="rw")


class Server:
    """A file server that stops answering, and comes back."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = 0

    def statvfs(self, path: str) -> Any:
        if path == "/srv":
            self.asked += 1
            self.answers.wait()
        return os.statvfs("/")


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.answers.set()


def probe_with(statvfs: Callable[[str], Any], *paths: str) -> DiskProbe:
    mounts = [mount("/"), mount("/srv", "nas:/srv", "nfs4")]
    return DiskProbe(
        mount_points=paths, timeout_s=0.1, partitions=lambda _: mounts, statvfs=statvfs
    )


async def paths_of(probe: DiskProbe) -> list[str]:
    return [reading.tags["path"] for reading in await probe.measure()]


async def test_a_dead_mount_hides_no_other_and_is_read_again_once_it_answers(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    probe = probe_with(server.statvfs, "/", "/srv")
    assert await paths_of(probe) == ["/"]
    assert await paths_of(probe) == ["/"]
    assert server.asked == 1, "a hanging mount is not asked a second time"
    assert caplog.messages == ["disk: /srv: no answer within 0.1 s"]

    server.answers.set()
    await until(lambda: not probe.threads.hangs("/srv"))
    assert await paths_of(probe) == ["/", "/srv"]
    assert caplog.messages[1:] == ["disk: /srv: well again"]


async def test_a_probe_whose_only_mount_is_dead_has_failed(server: Server) -> None:
    probe = probe_with(server.statvfs, "/srv")
    with pytest.raises(TargetUnreachable, match="/srv: no answer within"):
        await probe.measure()


async def test_a_named_mount_point_where_nothing_is_mounted_is_said(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert await paths_of(probe_with(server.statvfs, "/", "/mnt/usb")) == ["/"]
    assert caplog.messages == ["disk: nothing is mounted at /mnt/usb"]


def test_a_hanging_mount_does_not_keep_the_process_from_ending() -> None:
    code = """
        import asyncio, threading
        from agent.probes.disk import DiskProbe
        hang = lambda path: threading.Event().wait()
        try:
            asyncio.run(DiskProbe(timeout_s=0.1, statvfs=hang).measure())
        except Exception as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    said = subprocess.check_output(command, cwd=ROOT, text=True, timeout=20)
    assert "no answer within 0.1 s" in said


def test_the_mount_that_lies_on_top_is_the_one_that_is_seen() -> None:
    below, above = mount("/srv", "/dev/sda1"), mount("/srv", "/dev/sdb1")
    assert visible([below, above]) == [above]


def test_the_mount_table_is_taken_apart_again_only_when_it_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[bool]()
    monkeypatch.setattr("psutil.disk_partitions", asked.append)
    table = tmp_path / "mounts"
    partitions = disk.Remembered(table)
    partitions(False)
    partitions(False)
    assert asked == [False] * 2, "where there is no table psutil is asked each time"
    for text in ("proc /proc", "proc /proc\n/dev/sdb1 /media/stick"):
        table.write_text(text)
        del asked[:]
        for every in (False, True, False, True):
            partitions(every)
        assert asked == [False, True]


def test_a_mounted_file_is_no_disk(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.touch()
    assert disk._ask(str(file)) is None
    assert disk._ask(str(tmp_path)).f_blocks > 0


async def test_the_disk_of_this_machine_is_as_full_as_df_says() -> None:
    readings = {r.tags["path"]: r.fields for r in await DiskProbe().measure()}
    size = int(subprocess.check_output(["df", "-B1", "--output=size", "/"]).split()[1])
    assert readings["/"]["total"] == size
