"""Two machines with one identity: both are accepted, people are told, and one gets another name."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from agent.spool import Spool
from collector.store.sqlite import SqliteStore
from core.types import Identity
from tests.e2e import witness
from tests.e2e.accounts import points_in, points_of
from tests.e2e.district import LOAD, Agent, District, make
from tests.e2e.programs import AGENT, REGION, SCHOOL, Program, agent_toml
from tests.e2e.seen import Seen
from tests.e2e.statements import lines_of
from tests.real.brokers import RealBroker
from tests.waiting import until_sync


@pytest.fixture
def district(tmp_path: Path, mosquitto: RealBroker) -> Iterator[District]:
    made = make(tmp_path, mosquitto, LOAD)
    try:
        yield made
    finally:
        made.end()


def cloned(district: District) -> Agent:
    """Return a second machine that was made of the first before that had run: all but its spool."""
    folder = district.folder / "clone"
    folder.mkdir()
    toml = agent_toml(folder, district.broker, LOAD)
    clone = replace(
        district.agent,
        folder=folder,
        program=Program(["agent", "run", "--config", str(toml)], folder / "agent.log"),
    )
    Spool(clone.spool).close()
    witness.watch(clone.spool)
    district.agents.append(clone)
    return clone


def all_stored(district: District, agent: Agent, *names: Identity) -> bool:
    """Return whether all that has left the spool of *agent* is stored, under one of *names*."""
    with closing(SqliteStore(district.files / "store.db")) as store:
        stored = {point for who in names for point in points_in(store, who)}
    left = [sealed for sealed in agent.hear().left if sealed.key.lane == "readings"]
    lines = [line for sealed in left for line in lines_of(sealed)]
    return bool(lines) and all(
        any(set(points_of(line, who)) <= stored for who in names) for line in lines
    )


@pytest.mark.slow
def test_two_machines_with_one_identity_lose_nothing_and_are_named_until_one_is_renamed(
    district: District,
) -> None:
    seen, first = Seen(district), district.agent
    second, shared = cloned(district), first.who
    district.start_collector()
    for machine in (first, second):
        machine.program.start()
    (record,) = seen.until_audited("identity_twice", seconds=120)
    epochs = {sealed.key.epoch for one in (first, second) for sealed in one.hear().sealed}
    assert (record["target"], set(record["details"]["epochs"])) == (str(shared), epochs)
    assert district.collector.said("give one of them another name in [identity]")
    assert seen.until_asked("ledger", "two machines use this identity") == 1
    assert set(seen.account()["two_machines"]) == epochs
    assert "两台电脑在使用同一个身份" in seen.get(f"/schools/{REGION}/{SCHOOL}/{AGENT}")[1]
    until_sync(lambda: first.taken() > 500 and second.taken() > 500, 60)

    assert second.program.stop() == 0
    agent_toml(second.folder, district.broker, LOAD, agent="pc-2")
    second.who = structs.replace(shared, agent="pc-2")
    second.program.start()
    assert first.program.stop() == 0
    first.program.start()
    until_sync(lambda: seen.account(shared)["two_machines"] == [], 60)
    until_sync(lambda: seen.state(second.who) == ("up", ""), 60)
    # What came under the old name, the new one cannot account for.
    until_sync(lambda: set(seen.missing(second.who)) <= {"ledger_restored"}, 120)
    until_sync(lambda: set(seen.missing(shared)) <= {"expected"}, 60)
    for machine in (first, second):
        mark = machine.sealed()
        until_sync(lambda: not machine.held(mark), 60)  # noqa: B023
        assert machine.program.stop() == 0
    assert district.collector.stop() == 0
    assert all_stored(district, first, shared)
    assert all_stored(district, second, shared, second.who)
    assert len(seen.audited("identity_twice")) == 1
    keys = [(r["agent"], r["epoch"], r["seq"], r["index"]) for r in seen.audited()]
    assert len(keys) == len(set(keys))
