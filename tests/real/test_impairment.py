"""The bad line does what it says, and says what it did: else no reading can be held against it."""

import random
import socket
from collections.abc import Iterator

import pytest

from tests.real.impairment import (
    FAR,
    FAR_V6,
    NEAR,
    Fate,
    ImpairedLine,
    Impairment,
    Lane,
    impaired_line,
    inside,
    why_not,
)

UDP = 17


@pytest.fixture
def line() -> Iterator[ImpairedLine]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with impaired_line(seed=7) as laid:
        yield laid


def lane(seed: int = 1, **options: float) -> Lane:
    return Lane(Impairment(**options), random.Random(seed))


def test_without_an_impairment_a_packet_leaves_when_it_comes() -> None:
    assert lane().leaving(5.0, 1500) == [5.0]


def test_the_same_seed_gives_the_same_fates() -> None:
    first, again, other = (
        [one.leaving(at, 100) for at in range(200)]
        for one in (lane(seed, loss=0.3, duplicate=0.2, jitter_ms=9) for seed in (1, 1, 2))
    )
    assert first == again
    assert first != other


def test_shares_come_true_and_one_option_changes_the_luck_of_no_other() -> None:
    some = lane(loss=0.1)
    both = lane(loss=0.1, duplicate=0.2)
    alone = [some.leaving(at, 100) for at in range(10_000)]
    together = [both.leaving(at, 100) for at in range(10_000)]
    assert 0.08 < alone.count([]) / 10_000 < 0.12
    assert [not left for left in alone] == [not left for left in together]
    assert 0.16 < sum(len(left) == 2 for left in together) / 9_000 < 0.24


def test_jitter_changes_no_order_and_what_is_held_back_is_overtaken() -> None:
    shaky = lane(jitter_ms=50)
    left = [shaky.leaving(at / 1000, 100)[0] for at in range(100)]
    assert left == sorted(left)
    held = lane(reorder=0.5, reorder_ms=10)
    left = [held.leaving(at / 1000, 100)[0] for at in range(100)]
    assert left != sorted(left)


def test_a_slow_line_takes_its_time_for_each_byte_and_drops_what_would_wait_too_long() -> None:
    slow = lane(rate_kbps=8, queue_ms=2500)
    assert [slow.leaving(0.0, 1000) for _ in range(5)] == [[1.0], [2.0], [3.0], [], []]
    assert slow.leaving(10.0, 1000) == [11.0]


@pytest.mark.real("netns")
@pytest.mark.parametrize("address", [FAR, FAR_V6])
def test_the_truth_is_told_of_each_packet_and_a_changed_line_recovers(
    line: ImpairedLine, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(line.far):
        far = socket.socket(family, socket.SOCK_DGRAM)
        far.bind((address, 7))
        far.settimeout(20)
    with inside(line.near):
        near = socket.socket(family, socket.SOCK_DGRAM)
    with far, near:
        line.impair(up=Impairment(delay_ms=30, loss=0.4, duplicate=0.3))
        for number in range(100):
            near.sendto(b"%03d" % number, (address, 7))
        fates = settled(line, 100)
        expected = sorted(fate.message[8:] for fate in fates for _ in fate.left)
        assert sorted(far.recv(99) for _ in expected) == expected
        assert 20 <= sum(not fate.left for fate in fates) <= 60
        assert sum(len(fate.left) == 2 for fate in fates) > 5
        assert all(left - fate.came >= 0.03 for fate in fates for left in fate.left)

        line.impair(up=Impairment())
        near.sendto(b"well", (address, 7))
        assert far.recv(99) == b"well"


@pytest.mark.real("netns")
def test_a_stream_survives_the_worst_line(line: ImpairedLine) -> None:
    bad = Impairment(delay_ms=2, jitter_ms=2, loss=0.03, duplicate=0.03, reorder=0.1, reorder_ms=5)
    with inside(line.far):
        server = socket.create_server((FAR, 80))
    line.impair(up=bad, down=bad)
    sent = random.Random(1).randbytes(100_000)
    with server, inside(line.near):
        client = socket.create_connection((FAR, 80), 30)
        connection, (host, _) = server.accept()
        assert host == NEAR
        with client, connection:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            connection.settimeout(60)
            assert b"".join(iter(lambda: connection.recv(65_536), b"")) == sent


def settled(line: ImpairedLine, count: int) -> list[Fate]:
    """Return the fates of *count* packets of UDP."""
    fates = [fate for fate in line.fates() if fate.protocol == UDP]
    assert len(fates) == count
    return fates
