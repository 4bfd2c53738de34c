"""A `closed` that rests on what another machine of the same name told (docs/decisions/004)."""

from pathlib import Path

import pytest

from core import messages
from tests.model.agent import Agent
from tests.model.mutants_agent import drops_that_nobody_was_told_of_are_forgotten
from tests.model.mutants_collector import epochs_close_while_batches_are_expected
from tests.model.world import World


def restart(agent: Agent) -> None:
    """End a process by kill -9 and begin the next, which says what it holds."""
    agent.crash()
    agent.start()
    agent.connect()
    agent.turn()


def fill(world: World, agent: Agent) -> None:
    """Let the readings of an earlier process give way to newer ones."""
    for _ in range(20):
        world.take(agent, "good", seal=True)


def closed_by_the_twin(world: World) -> str:
    """Play two machines with one memory, of which the first sealed one batch more.

    The second drops what it sealed, and tells of it. The first tells that it holds all three
    batches, drops them after that, and hears that the epoch is closed: with its two batches.
    """
    agent = world.agent(0)
    world.exchange()
    world.clone(agent)
    twin, epoch = world.agents[-1], agent.spool.epoch
    for machine in (agent, twin, agent, twin, agent):
        world.take(machine, "good", seal=True)
    restart(twin)
    fill(world, twin)
    twin.connect()
    twin.turn()
    restart(agent)
    fill(world, agent)
    world.district.collect("state")
    world.district.flush()
    assert messages.read_receipt(world.broker.down[agent.who][-1]).closed == [epoch]
    world.hear_all(agent)
    return epoch


def test_it_leaves_a_drop_that_this_machine_has_not_told(tmp_path: Path) -> None:
    world = World(tmp_path, max_bytes=600)
    epoch = closed_by_the_twin(world)
    world.check()
    dropped = [report.dropped for report in world.agent(0).spool.report()[0]]
    assert epoch == world.agent(0).spool.report()[0][0].epoch
    assert [(1, 3, "full")] in dropped
    world.settle()


def test_without_that_rule_the_third_batch_is_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops_that_nobody_was_told_of_are_forgotten(monkeypatch)
    world = World(tmp_path, max_bytes=600)
    closed_by_the_twin(world)
    with pytest.raises(AssertionError, match="nowhere"):
        world.check()


def test_a_collector_that_closes_what_it_expects_loses_what_was_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schedule for a rule of the collector that chance seldom shows beside that of the agent."""
    epochs_close_while_batches_are_expected(monkeypatch)
    world = World(tmp_path, max_bytes=600)
    agent = world.agent(0)
    world.exchange()
    for _ in range(3):
        world.take(agent, "good", seal=True)
    restart(agent)
    world.district.collect("state")
    world.district.flush()
    receipt = world.broker.told[agent.who][-1]
    assert messages.read_receipt(receipt).closed
    fill(world, agent)
    agent.connect()
    agent.turn()
    world.check()
    world.hear(agent, receipt)
    with pytest.raises(AssertionError, match="nowhere"):
        world.check()
