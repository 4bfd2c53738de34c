"""One row of the ledger against the plain dictionary that it stands for."""

from hypothesis import given
from hypothesis import strategies as st

from collector.lanerow import KEPT_CRCS, LaneRow, merged
from collector.ranges import Ranges
from core.messages import SUPERSEDED, EpochReport
from tests.collector.making import NOW, A

batches = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), max_size=60)


def taken(batches: list[tuple[int, int]], row: LaneRow | None = None) -> LaneRow:
    row = row or LaneRow()
    for seq, crc in batches:
        if row.standing(seq, crc) == "new":
            row = row.with_batch(seq, crc, 0, 1)
    return row


@given(batches, st.integers(1, 40), st.integers(0, 3))
def test_a_key_stands_to_its_row_as_the_first_of_its_name_says(
    arrived: list[tuple[int, int]], seq: int, crc: int
) -> None:
    first = dict(reversed(arrived))
    expected = "new" if seq not in first else "repeated" if first[seq] == crc else "conflict"
    assert taken(arrived).standing(seq, crc) == expected


def test_only_the_last_thousand_crcs_are_kept_and_the_others_are_still_received() -> None:
    row = taken([(seq, seq) for seq in range(1, KEPT_CRCS + 11)])
    assert len(row.crcs) == 4 * KEPT_CRCS
    assert row.standing(10, 10) == "forgotten"
    assert row.standing(11, 11) == "repeated"
    assert row.standing(11, 12) == "conflict"
    assert row.received.spans == ((1, KEPT_CRCS + 10),)


def test_a_late_batch_below_what_is_kept_changes_no_other_crc() -> None:
    row = taken([(seq, seq) for seq in range(2, KEPT_CRCS + 11)])
    row = row.with_batch(1, 1, 0, 1)
    assert row.standing(1, 1) == "forgotten"
    assert all(row.standing(seq, seq) == "repeated" for seq in range(20, KEPT_CRCS + 10))


@given(batches, st.lists(st.tuples(st.integers(41, 60), st.integers(0, 3)), max_size=9))
def test_a_row_whose_crcs_were_let_go_knows_those_that_come_later(
    before: list[tuple[int, int]], after: list[tuple[int, int]]
) -> None:
    old = taken(before)
    closed = LaneRow(received=old.received, high=old.high)
    row = taken(after, closed)
    for seq, crc in dict(reversed(after)).items():
        assert row.standing(seq, crc) == "repeated"
    for seq, crc in before:
        assert row.standing(seq, crc) == "forgotten"


def test_what_agents_report_as_dropped_is_kept_when_they_forget_it() -> None:
    row = LaneRow(received=Ranges.of([(1, 5)]))
    full, corrupt = (12, 20, "full"), (30, 30, "corrupt")
    row = row.with_report(EpochReport(A, "readings", 40, [], [full, corrupt]), "SPOOL", NOW)
    row = row.with_report(EpochReport(A, "readings", 38, [], [(15, 25, "full")]), "OTHER", NOW)
    assert row.dropped == ((30, 30, "corrupt"), (12, 25, "full"))
    assert (row.high, row.spool) == (40, "SPOOL")
    assert merged(row.dropped, ()) == row.dropped


def test_a_list_that_a_newer_one_replaced_is_not_missing() -> None:
    drops = [(1, 1, SUPERSEDED), (3, 3, "full")]
    row = LaneRow().with_report(EpochReport(A, "events", 3, [2, 2], drops), "SPOOL", NOW)
    assert row.missing.spans == ((2, 3),)
    assert row.with_batch(2, 7, 0, NOW).with_batch(3, 7, 0, NOW).marks == ()
