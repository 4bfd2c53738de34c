"""What a step or a correction of the clock does to the spool, and what is told of it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.agentclock import AgentClock
from agent.spool import DAY, Spool
from agent.spoolthread import SpoolThread
from agent.timekeeper import MOST_HELD, Timekeeper
from core.clock import SECOND
from core.errors import SpoolError
from core.types import BatchKey

AT = 1_795_374_585 * SECOND
HOUR = 3600 * SECOND


@dataclass
class Machine:
    """An agent's clock and spool, on two clocks that a test sets."""

    folder: Path
    wall: int = AT
    boot: int = 100 * SECOND
    time: AgentClock = field(init=False)
    keeper: Timekeeper = field(init=False)

    def __post_init__(self) -> None:
        self.time = AgentClock(lambda: self.wall, lambda: self.boot)
        now, unchecked = self.time.now, self.time.unchecked
        spool = SpoolThread(Spool(self.folder / "spool.db", now=now, unchecked=unchecked))
        self.keeper = Timekeeper(self.time, spool, "pc-1")

    async def check(self, now: int) -> int:
        """Answer a batch that was sent 0.1 s ago, at the true time *now*."""
        return await self.keeper.check(now // 1_000_000, self.boot - SECOND // 10, self.boot)

    async def serve(self, now: int, *, asked_ago: int = 0) -> bool:
        """Let time servers say that it was *now* within 20 ms when they were asked."""
        off, boot = SECOND // 50, self.boot - asked_ago
        return await self.keeper.check_by_servers(now - off, now + off, boot)

    async def told(self) -> list[tuple[str, bool, dict[str, Any]]]:
        return [
            (line["kind"], line["active"], line["details"])
            for _, lines in await self.batches()
            for line in lines
        ]

    async def batches(self) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        def bodies(spool: Spool) -> list[bytes]:
            rows = spool.waiting("events", "all", since=0, besides=(), limit=99)
            return [batch.body for row in rows if (batch := spool.read(row.key))]

        found = [body.splitlines() for body in await self.keeper.spool.call(bodies)]
        return [(json.loads(first), [json.loads(x) for x in rest]) for first, *rest in found]

    async def seal(self) -> BatchKey:
        await self.keeper.spool.take([b"mem used_percent=1.5 1"], unchecked=True)
        waiting = await self.keeper.spool.seal()
        assert waiting is not None
        return waiting.key


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    made = Machine(tmp_path)
    yield made
    await made.keeper.spool.close()


async def test_a_step_is_told_and_ends_with_the_next_check(machine: Machine) -> None:
    await machine.check(AT)
    machine.wall += HOUR
    assert await machine.keeper.look()
    assert not await machine.keeper.look()
    await machine.check(AT)
    assert await machine.told() == [
        ("clock_step", True, {"step_ms": 3_600_000, "readings_follow": False}),
        ("clock_step", False, {}),
    ]
    assert [header.get("clock") for header, _ in await machine.batches()] == ["unchecked", None]


async def test_checks_that_agree_write_nothing(machine: Machine) -> None:
    for _ in range(3):
        assert await machine.check(AT) == 0
        assert not await machine.keeper.look()
    assert await machine.told() == []


async def test_a_machine_that_ntp_takes_out_of_1970_keeps_what_it_has_read(tmp_path: Path) -> None:
    machine = Machine(tmp_path, wall=HOUR)
    await machine.seal()
    machine.wall = AT
    await machine.keeper.look()
    assert await machine.keeper.spool.call(Spool.drop_old) == 0
    ((kind, active, details),) = await machine.told()
    assert (kind, active, details["readings_follow"]) == ("clock_step", True, True)


async def test_a_correction_back_is_told_until_a_second_check_agrees(tmp_path: Path) -> None:
    machine = Machine(tmp_path, wall=AT + HOUR)
    await machine.seal()
    assert -HOUR <= await machine.check(AT) <= -HOUR + SECOND
    await machine.check(AT)
    told = await machine.told()
    assert [(kind, active) for kind, active, _ in told] == [
        ("clock_back", True),
        ("clock_back", False),
    ]

    machine.boot += 7 * DAY + SECOND
    assert await machine.keeper.spool.call(Spool.drop_old) == 3, "its age went back too"


async def test_a_collector_whose_own_clock_is_lost_checks_nobodys(machine: Machine) -> None:
    assert await machine.check(1_000_000_000) == 0
    assert machine.time.unchecked()
    assert machine.time.now() == AT


async def test_a_restart_ends_what_the_process_before_had_open(tmp_path: Path) -> None:
    before = Machine(tmp_path)
    await before.check(AT)
    before.wall += HOUR
    await before.keeper.look()
    await before.keeper.spool.close()

    after = Machine(tmp_path)
    await after.check(AT)
    assert [active for _, active, _ in await after.told()] == [True, False]


async def test_what_the_disk_refused_to_hear_is_told_later(machine: Machine) -> None:
    await refusing(machine, True)
    machine.wall += HOUR
    with pytest.raises(SpoolError):
        await machine.keeper.look()

    await refusing(machine, False)
    assert await machine.keeper.look()
    assert [kind for kind, _, _ in await machine.told()] == ["clock_step"]


async def test_an_event_that_does_not_fit_into_memory_is_named(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    await refusing(machine, True)
    for _ in range(MOST_HELD + 3):
        machine.wall += HOUR
        with pytest.raises(SpoolError):
            await machine.keeper.look()
    assert caplog.text.count("clock_step at") == 3
    await refusing(machine, False)
    assert await machine.keeper.look()


async def test_time_servers_check_the_clock_without_any_receipt(tmp_path: Path) -> None:
    machine = Machine(tmp_path, wall=AT + HOUR)
    await machine.seal()
    assert await machine.serve(AT - SECOND, asked_ago=SECOND), "that time went back is news"
    assert machine.time.now() == AT
    assert machine.time.unchecked(), "one answer that is far off does not pass for the truth"

    assert await machine.serve(AT)
    assert not machine.time.unchecked()
    assert [(kind, active) for kind, active, _ in await machine.told()] == [
        ("clock_back", True),
        ("clock_back", False),
    ]
    assert not await machine.serve(AT)


async def test_time_servers_without_a_time_check_nothing(machine: Machine) -> None:
    assert not await machine.serve(HOUR)
    assert machine.time.unchecked()
    assert await machine.check(AT + HOUR) != 0, "and receipts go on to correct"


async def test_a_collector_that_is_off_does_not_pull_against_time_servers(
    machine: Machine,
) -> None:
    await machine.serve(AT)
    for _ in range(3):
        assert await machine.check(AT + HOUR) == 0
    assert machine.time.now() == AT
    assert not machine.time.unchecked()
    assert await machine.told() == []


async def test_a_receipt_confirms_what_time_servers_said(machine: Machine) -> None:
    await machine.serve(AT)
    machine.wall += HOUR
    assert await machine.keeper.look()
    assert await machine.check(AT + HOUR) == 0
    assert machine.time.unchecked(), "whoever believes the step is no witness against it"

    assert await machine.check(AT) == 0
    assert not machine.time.unchecked()


async def test_after_a_day_without_time_servers_receipts_correct_again(machine: Machine) -> None:
    await machine.serve(AT)
    machine.boot += DAY + SECOND
    assert await machine.check(AT + HOUR) != 0
    assert abs(machine.time.now() - AT - HOUR) < SECOND


async def refusing(machine: Machine, refuses: bool) -> None:
    pragma = f"PRAGMA query_only={int(refuses)}"
    await machine.keeper.spool.call(lambda spool: spool._db.execute(pragma).fetchone())
