"""Captured messages that come again, told apart from what agents send again themselves."""

from pathlib import Path

import pytest

from collector import replays
from collector.replays import MANY, WITHIN, Replays
from core.clock import SECOND
from core.mqtt import Message
from core.types import BatchKey, Identity
from tests.collector.desk import Desk, open_desk
from tests.collector.making import (
    NOW,
    REGION,
    WHO,
    A,
    B,
    batch,
    birth,
    event_batch,
    events_of,
    readings,
    report,
    state,
)

RANGE = range(1, MANY + 2)


def heard(found: Replays, seq: int, at: int, who: Identity = WHO) -> bool:
    return found.heard(who, BatchKey(A, "readings", seq), at, held=False) is not None


def raised(*times: tuple[int, int]) -> list[int]:
    """Return at which of *times* (key, second) an event is raised."""
    found = Replays()
    return [n for n, (seq, at) in enumerate(times) if heard(found, seq, NOW + at * SECOND)]


def test_more_than_a_hundred_keys_within_an_hour_are_one_event() -> None:
    assert raised(*((seq, seq) for seq in range(1, 1_000))) == [MANY]


def test_a_hundred_keys_are_none_however_often_they_come() -> None:
    assert raised(*((n % MANY, n) for n in range(3_000))) == []


def test_keys_that_come_slowly_are_none() -> None:
    assert raised(*((n, n * 37) for n in range(1_000))) == []


def test_one_that_goes_on_for_hours_stays_one_event_and_the_next_is_another() -> None:
    burst = [(n, n * 30) for n in range(1_000)]
    assert raised(*burst) == [MANY]
    later = [(n, 30 * 1_000 + 3_600 + n) for n in range(1_000)]
    assert raised(*burst, *later) == [MANY, 1_000 + MANY]


def test_a_clock_that_was_set_back_begins_the_hour_anew() -> None:
    assert raised(*((n, 86_400) for n in range(MANY)), *((n, n) for n in range(MANY))) == []


def test_each_agent_is_counted_alone_and_the_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replays, "MAX_AGENTS", 3)
    found, agents = Replays(), [Identity(REGION, "s", f"a{n}") for n in range(9)]
    assert not any(heard(found, n, NOW, who) for who in agents for n in range(MANY))
    assert len(found._agents) == 3
    assert [heard(found, MANY, NOW, who) for who in (agents[0], agents[8])] == [False, True]
    assert max(len(seen.keys) for seen in found._agents.values()) == MANY + 1


def captured(lane: str) -> list[Message]:
    if lane == "events":
        return [events_of(event_batch(A, seq)) for seq in RANGE]
    return [readings(batch(A, seq)) for seq in RANGE]


async def lived(folder: Path, lane: str) -> Desk:
    """An agent has sent everything of epoch A, and goes on under B."""
    desk = open_desk(folder)
    await desk.take(state(birth(A)), *captured(lane))
    desk.clock.at += 60 * SECOND
    await desk.take(state(birth(B)))
    return desk


def rows(desk: Desk) -> list[dict[str, object]]:
    desk.books.journal.sync()
    return [r["details"] for r in desk.audited("replay")]


@pytest.mark.parametrize("lane", ["readings", "events"])
async def test_captured_messages_of_a_closed_epoch_are_counted_and_one_event(
    tmp_path: Path, lane: str
) -> None:
    desk = await lived(tmp_path, lane)
    await desk.take(*captured(lane)[:MANY])
    assert (rows(desk), desk.count("replayed")) == ([], MANY)
    await desk.take(*captured(lane), *captured(lane))
    assert desk.count("replayed") == MANY + 2 * len(RANGE)
    assert rows(desk) == [
        {
            "keys": MANY + 1,
            "within_s": WITHIN // SECOND,
            "last": {"epoch": A, "lane": lane, "seq": RANGE[-1]},
            "agent_names_epoch": False,
        }
    ]
    assert desk.seqs()[-1] == RANGE[-1], "the receipt says so again, as to any repeat"


@pytest.mark.parametrize("lane", ["readings", "events"])
async def test_a_spool_that_was_put_back_from_a_copy_is_told_apart(
    tmp_path: Path, lane: str
) -> None:
    desk = await lived(tmp_path, lane)
    held = report(A, [(1, RANGE[-1])], lane="events" if lane == "events" else "readings")
    await desk.take(state(birth(B, no=2, epochs=[held])))
    await desk.take(*captured(lane))
    assert [row["agent_names_epoch"] for row in rows(desk)] == [True]


async def test_what_comes_again_of_the_living_epoch_is_none(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(A)), *captured("readings"), *captured("readings"))
    assert (rows(desk), desk.count("replayed")) == ([], 0)


async def test_nor_is_that_of_an_epoch_whose_birth_is_still_on_its_way(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B)))
    desk.clock.at += SECOND
    await desk.take(*captured("readings"), *captured("readings"))
    assert (rows(desk), desk.count("replayed")) == ([], 0)


async def test_nor_what_comes_after_a_restore_before_the_agent_was_heard(tmp_path: Path) -> None:
    desk = await lived(tmp_path, "readings")
    desk.books.ledger.record_restore("ledger", desk.clock())
    again = open_desk(tmp_path, desk.clock)
    await again.take(*captured("readings"))
    assert (rows(again), again.count("replayed")) == ([], 0)


async def test_nor_a_backlog_that_the_agent_holds_and_that_was_never_received(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B, epochs=[report(A, [(1, RANGE[-1])])])))
    await desk.take(*captured("readings"))
    assert (rows(desk), desk.count("replayed")) == ([], 0)
