"""A fault at every call while days are sealed and removed, and then the same log as without."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.evidence import expiry
from core.errors import StartError, StoreError
from tests.collector.evidence.faults import FAULTS, Died, Disk
from tests.collector.evidence.making import lines_of
from tests.collector.evidence.test_evidence import Collector
from tests.collector.test_audit import DAY


def seal(one: Collector) -> None:
    one.chores.seal_now()


def remove(one: Collector) -> None:
    expiry.remove_old(one.journal, 184, one.clock, 0)


def sealed(one: Collector) -> None:
    assert [name.endswith(".gz") for name in one.names()] == [True, True, False]
    assert len(one.kinds("segment_sealed")) == 2


def removed(one: Collector) -> None:
    assert len(one.names()) == 2, "the day that was not sealed stays"
    assert len(one.kinds("retention_removed")) == 2
    assert one.log.health().oldest_row == 7


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize(
    ("do", "judge"), [(seal, sealed), (remove, removed)], ids=["sealing", "removing"]
)
def test_what_a_fault_cut_off_is_gone_on_with_and_done_once(
    quick: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    do: Callable[[Collector], None],
    judge: Callable[[Collector], None],
) -> None:
    at, reached = 0, True
    while reached:
        at += 1
        one = Collector(quick / str(at))
        one.lives(2, of_a_day=3)
        if do is remove:
            seal(one)
            one.clock.at += 184 * DAY
        before, disk = lines_of(one.folder), Disk(one.folder / "audit", at, what)
        with monkeypatch.context() as patched:
            disk.watch(patched)
            with contextlib.suppress(Died, OSError, StoreError, StartError):
                do(one)
        reached = disk.calls >= at
        one.again()
        do(one)
        judge(one)
        after = lines_of(one.folder)
        kept = [line for line in before if line in after]
        assert kept == (before if do is seal else before[-len(kept) :])
        assert not list((one.folder / "audit").glob("*.jsonl.gz.new"))
        assert one.log.notary
        assert one.log.notary.standing.stopped == ""
        one.ledger.close()
    assert at > 8
