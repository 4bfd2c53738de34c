"""Which receipts count as a check of the clock."""

from agent.roundtrips import RoundTrips
from core.clock import SECOND
from core.types import BatchKey

AT = 1_795_374_585 * SECOND
BOOT = 100 * SECOND


def key(seq: int) -> BatchKey:
    return BatchKey("A" * 16, "readings", seq)


def started() -> RoundTrips:
    trips = RoundTrips()
    trips.restart(AT)
    return trips


def test_of_the_batches_in_a_receipt_the_one_sent_last_bounds_it_best() -> None:
    trips = started()
    trips.sent(key(1), AT, AT, BOOT)
    trips.sent(key(2), AT, AT, BOOT + SECOND)
    assert trips.latest([key(1), key(2), key(3)], BOOT + 2 * SECOND) == BOOT + SECOND


def test_a_receipt_that_waited_in_a_broker_checks_nothing() -> None:
    trips = started()
    trips.sent(key(1), AT, AT, BOOT)
    assert trips.latest([key(1)], BOOT + 5 * SECOND) is None


def test_a_batch_that_was_sent_again_counts_from_its_first_sending() -> None:
    trips = started()
    trips.sent(key(1), AT, AT, BOOT)
    trips.sent(key(1), AT, AT + 4 * SECOND, BOOT + 4 * SECOND)
    assert trips.latest([key(1)], BOOT + 6 * SECOND) is None

    late = started()
    late.sent(key(1), AT, AT + 15 * SECOND, BOOT)
    assert late.latest([key(1)], BOOT + 1) is None, "sealed long ago: perhaps sent before"


def test_what_an_earlier_connection_may_have_sent_checks_nothing() -> None:
    trips = started()
    trips.sent(key(1), AT - 1, AT, BOOT)
    trips.sent(key(2), AT, AT, BOOT)
    trips.restart(AT + 1)
    assert trips.latest([key(1), key(2)], BOOT + 1) is None


def test_an_answer_checks_once() -> None:
    trips = started()
    trips.sent(key(1), AT, AT, BOOT)
    assert trips.latest([key(1)], BOOT + 1) == BOOT
    assert trips.latest([key(1)], BOOT + 2) is None
