"""A fault at every call of the append path, and then a log that is whole and goes on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.auditrecord import EventRow
from core.errors import StartError, StoreStopped
from core.merkle import note
from core.merkle.note import Checkpoint
from tests.collector.evidence.faults import FAULTS, Died, Disk
from tests.collector.evidence.making import at_once, check, open_log, rows
from tests.collector.making import NOW
from tests.collector.test_audit import DAY

BATCHES = [rows(1, 105), rows(106, 260), rows(261, 270, NOW + DAY), rows(271, 370, NOW + DAY)]
ALL = [one for batch in BATCHES for one in batch]


class Life:
    """What was acknowledged, and the checkpoints that somebody may have seen."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.acked = folder, list[EventRow]()
        self.shown = list[Checkpoint]()

    def go_on(self) -> None:
        """Append what is not in the log yet; what fails is tried again, as the journal does."""
        log = open_log(self.folder)
        assert log.notary
        for batch in BATCHES:
            left = [one for one in batch if one.row > log.row]
            for _ in range(3):
                try:
                    log.append(left)
                except StoreStopped:
                    left = [one for one in left if one.row > log.row]
                    continue
                self.acked = [one for one in ALL if one.row <= log.row]
                break
            if log.notary.note:
                self.shown.append(note.checkpoint_in(log.notary.note.text))
            at_once(log)

    def ends(self) -> None:
        """Start once more on a disk that works, and check everything."""
        log = open_log(self.folder)
        assert log.row >= len(self.acked)
        self.go_on()
        log = open_log(self.folder)
        assert log.notary
        assert log.notary.standing.stopped == ""
        log.notary.sign()
        check(self.folder, ALL, self.shown)


def lived(folder: Path, at: int, what: str, patch: pytest.MonkeyPatch) -> tuple[Disk, Life]:
    life, disk = Life(folder), Disk(folder, at, what)
    folder.mkdir()
    open_log(folder)
    with patch.context() as patched:
        disk.watch(patched)
        try:
            life.go_on()
        except Died:
            pass
        except StartError as error:
            # A collector that cannot start for the disk's sake is started again.
            if not isinstance(error.__cause__, OSError):
                raise
    return disk, life


def every_call(
    folder: Path, what: str, patch: pytest.MonkeyPatch, then: Callable[[Disk], None]
) -> int:
    at, faults = 0, 0
    while True:
        at += 1
        disk, life = lived(folder / str(at), at, what, patch)
        then(disk)
        life.ends()
        if disk.calls < at:
            return faults
        faults += 1


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_at_any_call_loses_nothing_that_was_acknowledged(
    quick: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    assert every_call(quick, what, monkeypatch, lambda _: None) > 60


@pytest.mark.parametrize("what", ["dies", "dies half way"])
def test_a_power_cut_at_any_call_loses_nothing_that_was_acknowledged(
    quick: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def cut(disk: Disk) -> None:
        if disk.dead:
            disk.cut_power()

    assert every_call(quick, what, monkeypatch, cut) > 60
