"""Why a batch is missing: the table of the contract, and that there is always one answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collector import reasons
from collector.lanerow import NEVER, LaneRow
from collector.ranges import Ranges
from collector.reasons import HEARD_WITHIN, REASONS, SPOOL_KEEPS, LastWord
from collector.verdicts import Known
from core.clock import SECOND
from core.messages import Birth, Drop, EpochReport
from tests.collector.making import NOW, A, B, birth, report

ROW = LaneRow(Ranges.of([(1, 4), (7, 7)]), high=9, spool="SPOOL", told=9, first_at=1, last_at=NOW)
"""5, 6, 8 and 9 are missing; the file that told of it was SPOOL, as in `birth`."""
LISTED = report(A, [], high=9)


@dataclass(frozen=True)
class Case:
    """What is known, and what 5, 6, 8 and 9 are missing for."""

    name: str
    expected: Sequence[str]
    said: Birth | None
    row: LaneRow = ROW
    awaiting: bool = False
    gone: bool = False


def older(*reports: EpochReport, spool: str = "SPOOL", more: bool = False) -> Birth:
    """A birth of process B, so that A is an epoch of the past."""
    return msgspec.structs.replace(birth(B, epochs=reports), spool=spool, more=more)


def dropped(*drops: Drop) -> LaneRow:
    return replace(ROW, dropped=drops)


WAIT, GONE, LOST = "expected", "gone_with_the_agent", "spool_lost"
BACK, RESTORED, OURS = "disk_went_back", "ledger_restored", "unexplained"
NEW = replace(ROW, told=NEVER, spool="", first_at=NOW)
CASES = [
    Case("no birth was ever heard", [WAIT] * 4, None),
    Case("nothing explains it", [OURS] * 4, older(LISTED)),
    Case("nothing explains it, of the running process", [OURS] * 4, birth(A, epochs=[LISTED])),
    Case("the agent dropped", ["dropped"] * 4, older(LISTED), dropped((1, 9, "full"))),
    Case(
        "refused",
        ["dropped", "refused", "refused", OURS],
        older(LISTED),
        dropped((5, 5, "corrupt"), (5, 8, "refused")),
    ),
    Case("held", [WAIT, WAIT, OURS, WAIT], older(report(A, [(5, 6), (9, 9)]))),
    Case(
        "dropped and held",
        ["dropped", WAIT, OURS, OURS],
        older(report(A, [(5, 6)], 9)),
        dropped((5, 5, "old")),
    ),
    Case(
        "beyond what its process had", [OURS, OURS, WAIT, WAIT], birth(A, epochs=[report(A, [], 7)])
    ),
    Case("its process told nothing of this lane", [WAIT] * 4, birth(A)),
    Case("begun after the birth", [WAIT] * 4, older(), NEW),
    Case(
        "begun before the birth that does not list it",
        [LOST] * 4,
        older(),
        replace(NEW, first_at=1),
    ),
    Case("there are more epochs than fit", [WAIT] * 4, older(more=True)),
    Case("a restore, nothing asked yet", [WAIT] * 4, older(LISTED), awaiting=True),
    Case(
        "a restore, answered",
        [RESTORED, RESTORED, WAIT, OURS],
        older(report(A, [(8, 8)], 9)),
        replace(ROW, restored=8),
    ),
    Case("another spool", [LOST] * 4, older(spool="OTHER")),
    Case("another spool that lists it all the same", [OURS] * 4, older(LISTED, spool="OTHER")),
    Case("its disk went back", [OURS, OURS, BACK, BACK], older(report(A, [], 7))),
    Case(
        "its disk went back before the epoch began",
        [OURS, BACK, OURS, BACK],
        older(),
        replace(ROW, told=8, held=Ranges.of([(6, 7)])),
    ),
    Case(
        "gone with the agent",
        [GONE, GONE, OURS, GONE],
        older(report(A, [(5, 6), (9, 9)])),
        gone=True,
    ),
    Case("gone without a birth", [GONE] * 4, None, gone=True),
    Case(
        "gone without having answered after a restore",
        [GONE, RESTORED, RESTORED, RESTORED],
        older(report(A, [(5, 5)], 9)),
        awaiting=True,
        gone=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_first_reason_that_applies_is_the_one(case: Case) -> None:
    word = LastWord(case.said, NOW - SECOND, case.awaiting, case.gone)
    found = reasons.missing(case.row, A, "readings", word)
    by_seq = {seq: gap.reason for gap in found for seq in range(gap.first, gap.last + 1)}
    assert by_seq == dict(zip((5, 6, 8, 9), case.expected))


def test_every_reason_is_in_the_table() -> None:
    assert {reason for case in CASES for reason in case.expected} == set(REASONS)


def test_a_drop_carries_the_agents_own_word() -> None:
    row = dropped((5, 5, "full"), (6, 6, "old"))
    found = reasons.missing(row, A, "readings", LastWord(older(LISTED), NOW))
    assert [(gap.first, gap.why) for gap in found[:2]] == [(5, "full"), (6, "old")]


def test_what_was_lost_and_comes_all_the_same_is_missing_no_more() -> None:
    row = ROW
    for seq in (5, 6, 8, 9):
        row = row.with_batch(seq, 1, 0, NOW)
    assert reasons.missing(row, A, "readings", LastWord(older(spool="OTHER"), NOW)) == []


def test_a_gap_is_known_since_the_batch_after_it_or_the_birth_that_told() -> None:
    row = LaneRow()
    for seq, at in ((1, 10), (4, 40), (5, 50), (9, 90)):
        row = row.with_batch(seq, 1, 0, at)
    row = row.with_report(report(A, [(12, 12)]), "SPOOL", 120)
    word = LastWord(birth(A, epochs=[report(A, [(12, 12)])]), 120)
    since = [(gap.first, gap.last, gap.since) for gap in reasons.missing(row, A, "readings", word)]
    assert since == [(2, 3, 40), (6, 8, 90), (10, 11, 120), (12, 12, 120)]
    for seq in (2, 3, 10, 11, 12):
        row = row.with_batch(seq, 1, 0, 130)
    assert row.marks == ((8, 90),)
    for seq in (6, 7, 8):
        row = row.with_batch(seq, 1, 0, 140)
    assert row.marks == ()


def test_who_is_silent_for_longer_than_a_spool_keeps_is_gone_unless_we_were_deaf() -> None:
    silent = Known(NOW - SPOOL_KEEPS - 1)
    assert reasons.is_gone(silent, NOW, NOW - HEARD_WITHIN - 1)
    assert not reasons.is_gone(silent, NOW, NOW - HEARD_WITHIN)
    assert not reasons.is_gone(silent, NOW, 0)
    assert not reasons.is_gone(Known(NOW - SPOOL_KEEPS), NOW, 1)


SEQS = st.integers(1, 30)
SPANS = st.lists(st.tuples(SEQS, SEQS).map(sorted).map(tuple), max_size=4)
DROPS = st.lists(
    st.tuples(SEQS, SEQS, st.sampled_from(["full", "old", "refused"])).map(
        lambda d: (min(d[:2]), max(d[:2]), d[2])
    ),
    max_size=4,
)
REPORTS = st.builds(
    lambda epoch, spans, high, drops: EpochReport(
        epoch, "readings", high, [n for span in spans for n in span], drops
    ),
    st.sampled_from([A, B]),
    SPANS,
    st.integers(0, 30),
    DROPS,
)
BIRTHS = st.builds(
    lambda epoch, reports, spool, more: msgspec.structs.replace(
        birth(epoch, epochs=reports), spool=spool, more=more
    ),
    st.sampled_from([A, B]),
    st.lists(REPORTS, max_size=2),
    st.sampled_from(["SPOOL", "OTHER"]),
    st.booleans(),
)
STEPS = st.lists(st.one_of(SEQS, BIRTHS), max_size=12)


@given(STEPS, st.integers(0, 30), st.booleans(), st.booleans(), st.integers(0, 13))
def test_what_exists_is_received_or_has_exactly_one_reason(
    steps: list[int | Birth], restored: int, awaiting: bool, gone: bool, born_at: int
) -> None:
    row, last, exist = LaneRow(), None, 0
    for at, step in enumerate(steps, 1):
        if isinstance(step, int):
            row = row.with_batch(step, 1, 0, at) if step not in row.received else row
            exist = max(exist, step)
            continue
        last = step
        for said in (one for one in step.epochs if one.epoch == A):
            row = row.with_report(said, step.spool, at)
            exist = max(exist, said.high, *said.held, *(drop[1] for drop in said.dropped), 0)
    row = replace(row, restored=min(restored, exist))
    found = reasons.missing(row, A, "readings", LastWord(last, born_at, awaiting, gone))

    named = [seq for gap in found for seq in range(gap.first, gap.last + 1)]
    assert len(named) == len(set(named)), "no sequence has two reasons"
    received = {seq for first, last in row.received.spans for seq in range(first, last + 1)}
    assert set(named) | received == set(range(1, exist + 1))
    assert not set(named) & received
    assert {gap.reason for gap in found} <= set(REASONS)
    assert all(0 < gap.since <= len(steps) for gap in found)
    assert bool(row.marks) == bool(named), "the marks tell where to look"
    assert not (gone and any(gap.reason == "expected" for gap in found)), "expected has an end"
