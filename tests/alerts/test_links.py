"""Signed links: only ours, only whole, only for a week, and only in messages that ask."""

import base64
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.links import LONGEST, MAC_BYTES, VALID_S, AckLinks, NotValid, Right
from alerts.outbox import Outbox
from core.alerts import Reason
from core.clock import SECOND
from core.types import Event
from tests.alerts.stage import Stage
from tests.collector.making import NOW, Clock

BASE = "https://monitor.example.org"
KEY = b"k" * 32


def links(clock: Clock, key: bytes = KEY, base: str = BASE) -> AckLinks:
    return AckLinks(base, key, clock)


def why(made: AckLinks, token: str) -> str:
    with pytest.raises(NotValid) as error:
        made.read(token)
    return str(error.value)


def test_a_link_says_which_alert_whose_and_until_when() -> None:
    made = links(Clock())
    link = made.link(17, "duty")
    assert link.startswith(f"{BASE}/ack/")
    assert len(link) < 100
    right = made.read(link.rpartition("/")[2])
    assert right == Right(17, "duty", NOW + VALID_S * SECOND)


def test_after_a_week_it_is_over() -> None:
    clock = Clock()
    made = links(clock)
    token = made.token(1, "duty")
    clock.at += (VALID_S - 1) * SECOND
    assert made.read(token).number == 1
    clock.at += SECOND
    assert why(made, token) == "expired"


def test_another_collectors_link_is_none_of_ours() -> None:
    clock = Clock()
    assert why(links(clock), links(clock, b"x" * 32).token(1, "duty")) == "forged"


TOKEN = links(Clock()).token(123_456, "duty-班主任")


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_no_changed_character_is_taken(place: int, char: str) -> None:
    changed = TOKEN[:place] + char + TOKEN[place + 1 :]
    if changed != TOKEN:
        assert why(links(Clock()), changed) == "forged"


@given(
    st.one_of(
        st.text(max_size=LONGEST + 9),
        st.binary(max_size=90).map(
            lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        ),
    )
)
def test_no_invented_token_is_taken(token: str) -> None:
    assert why(links(Clock()), token) == "forged"


@pytest.mark.parametrize(
    "change", [lambda t: t + "=", lambda t: t[:-1], lambda t: t + "A", str.swapcase]
)
def test_another_spelling_is_none(change: object) -> None:
    assert callable(change)
    assert why(links(Clock()), change(TOKEN)) == "forged"


@given(st.integers(0, 2**63 - 1), st.text(min_size=1, max_size=40).filter(str.isprintable))
def test_every_alert_and_receiver_comes_back(number: int, receiver: str) -> None:
    made = links(Clock())
    try:
        token = made.token(number, receiver)
    except UnicodeEncodeError:
        return
    right = made.read(token)
    assert (right.number, right.receiver) == (number, receiver)
    assert len(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) >= 15 + MAC_BYTES


def claimed(folder: Path, base: str) -> list[tuple[str, str, list[int]]]:
    """Return (channel, reason, alerts with a link) of what the outbox hands out."""
    stage = Stage(folder, channels=("console", "duty"))
    outbox = Outbox(stage.ground, stage.channels, links=links(stage.clock, base=base))
    outbox.open(stage.clock())
    found = []
    for active in (True, False):
        stage.say(Event("spool_dropping", "host", "host", active, stage.clock()))
        for parcel in outbox.claim(stage.clock(), ()):
            assert all(link.startswith(base) for link in parcel.links.values())
            found.append((parcel.channel, parcel.notification.reason, [*parcel.links]))
        with stage.ledger.transaction() as db:
            db.execute("UPDATE alert_outbox SET state = 'delivered'")
        stage.wait(5)
    return sorted(found)


def test_only_a_message_that_begins_carries_a_link_and_no_log_does(tmp_path: Path) -> None:
    assert claimed(tmp_path, BASE) == [
        ("console", "ALL_RESOLVED", []),
        ("console", "FIRST", []),
        ("duty", "ALL_RESOLVED", []),
        ("duty", "FIRST", [1]),
    ]


def test_without_an_address_of_ours_there_are_none(tmp_path: Path) -> None:
    assert {tuple(found) for _, _, found in claimed(tmp_path, "")} == {()}
    assert links(Clock(), base="").link(1, "duty") == ""


def test_where_none_are_given_none_is_taken() -> None:
    clock = Clock()
    for base, key in (("", b""), ("", KEY), (BASE, b"")):
        forged = links(clock, key).token(1, "duty")
        assert why(links(clock, key, base), forged) == "forged"


def test_what_the_links_know_of_reasons_is_what_there_is() -> None:
    assert {"FIRST", "NEW_ALERTS", "REPEAT"} <= set(get_args(Reason))
