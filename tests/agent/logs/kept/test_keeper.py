"""All devices over months: what is told, what is read, and what a small or full disk does to it."""

import asyncio
import gzip
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.conditions import Tellable
from agent.logs.kept import keeper as keeper_module
from agent.logs.kept.keeper import Keeper
from agent.logs.kept.seals import told
from agent.logs.kept.verify import check_device
from core.clock import SECOND
from core.measurements.firewall import MEASUREMENTS
from core.types import Event
from tests.agent.logs.kept.making import DAY, NOON, row
from tests.real import disks

(CATALOGUED,) = (one for one in MEASUREMENTS if one.name == "log_kept")


class Play:
    """A keeper whose clock the test moves, and what it told."""

    def __init__(self, folder: Path, *devices: str, most_mb: int = 100) -> None:
        self.at = NOON
        self.folder = folder
        self.devices = devices or ("fw-1",)
        self.most_mb = most_mb
        self.events: list[Event] = []
        self.keeper = self.started()

    def started(self) -> Keeper:
        self.keeper = Keeper(
            *(self.folder, self.devices, self.most_mb, 184, "pc-1"),
            now=lambda: self.at,
            boot=lambda: self.at,
        )
        return self.keeper

    async def turn(self, *rows: bytes, device: str = "fw-1", passed: int = 0) -> None:
        self.at += passed
        for one in rows:
            self.keeper.take(device, one, self.at)
        found: list[Tellable] = await self.keeper.write()
        found += await self.keeper.mind()
        self.events += [one for one in found if isinstance(one, Event)]

    def of(self, kind: str) -> list[bool]:
        return [one.active for one in self.events if one.kind == kind]

    def last(self, kind: str) -> Any:
        return next(one.details for one in reversed(self.events) if one.kind == kind)

    def read(self, device: str = "fw-1") -> dict[str, Any]:
        for one in self.keeper.readings(self.at):
            assert one.fields.keys() <= CATALOGUED.fields.keys()
            if one.tags == {"device": device}:
                return dict(one.fields)
        raise AssertionError(device)


def seals(events: Iterable[Event]) -> list[str]:
    return [one.subject for one in events if one.kind == "log_day_sealed" and one.active]


async def test_a_log_is_young_until_it_is_184_days_old_and_every_day_is_sealed_once(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path)
    states = []
    for day in range(186):
        await play.turn(row(day), passed=DAY if day else 0)
        states.append(play.read()["state"])
    assert states[:184] == ["young"] * 184
    assert set(states[184:]) == {"kept"}
    assert play.read()["oldest_age_s"] == 185 * 86_400
    assert len(seals(play.events)) == len(set(seals(play.events))) == 185
    assert play.of("log_day_sealed")[:2] == [True, False]
    assert [play.of(kind) for kind in ("log_rows_lost", "log_keep_short", "log_day_damaged")] == [
        *([False], [False], [False]),
    ]
    known = [one.details for one in play.events if one.kind == "log_day_sealed" and one.active]
    assert list(check_device(tmp_path / "fw-1", known)) == []


async def test_what_the_district_hears_of_a_day_is_its_seal_and_no_row(tmp_path: Path) -> None:
    play = Play(tmp_path)
    await play.turn(b"<1>Zhang San 110101201001011234", passed=0)
    await play.turn(passed=DAY)
    details = next(one.details for one in play.events if one.kind == "log_day_sealed")
    (seal,) = play.keeper.shelves["fw-1"].book.seals.values()
    assert details == {"device": "fw-1", **told(seal)}
    assert (details["first_at"], details["rows"]) == ("2026-11-21T12:00:00Z", 1)
    assert "Zhang" not in str(play.events)


async def test_seals_that_a_power_cut_kept_back_are_told_after_it(tmp_path: Path) -> None:
    play = Play(tmp_path)
    await play.turn(row(1))
    play.at += DAY
    await play.keeper.write()
    play.keeper.shelves["fw-1"].book.seal()  # and then the power goes
    play.started()
    await play.turn()
    await play.turn()
    assert seals(play.events) == ["fw-1/2026-11-21"]
    play.started()
    await play.turn()
    assert seals(play.events) == ["fw-1/2026-11-21"], "told once"


async def test_too_little_room_is_told_before_and_after_the_oldest_days_go(tmp_path: Path) -> None:
    play = Play(tmp_path, most_mb=1)
    noise = Random(11)
    told_at = dropped_at = None
    for day in range(30):
        await play.turn(*[noise.randbytes(8_000) for _ in range(12)], passed=DAY)
        if told_at is None and any(play.of("log_keep_short")):
            told_at = day
        if dropped_at is None and play.read()["dropped_days"]:
            dropped_at = day
    assert told_at is not None
    assert dropped_at is not None
    assert play.last("log_keep_short")["wanted_days"] == 184
    assert play.read()["state"] == "short"
    assert play.read()["bytes"] <= 1_400_000
    assert list(check_device(tmp_path / "fw-1")) == [], "what was dropped is accounted"


async def test_a_day_that_was_altered_is_found_in_its_turn_and_well_again_when_put_back(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path)
    for day in range(6):
        await play.turn(row(day), passed=DAY)
    path = tmp_path / "fw-1/2026-11-24.log.gz"
    good = path.read_bytes()
    path.write_bytes(gzip.compress(gzip.decompress(good).replace(b"row", b"wor")))
    days = 0
    while not any(play.of("log_day_damaged")):
        await play.turn(row(days), passed=DAY)
        days += 1
        assert days < 15, "each day has its turn"
    details = play.last("log_day_damaged")
    assert (details["file"], details["days"]) == ("2026-11-24", 1)
    assert details["why"].startswith("altered")
    assert play.read()["damaged"] == 1
    play.started()  # it is known after a start as well
    await play.turn(passed=DAY)
    assert play.read()["damaged"] == 1
    path.write_bytes(good)
    await play.turn(passed=DAY)
    assert (play.of("log_day_damaged")[-1], play.read()["damaged"]) == (False, 0)


async def test_a_day_that_is_missing_is_found_at_the_next_look_whichever_turn_it_is(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path)
    for day in range(6):
        await play.turn(row(day), passed=DAY)
    (tmp_path / "fw-1/2026-11-22.log.gz").unlink()
    (tmp_path / "fw-1/2026-11-25.log.gz").unlink()
    await play.turn(passed=DAY)
    details = play.last("log_day_damaged")
    assert (details["days"], details["file"]) == (2, "2026-11-22")
    assert play.read()["oldest_age_s"] < 6 * 86_400, "what cannot be read makes no log old"


async def test_rows_that_are_lost_are_told_with_why_until_an_hour_is_quiet(tmp_path: Path) -> None:
    play = Play(tmp_path)
    await play.turn(row(1))
    play.keeper.miss("fw-1", "sequence", 3)
    play.keeper.miss("fw-1", "port", 2)
    await play.turn(row(2), passed=SECOND)
    details = play.last("log_rows_lost")
    assert (details["rows"], details["why"]) == (5, "sequence 3, port 2")
    await play.turn(passed=3_599 * SECOND)
    assert play.of("log_rows_lost") == [False, True]
    await play.turn(passed=SECOND)
    assert play.of("log_rows_lost") == [False, True, False]
    await play.turn(passed=DAY)
    seal = next(one.details for one in play.events if one.kind == "log_day_sealed")
    assert seal["gaps"] == {"port": 2, "sequence": 3}


async def test_memory_is_bounded_and_what_has_no_room_in_it_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "MOST_HELD", 10_000)
    play = Play(tmp_path)
    await play.turn(*[b"x" * 850] * 100)
    assert (play.read()["rows"], play.read()["lost"]) == (11, 89)
    await play.turn(b"x")
    assert (play.read()["rows"], play.read()["lost"]) == (12, 89)


async def test_a_full_disk_is_told_and_the_agent_goes_on_with_the_other_device(
    tmp_path: Path,
) -> None:
    with disks.small(tmp_path / "disk", 1) as disk:
        (tmp_path / "well").mkdir()
        (disk / "fw-1").mkdir()
        (tmp_path / "well/fw-1").symlink_to(disk / "fw-1")
        play = Play(tmp_path / "well", "fw-1", "fw-2")
        await play.turn(row(1))
        filler = disks.fill(disk)
        play.keeper.take("fw-2", row(1), play.at)
        await play.turn(b"x" * 8_000)
        assert (play.read()["lost"], play.read("fw-2")["rows"]) == (1, 1)
        assert play.last("log_rows_lost")["why"] == "disk 1"
        filler.unlink()
        await play.turn(row(2))
        assert (play.read()["rows"], play.read()["lost"]) == (2, 1)
        await play.turn(passed=DAY)
        assert list(check_device(disk / "fw-1")) == []
        play.keeper.close()


async def test_what_is_held_is_written_when_the_agent_stops(tmp_path: Path) -> None:
    play = Play(tmp_path)
    play.keeper.take("fw-1", row(1), NOON)
    play.keeper.close()
    assert (tmp_path / "fw-1/2026-11-21.log").read_bytes().endswith(row(1) + b"\n")


def test_what_was_open_of_a_device_that_is_gone_ends(tmp_path: Path) -> None:
    gone = list(Play(tmp_path).keeper.gone(NOON))
    assert {one.kind for one in gone} == {"log_keep_short", "log_day_damaged"}
    assert [one.there("fw-1") for one in gone] == [True] * 2
    assert not gone[0].there("sold")


async def test_it_runs_beside_others_until_it_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "EVERY_S", 0.01)
    play, heard = Play(tmp_path), list[Tellable]()
    running = asyncio.create_task(play.keeper.run(heard.extend))
    async with asyncio.timeout(30):
        while not heard:
            play.keeper.take("fw-1", row(1), play.at)
            play.at += DAY
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    play.keeper.close()


async def test_a_defect_while_rows_are_written_counts_them_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play(tmp_path)
    book = play.keeper.shelves["fw-1"].book
    with monkeypatch.context() as patched:
        patched.setattr(book, "append", lambda *_: 1 / 0)
        await play.turn(row(1), row(2))
    await play.turn(row(3))
    assert (play.read()["rows"], play.read()["lost"]) == (1, 2)


async def test_seals_that_were_not_handed_on_before_the_agent_stopped_are_told_again(
    tmp_path: Path,
) -> None:
    play = Play(tmp_path)
    await play.turn(row(1))
    play.at += DAY
    await play.keeper.write()
    await play.keeper.mind()  # and is stopped before anybody hears of it
    play.started()
    await play.turn()
    assert seals(play.events) == ["fw-1/2026-11-21"]


@pytest.mark.parametrize("restarts", [False, True])
async def test_seals_that_somebody_changes_are_told_until_they_are_put_back(
    tmp_path: Path, restarts: bool
) -> None:
    play = Play(tmp_path)
    for day in range(4):
        await play.turn(row(day), passed=DAY)
    path = tmp_path / "fw-1/seals.jsonl"
    good = path.read_bytes()
    path.write_bytes(good.replace(b'"rows":1', b'"rows":0', 1))
    if restarts:
        play.started()
    play.at += DAY
    await play.turn()
    assert play.last("log_day_damaged")["why"].startswith("seals.jsonl")
    kept = path.read_bytes()
    path.write_bytes(good + kept[len(good) :])
    await play.turn(passed=DAY)
    assert play.of("log_day_damaged")[-1] is False
