"""The agent's own files: changes that somebody announced, and those that nobody did."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.accepted import Accepted
from agent.watchers import integrity
from agent.watchers.baseline import Seen, program_files
from agent.watchers.integrity import (
    ALTERED,
    BASELINE,
    FILE,
    NAMED,
    OTHERS,
    Integrity,
    IntegrityWatcher,
)
from core.clock import SECOND
from core.types import Event
from tests.agent.watchers.watched import Watched, watching
from tests.waiting import until

NOW = 1_795_374_585 * SECOND
SAME = {"agent/app.py": Seen("a", 0, 0o644), "agent.toml": Seen("c", 0, 0o640)}


def told(state: Integrity, files: Mapping[str, Seen], accepted: str = "c") -> list[Any]:
    found = state.take(files, "agent.toml", accepted, NOW)
    events = [one for one in found if isinstance(one, Event) and one.active]
    return [(one.subject, one.details.get("changed")) for one in events]


def test_the_first_start_makes_a_baseline_and_says_so() -> None:
    state = Integrity("pc-1", version="")
    assert told(state, SAME) == [("first", None)]
    assert [told(state, SAME) for _ in range(3)] == [[], [], []]


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        (Seen("b", 0, 0o644), ["content"]),
        (Seen("a", 1000, 0o644), ["owner"]),
        (Seen("a", 0, 0o666), ["mode", "world_writable"]),
        (None, ["gone"]),
    ],
)
def test_a_file_that_stays_changed_is_told_at_the_second_look(
    now: Seen | None, changed: list[str]
) -> None:
    state = Integrity("pc-1", dict(SAME))
    told(state, SAME)
    files = {**SAME, "agent/app.py": now} if now else {"agent.toml": SAME["agent.toml"]}
    assert told(state, files) == []
    assert told(state, files) == [("agent/app.py", changed)]
    found = [*state.take(SAME, "agent.toml", "c", NOW), *state.take(SAME, "agent.toml", "c", NOW)]
    (gone,) = found
    assert not isinstance(gone, Event)
    assert not gone.there("agent/app.py")


def test_a_file_that_was_put_beside_the_program_is_told() -> None:
    state, files = Integrity("pc-1", dict(SAME)), {**SAME, "core/more.py": Seen("x", 0, 0o644)}
    told(state, SAME)
    assert [told(state, files), told(state, files)] == [[], [("core/more.py", ["new"])]]


def test_of_very_many_files_most_are_counted_only() -> None:
    state = Integrity("pc-1", {})
    files = {f"agent/{number:03d}.py": Seen("a", 0, 0o644) for number in range(NAMED + 5)}
    told(state, files)
    found = told(state, files)
    assert (len(found), found[-1][0]) == (NAMED + 1, OTHERS)


def test_an_update_is_a_new_baseline_and_no_alteration() -> None:
    state = Integrity("pc-1", dict(SAME), version="0.0.9")
    files = {**SAME, "agent/app.py": Seen("new", 0, 0o644)}
    assert told(state, files) == [("update", None)]
    assert [told(state, files) for _ in range(3)] == [[], [], []]


def test_a_configuration_that_the_agent_took_is_announced_and_one_that_it_did_not_is_none() -> None:
    state = Integrity("pc-1", dict(SAME))
    edited = {**SAME, "agent.toml": Seen("d", 0, 0o640)}
    told(state, SAME)
    assert [told(state, edited), told(state, edited)] == [[], [("agent.toml", ["content"])]]
    assert told(state, edited, accepted="d") == [("configuration", None)]
    assert [told(state, edited, accepted="d") for _ in range(2)] == [[], []]


def test_a_reload_excuses_no_other_file_and_no_other_mode() -> None:
    state = Integrity("pc-1", dict(SAME))
    told(state, SAME)
    files = {"agent/app.py": Seen("b", 0, 0o644), "agent.toml": Seen("d", 0, 0o646)}
    assert told(state, files, accepted="d") == [("configuration", None)]
    assert told(state, files, accepted="d") == [
        ("agent.toml", ["mode", "world_writable"]),
        ("agent/app.py", ["content"]),
    ]


class Machine:
    """A program of one file and its configuration, and the watcher of both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program, config = folder / "app.py", folder / "agent.toml"
        self.program.write_text("safe = True\n")
        config.write_text("# one\n")
        self.accepted = Accepted(config)
        self.accepted.take()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[Watched]:
        watcher = IntegrityWatcher(
            look_every_s=0.05,
            spool_folder=self.folder,
            accepted=self.accepted,
            files=lambda: {"agent/app.py": self.program},
        )
        async with watching(watcher) as watched:
            await until((self.folder / FILE).exists)
            yield watched


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


async def test_a_real_file_that_is_changed_is_told_until_it_is_put_back(machine: Machine) -> None:
    async with machine.watched() as watched:
        await watched.next(BASELINE, active=True, subject="first")
        machine.program.write_text("safe = False\n")
        event = await watched.next(ALTERED, active=True)
        assert event.details["changed"] == ["content"]
        assert "False" not in str(event)
        machine.program.write_text("safe = True\n")
        await until(lambda: not watched.gone[-1].there("agent/app.py"))


async def test_what_is_changed_while_the_agent_is_down_is_told_when_it_is_up(
    machine: Machine,
) -> None:
    async with machine.watched() as watched:
        await watched.next(BASELINE, active=True, subject="first")
    machine.program.chmod(0o666)
    async with machine.watched() as watched:
        await watched.next(BASELINE, active=True, subject="start")
        event = await watched.next(ALTERED, active=True)
        assert event.details["changed"] == ["mode", "world_writable"]


async def test_a_baseline_that_is_rewritten_is_told_and_put_back(machine: Machine) -> None:
    async with machine.watched() as watched:
        await until(lambda: (machine.folder / FILE).stat().st_size > 0)
        await watched.next(BASELINE, active=True)
        right = (machine.folder / FILE).read_bytes()
        (machine.folder / FILE).write_text("{}")
        event = await watched.next(ALTERED, active=True, subject=FILE)
        assert event.details["changed"] == ["content"]
        await watched.next(ALTERED, active=False, subject=FILE)
        assert (machine.folder / FILE).read_bytes() == right


async def test_a_baseline_that_is_rewritten_while_the_agent_is_down_has_another_digest(
    machine: Machine,
) -> None:
    async with machine.watched() as watched:
        first = await watched.next(BASELINE, active=True)
    machine.program.write_text("safe = False\n")
    (machine.folder / FILE).unlink()
    async with machine.watched() as watched:
        second = await watched.next(BASELINE, active=True, subject="first")
    assert first.details["digest"] != second.details["digest"]


def test_the_files_of_the_program_are_those_that_run() -> None:
    files = program_files()
    assert files["agent/watchers/integrity.py"] == Path(integrity.__file__)
    assert {"core/kinds.py", "agent/profiles/printer.toml", "schoolwatch.py"} <= files.keys()
