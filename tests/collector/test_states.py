"""Births, wills and stops from the door to the picture, over restarts."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from collector.picture import AgentView
from core import messages
from core.clock import SECOND
from core.messages import Death, EpochReport
from core.mqtt import Message
from core.types import BatchKey
from tests.collector.desk import Desk, open_desk
from tests.collector.making import OTHER, WHO, A, B, batch, birth, readings, report, state


def shown(desk: Desk) -> AgentView:
    schools = desk.books.live.picture(desk.clock(), desk.books.door.opening()).schools
    (view,) = [agent for school in schools for agent in school.agents if agent.who == WHO]
    return view


def said(desk: Desk) -> tuple[str, str]:
    return shown(desk).verdict.state, shown(desk).verdict.cause


async def test_a_birth_makes_an_agent_known_and_a_will_unknown_over_a_restart(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(conn=2, no=5)))
    assert (said(desk), shown(desk).version) == (("up", ""), "0.1.0")
    assert said(open_desk(tmp_path, desk.clock)) == ("up", "")
    desk.clock.at += SECOND
    await desk.take(state(Death("down", A, 1)))
    assert said(desk) == ("up", "")
    await desk.take(state(Death("down", A, 2)))
    assert said(desk) == ("unknown", "will")
    assert said(open_desk(tmp_path, desk.clock)) == ("unknown", "will")
    await desk.take(state(birth(conn=3, no=6)))
    assert said(open_desk(tmp_path, desk.clock)) == ("up", "")


async def test_all_of_it_in_one_group_ends_with_the_last_word(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(
        state(birth(A, conn=1, no=1)),
        state(Death("stopped", A, 1)),
        state(birth(B, conn=1, no=1)),
        state(birth(A, conn=1, no=1)),
        state(Death("stopped", B, 1)),
    )
    assert said(desk) == ("stopped", "")
    assert desk.count("births") == 2
    assert desk.count("states_repeated") == 1


async def test_a_retained_birth_read_again_after_a_restart_changes_nothing(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth()))
    again = open_desk(tmp_path, desk.clock)
    again.clock.at += 3_600 * SECOND
    await again.take(state(birth(), retain=True))
    assert (said(again), again.count("states_repeated")) == (("unknown", "silent"), 1)


async def test_a_state_that_somebody_emptied_is_nothing(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(b"", retain=True))
    assert (desk.books.live.agents(), desk.letters()) == ([], [])


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (state(b"no json"), "state"),
        (state(b'{"schoolwatch":2,"state":"up"}'), "state"),
        (state(b'{"schoolwatch":1,"state":"sideways"}'), "state"),
        (state(b'{"schoolwatch":' + b"[" * 900 + b"]" * 900 + b"}"), "state"),
        (state(b"[" * 100_000), "state"),
        (state(b"9" * 100_000), "state"),
        (state(birth(no=10**17)), "state"),
        (state(birth(epochs=[EpochReport(A, "readings", 1, [5, 1])])), "state"),
        (state(b"\xff" * 300_000), "payload"),
        (Message("schoolwatch/v1/330100/学校/host/state", b"{}", False, 1, 1), "topic"),
        (Message("schoolwatch/v1/110000/school-1/host/state", b"{}", False, 1, 1), "region"),
    ],
)
async def test_what_no_agent_says_gets_a_letter_and_the_next_birth_is_taken(
    tmp_path: Path, message: Message, kind: str
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(message, state(birth()))
    assert [letter["kind"] for letter in desk.letters()] == [kind]
    assert said(desk) == ("up", "")


async def test_unknown_words_in_a_birth_are_ignored(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    later = messages.encode(birth())[:-1] + b',"colour":"red","more_to_come":[1]}'
    await desk.take(state(later))
    assert said(desk) == ("up", "")


async def test_every_birth_that_lists_a_closed_epoch_is_told_so(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    lists = [EpochReport(A, "readings", 9, [], [(1, 9, "full")]), report(B, [(1, 1)])]
    for no in (1, 2):
        await desk.take(state(birth(B, no=no, epochs=lists)))
    assert [receipt.closed for receipt in desk.receipts()] == [[A], [A]]
    assert shown(desk).held_batches == 1


async def test_a_batch_and_the_birth_that_holds_it_may_come_in_either_order(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch(A, 1)), state(birth(B, epochs=[report(A, [(1, 1)])])))
    assert desk.receipts()[-1].closed == [A]
    await desk.take(state(birth(B, epochs=[report(A, [(1, 1)])]), OTHER))
    await desk.take(readings(batch(A, 1), OTHER))
    assert desk.receipts(OTHER)[-1].closed == [A]


async def test_a_restart_knows_which_batches_are_still_expected(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B, epochs=[report(A, [(1, 3)])])), readings(batch(A, 2)))
    again = open_desk(tmp_path, desk.clock)
    assert again.books.live.state(WHO).expected[A, "readings"].spans == ((1, 1), (3, 3))
    assert again.books.live.backlogs() == 1
    assert again.books.live.received(WHO, BatchKey(A, "readings", 1)) == []


@pytest.mark.parametrize(
    ("age_s", "retain", "shown_as"),
    [
        pytest.param(0, False, "up", id="fresh"),
        pytest.param(119, False, "up", id="nearly two minutes"),
        pytest.param(121, False, "stopped", id="old"),
        pytest.param(0, True, "stopped", id="kept by the broker"),
    ],
)
async def test_lines_without_a_header_prove_life_only_while_they_are_fresh(
    tmp_path: Path, age_s: int, retain: bool, shown_as: str
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth()))
    await desk.take(state(Death("stopped", A, 1)))
    line = b"mem used=1i %d" % (desk.clock() - age_s * SECOND)
    await desk.take(replace(readings(line), retain=retain))
    assert said(desk)[0] == shown_as
    assert desk.count("lines_stored") == 1


@pytest.mark.parametrize("payload", [b"", b"total garbage", b"# nothing"])
async def test_what_holds_no_reading_makes_nobody_known(tmp_path: Path, payload: bytes) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(payload))
    assert desk.books.live.agents() == []


async def test_a_first_birth_may_be_counted_from_nought(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(no=0)))
    assert said(desk)[0] == "up"
