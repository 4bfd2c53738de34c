"""What may be concluded from a time server's packet, and that no packet whatever stops us."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import sntp
from core.clock import SECOND
from core.sntp import Refused, Served

CASES = Path(__file__).parents[1] / "cases/sntp"
RECORDED = json.loads((CASES / "one_server_that_answers/replies.json").read_text())
NONCE = bytes.fromhex(RECORDED["nonce"])
ANSWER = bytes.fromhex(RECORDED["servers"]["time.school"]["packets"][0])

FIRST = (2**31 - sntp.FROM_1900_TO_1970) * SECOND
END = FIRST + 2**32 * SECOND
"""1968 to 2104: the moments that a timestamp can say."""

moments = st.integers(FIRST, END - 1)
spans = st.integers(0, 10 * SECOND)


def served(received: int, sent: int, *, off: int = 0) -> Served:
    return Served(0, 1, 0, off, received, sent)


def test_what_chronyd_sent_is_understood() -> None:
    said = sntp.answer(ANSWER, NONCE)
    assert isinstance(said, Served)
    assert (said.leap, said.stratum, said.off) == (0, 5, 0)
    assert 0 < said.sent - said.received < SECOND


def test_a_request_says_nothing_of_us_but_the_nonce() -> None:
    packet = sntp.request(NONCE)
    assert packet == bytes([0x23]) + bytes(39) + NONCE
    assert sntp.answer(packet, NONCE) is None, "and is no answer to itself"


def test_what_follows_the_first_48_bytes_is_for_others() -> None:
    assert sntp.answer(ANSWER + bytes(68), NONCE) == sntp.answer(ANSWER, NONCE)


@given(st.binary(max_size=200))
def test_no_packet_whatever_is_more_than_refused(packet: bytes) -> None:
    assert sntp.answer(packet, NONCE) is None or packet[24:32] == NONCE


@given(st.binary(min_size=24, max_size=24), st.binary(min_size=16, max_size=80))
def test_no_packet_with_the_right_nonce_is_worse_than_useless(head: bytes, rest: bytes) -> None:
    said = sntp.answer(head + NONCE + rest, NONCE)
    if isinstance(said, Served):
        assert 1 <= said.stratum <= 15
        assert 0 <= said.off <= sntp.TOO_FAR
        assert FIRST <= said.received <= said.sent < END
    elif said:
        assert said.why
        assert said.kiss.isalnum() or not said.kiss


@given(st.integers(0, 47), st.integers(1, 255))
def test_a_packet_of_which_a_byte_was_changed_stops_nobody(place: int, change: int) -> None:
    packet = bytearray(ANSWER)
    packet[place] ^= change
    said = sntp.answer(bytes(packet), NONCE)
    assert said is None or isinstance(said, Served | Refused)
    assert said is None or not 24 <= place < 32, "another nonce"


@given(moments)
def test_a_moment_survives_the_wire_to_the_nanosecond(at: int) -> None:
    assert 0 <= at - sntp.ns(sntp.timestamp(at)) <= 1


def test_the_second_after_the_wrap_of_2036_is_a_second_later() -> None:
    assert sntp.ns(1 << 32) - sntp.ns(0xFFFF_FFFF << 32) == 2 * SECOND


@given(moments, spans, spans, spans, st.integers(-SECOND, SECOND))
def test_the_true_time_lies_within_the_bounds_however_the_way_divides(
    asked: int, there: int, held: int, back: int, wrong: int
) -> None:
    """*wrong* is by how much the server is off, and says that it may be."""
    received = asked + there + wrong
    said = served(received, received + held, off=abs(wrong))
    way = sntp.delay(said, there + held + back)
    assert way == there + back
    low, high = sntp.bounds(said, way)
    assert low <= asked + there + held + back <= high
    assert high - low == way + 2 * abs(wrong)


def test_a_server_cannot_have_held_it_longer_than_we_waited() -> None:
    assert sntp.delay(served(0, SECOND), SECOND // 2) is None
    assert sntp.delay(served(0, SECOND), SECOND - 900_000) == 0, "but clocks tick coarsely"


def test_most_servers_outvote_one_and_two_that_disagree_say_nothing() -> None:
    right, also, wrong = (90, 110), (100, 130), (500, 510)
    assert sntp.agreed([right, also, wrong]) == (100, 110)
    assert sntp.agreed([right, wrong]) is None
    assert sntp.agreed([right, wrong, (900, 901)]) is None
    assert sntp.agreed([right]) == right
    assert sntp.agreed([]) is None


@given(
    st.integers(), st.lists(st.tuples(spans, spans), min_size=1), st.lists(st.tuples(spans, spans))
)
def test_where_most_servers_are_right_the_time_is_in_what_they_agree_on(
    now: int, right: list[tuple[int, int]], wrong: list[tuple[int, int]]
) -> None:
    good = [(now - before, now + after) for before, after in right]
    # All wrong ones on the far side, and never as many as the right ones.
    far = [(now + 30 * SECOND + a, now + 30 * SECOND + a + b) for a, b in wrong[: len(right) - 1]]
    found = sntp.agreed(good + far)
    assert found
    assert found[0] <= now <= found[1]


@pytest.mark.parametrize("kiss", ["DENY", "RSTR", "RATE", "INIT"])
def test_a_kiss_counts_only_under_the_nonce(kiss: str) -> None:
    packet = bytes([0xE4, 0]) + bytes(10) + kiss.encode() + bytes(8) + NONCE + bytes(16)
    said = sntp.answer(packet, NONCE)
    assert isinstance(said, Refused)
    assert said.kiss == kiss
    assert sntp.answer(packet, bytes(8)) is None
