"""What a claim means that is heard, and when a collector may serve, as timelines."""

import pytest

from collector.claims import SETTLE_S, UNREADABLE, Claims, Heard, Vigil
from core import messages
from core.messages import Claim
from tests.collector.making import REGION

WAIT_S = 150.0


def claim(who: str, time: int = 1) -> bytes:
    return messages.encode(Claim(who, time))


def heard(claims: Claims, payload: bytes, *, kept: bool = False) -> Heard:
    return claims.heard(REGION, payload, kept=kept)


def test_a_kept_claim_proves_nobody_alive_and_a_second_one_does() -> None:
    claims = Claims("d1")
    assert heard(claims, claim("d2"), kept=True) == "kept"
    assert heard(claims, claim("d2"), kept=True) == "kept", "after a reconnect it comes again"
    assert heard(claims, claim("d2", 2), kept=True) == "new", "renewed while nobody heard it"
    assert claims.others == {REGION: "d2"}


@pytest.mark.parametrize("time", [0, 10**15 - 1])
def test_a_claim_that_is_made_now_counts_whatever_its_clock_says(time: int) -> None:
    assert heard(Claims("d1"), claim("d2", time)) == "new"


def test_our_own_claims_are_ours_and_so_is_that_of_the_process_before() -> None:
    claims = Claims("d1")
    claims.sent(claim("d1", 5))
    assert heard(claims, claim("d1", 1), kept=True) == "ours"
    assert heard(claims, claim("d1", 2)) == "ours", "it was on its way when we began to listen"
    assert heard(claims, claim("d1", 5)) == "ours"
    assert claims.others == {}


def test_two_claims_of_our_id_that_we_did_not_make_are_a_second_process() -> None:
    claims = Claims("d1")
    assert [heard(claims, claim("d1", time)) for time in (1, 1, 2)] == ["ours", "ours", "new"]
    assert claims.others == {REGION: "d1"}


@pytest.mark.parametrize(
    "payload", [b"\xff", b'{"schoolwatch":2,"collector":"d2"}', claim("two words"), claim("\n")]
)
def test_what_cannot_be_read_is_a_claim_of_somebody_else(payload: bytes) -> None:
    claims = Claims("d1")
    assert heard(claims, payload, kept=True) == "kept"
    assert heard(claims, payload) == "new"
    assert claims.others == {REGION: UNREADABLE}


def vigil(*, takeover: bool = False) -> Vigil:
    made = Vigil(WAIT_S, takeover=takeover)
    assert (made.answer(0), made.seconds(0)) == ("wait", None), "nothing is heard yet"
    made.connected(100)
    return made


def test_where_nobody_else_claims_we_serve_at_once() -> None:
    alone = vigil()
    alone.heard("ours")
    assert [alone.answer(100 + at) for at in (0, SETTLE_S)] == ["wait", "serve"]
    assert alone.seconds(100) == SETTLE_S


def test_a_dead_collectors_claim_is_waited_for_and_no_longer() -> None:
    waits = vigil()
    waits.heard("kept")
    assert [waits.answer(100 + at) for at in (SETTLE_S, WAIT_S - 1, WAIT_S)] == [
        *("wait", "wait", "serve")
    ]


def test_a_living_collectors_claim_refuses() -> None:
    waits = vigil()
    waits.heard("kept")
    assert waits.answer(130) == "wait"
    waits.heard("new")
    assert waits.answer(130) == "refuse"


def test_a_claim_that_is_emptied_may_come_again() -> None:
    waits = vigil()
    waits.heard("kept")
    waits.heard("emptied")
    assert [waits.answer(at) for at in (120, 100 + WAIT_S)] == ["wait", "serve"]


def test_a_connection_that_was_lost_while_waiting_begins_the_waiting_anew() -> None:
    waits = vigil()
    waits.heard("kept")
    waits.disconnected()
    assert waits.answer(1_000) == "wait"
    waits.connected(1_000)
    assert [waits.answer(1_000 + at) for at in (WAIT_S - 1, WAIT_S)] == ["wait", "serve"]


def test_a_takeover_waits_only_until_it_knows_from_whom() -> None:
    told = vigil(takeover=True)
    told.heard("kept")
    told.heard("new")
    assert [told.answer(100 + at) for at in (0, SETTLE_S)] == ["wait", "serve"]
