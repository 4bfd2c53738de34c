"""What is sent next, when it is sent again, and what silence means: timelines."""

import random

from agent.delivery import (
    EVENTS_PER_READINGS,
    FIRST_WAIT,
    LONGEST_WAIT,
    PARK_AFTER,
    PARKED_WAIT,
    Delivery,
)
from core.types import BatchKey, Lane


def key(seq: int, lane: Lane = "readings") -> BatchKey:
    return BatchKey("A" * 16, lane, seq)


def delivery() -> Delivery:
    fresh = Delivery(rng=random.Random(1))
    fresh.connected(0.0)
    return fresh


def test_at_most_eight_batches_of_a_lane_are_out() -> None:
    d = delivery()
    for seq in range(8):
        d.sent(key(seq), 100, 0.0, backlog=False)
    assert d.room("readings") == 0
    assert d.room("events") == 8
    d.settled(key(0))
    assert d.room("readings") == 1


def test_of_ten_batches_one_is_readings_however_many_events_wait() -> None:
    d = delivery()
    lanes = []
    for seq in range(30):
        lane = next(iter(d.plans(0.0, events=True))).lane
        lanes.append(lane)
        d.sent(key(seq, lane), 1, 0.0, backlog=False)
        d.settled(key(seq, lane))
    assert lanes.count("readings") == 3


def test_readings_that_come_while_events_flood_wait_for_nine_of_them_at_most() -> None:
    d = delivery()
    sent: list[Lane] = []

    def turn(*, readings: bool) -> None:
        for plan in d.plans(0.0, events=True):
            for _ in range(plan.fresh if plan.lane == "events" or readings else 0):
                sent.append(plan.lane)
                d.sent(key(len(sent), plan.lane), 1, 0.0, backlog=False)
        for out in list(d.out):
            d.settled(out)

    turn(readings=False)
    assert sent == ["events"] * 8
    turn(readings=True)
    assert sent.index("readings") == EVENTS_PER_READINGS
    assert sent.count("events") > EVENTS_PER_READINGS, "the window is used"


def test_events_go_on_where_no_readings_are_sent_in_their_turn() -> None:
    d = delivery()
    for seq in range(EVENTS_PER_READINGS):
        d.sent(key(seq, "events"), 1, 0.0, backlog=False)
        d.settled(key(seq, "events"))
    plans = [(plan.lane, plan.fresh) for plan in d.plans(0.0, events=True)]
    assert plans == [("readings", 8), ("events", 8)]


def test_the_backlog_takes_at_most_half_of_the_window() -> None:
    d = delivery()
    d.backfill_rate = 10**9
    assert [plan.backlog for plan in d.plans(0.0, events=False)] == [4]
    for seq in range(3):
        d.sent(key(seq), 1, 0.0, backlog=True)
    assert [plan.backlog for plan in d.plans(1.0, events=False)] == [1]


def test_the_backlog_keeps_to_the_rate_of_the_last_receipt() -> None:
    d = delivery()
    d.receipt(0.0, 1_000)
    d.sent(key(1), 5_000, 0.0, backlog=True)
    assert [plan.backlog for plan in d.plans(4.9, events=False)] == [0]
    assert d.next_moment(4.9) == 5.0
    assert [plan.backlog for plan in d.plans(5.0, events=False)] == [3]


def test_the_moment_of_the_backlog_is_not_missed_when_it_passes_during_the_work() -> None:
    d = delivery()
    d.receipt(0.0, 1_000)
    d.sent(key(1), 5_000, 0.0, backlog=True)
    d.settled(key(1))
    assert [plan.backlog for plan in d.plans(4.999, events=False)] == [0]
    assert d.next_moment(5.001) == 5.0
    assert [plan.backlog for plan in d.plans(5.002, events=False)] == [4]
    assert d.next_moment(5.003) > 100, "once looked at, it does not come again"


def test_without_a_receipt_a_batch_is_due_again_after_a_jittered_doubling_wait() -> None:
    d, now, waits = delivery(), 0.0, []
    for _ in range(8):
        d.receipt(now, 0)
        d.sent(key(1), 1, now, backlog=False)
        wait = d.out[key(1)].again_at - now
        waits.append(wait)
        now += wait
        d.receipt(now - 0.001, 0)  # others are answered meanwhile
        assert d.overdue(now) == [key(1)]
    assert 0.75 * FIRST_WAIT <= waits[0] <= 1.25 * FIRST_WAIT
    assert all(wait <= 1.25 * LONGEST_WAIT for wait in waits)
    assert waits[4] > 3 * waits[1]


def test_a_batch_that_alone_stays_unanswered_three_times_is_parked_for_an_hour() -> None:
    d, now = delivery(), 0.0
    for _ in range(3):
        d.sent(key(1), 1, now, backlog=False)
        now = d.out[key(1)].again_at
        d.receipt(now - 1, 0)
        d.overdue(now)
    assert key(1) in d.busy()
    assert d.room("readings") == 8
    d.overdue(now + PARKED_WAIT)
    assert key(1) not in d.busy()


def test_while_nobody_answers_one_batch_of_each_lane_is_sent_and_none_is_parked() -> None:
    d, now = delivery(), 0.0
    d.sent(key(1), 1, now, backlog=False)
    for _ in range(10):
        now += 2 * LONGEST_WAIT
        d.overdue(now)
        assert d.room("readings") == 1
        d.sent(key(1), 1, now, backlog=False)
        assert d.room("readings") == 0
    assert not d.parked


def test_a_probe_that_nobody_answers_lets_the_others_of_its_lane_go_first() -> None:
    d, now, probes, waits = delivery(), 0.0, [], []
    for _ in range(9):
        left = [seq for seq in (1, 2, 3) if key(seq) not in d.busy()]
        if not left:
            assert d.take_back("readings")
            left = [1]
        d.sent(key(left[0]), 1, now, backlog=False)
        probes.append(left[0])
        waits.append(d.out[key(left[0])].again_at - now)
        now += waits[-1]
        d.overdue(now)
        assert d.room("readings") == 1
    assert probes == [1, 2, 3] * 3
    assert 0.75 * FIRST_WAIT <= waits[0] <= 1.25 * FIRST_WAIT
    assert waits[4] > 3 * waits[1]
    assert all(wait <= 1.25 * LONGEST_WAIT for wait in waits)
    d.receipt(now, 0, ["readings"])
    assert not d.busy()
    d.sent(key(4), 1, now, backlog=False)
    assert d.out[key(4)].again_at - now <= 1.25 * FIRST_WAIT


def test_the_first_receipt_after_a_silence_opens_the_window_and_tries_parked_ones() -> None:
    d = delivery()
    d.parked[key(9)] = 10_000.0
    d.sent(key(1), 1, 0.0, backlog=False)
    d.overdue(100.0)
    d.receipt(101.0, 0)
    assert d.room("readings") == 8
    assert key(9) not in d.busy()


def test_after_a_reconnect_everything_unanswered_is_due_at_once() -> None:
    d = delivery()
    for seq in range(8):
        d.sent(key(seq), 1, 0.0, backlog=False)
    d.connected(5.0)
    assert not d.busy()
    assert d.room("readings") == 8


def test_an_events_lane_that_nobody_answers_puts_no_readings_into_probing() -> None:
    d = delivery()
    d.sent(key(1, "events"), 1, 0.0, backlog=False)
    d.overdue(100.0)
    assert (d.room("events"), d.room("readings")) == (1, 8)


def test_readings_that_nobody_answers_put_no_events_into_probing() -> None:
    d = delivery()
    d.sent(key(1), 1, 0.0, backlog=False)
    d.overdue(100.0)
    assert (d.room("events"), d.room("readings")) == (8, 1)


def test_events_that_nobody_answers_are_parked_although_readings_are_answered_now_and_then() -> (
    None
):
    d, now, event = delivery(), 0.0, key(1, "events")
    while event not in d.parked and now < 3600:
        if event not in d.out:
            d.sent(event, 1, now, backlog=False)
        now += 1
        if now % 30 == 0:
            d.receipt(now, 0, ["readings"])
        d.overdue(now)
    assert now < 600
    assert d.sends[event] <= 6


def test_a_lane_that_is_answered_again_tries_its_own_parked_batches_only() -> None:
    d = delivery()
    d.parked = {key(9): 10_000.0, key(9, "events"): 10_000.0}
    d.sent(key(1), 1, 0.0, backlog=False)
    d.overdue(100.0)
    d.receipt(101.0, 0, ["readings"])
    assert d.busy() == {key(9, "events")}


def test_readings_that_were_parked_while_only_events_were_answered_are_tried_again_at_once() -> (
    None
):
    d, now = delivery(), 0.0
    while key(1) not in d.parked:
        if key(1) not in d.out:
            d.sent(key(1), 1, now, backlog=False)
        now += 1
        d.receipt(now, 0, ["events"])
        d.overdue(now)
    d.receipt(now + 1, 0, ["readings"])
    assert key(1) not in d.busy()


def test_a_batch_that_is_parked_while_its_lane_is_answered_stays_parked() -> None:
    d, now = delivery(), 0.0
    while key(1) not in d.parked:
        if key(1) not in d.out:
            d.sent(key(1), 1, now, backlog=False)
        now += 1
        d.receipt(now, 0, ["readings"])
        d.overdue(now)
    d.receipt(now + 1, 0, ["readings"])
    assert key(1) in d.parked


def test_blame_from_a_lanes_silence_parks_nothing_once_that_lane_is_answered() -> None:
    d, now = delivery(), 0.0
    while d.blamed.get(key(1), 0) < PARK_AFTER - 1 or key(1) not in d.out:
        if key(1) not in d.out:
            d.sent(key(1), 1, now, backlog=False)
        now += 1
        d.receipt(now, 0, ["events"])
        d.overdue(now)
    d.receipt(now + 1, 0, ["readings"])  # of another batch, while this one is out
    while key(1) in d.out:
        now += 1
        d.overdue(now)
    assert key(1) not in d.parked
