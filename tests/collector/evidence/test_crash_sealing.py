"""A fault at every call while days are sealed and removed, and then the same log as without."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from collector.evidence import expiry
from collector.evidence.export import prove
from collector.evidence.heads import Head, heads_in
from collector.evidence.prove import head_of
from collector.evidence.verify import Check
from core.errors import StartError, StoreError
from tests.collector.evidence.faults import FAULTS, Died, Disk
from tests.collector.evidence.making import lines_of
from tests.collector.evidence.test_evidence import Collector, sign
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


def broken_off(
    one: Collector, at: int, what: str, do: Callable[[Collector], None], patch: pytest.MonkeyPatch
) -> bool:
    """Do something with the fault *what* at call *at*; return whether it came so far."""
    disk = Disk(one.folder / "audit", at, what)
    with patch.context() as patched:
        disk.watch(patched)
        with contextlib.suppress(Died, OSError, StoreError, StartError):
            do(one)
    return disk.calls >= at


def whole(one: Collector, held: Sequence[Head], to: Path) -> None:
    """Hold that the log is fine, also by what was *held* of it before, and proves a row."""
    report = Check(one.folder / "audit", None, held).run()
    assert [found for found in report.findings if found.bad] == []
    prove(one.folder / "audit", head_of(one.folder / "audit").size, to)


@pytest.mark.parametrize("what", FAULTS)
def test_what_a_witness_holds_is_consistent_wherever_a_removal_of_checkpoints_was_cut_off(
    quick: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    at, reached, left = 0, True, set[int]()
    while reached:
        at += 1
        one = Collector(quick / str(at))
        for _ in range(2):
            one.lives(1, of_a_day=3)
            sign(one.log)
        seal(one)
        sign(one.log)
        held = [replace(head, witness=True) for head in heads_in(one.folder / "audit/checkpoints")]
        one.clock.at += 184 * DAY
        reached = broken_off(one, at, what, remove, monkeypatch)
        one.again()
        whole(one, held, quick / "row.zip")
        remove(one)
        sign(one.log)
        whole(one, held, quick / "row.zip")
        assert len(one.kinds("retention_removed")) == 2
        left.add(one.log.notary.before(one.log.health().oldest_row - 1) if one.log.notary else -1)
        one.ledger.close()
    assert at > 8
    assert len(held) > 2
    assert 0 in left


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
        before = lines_of(one.folder)
        reached = broken_off(one, at, what, do, monkeypatch)
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
