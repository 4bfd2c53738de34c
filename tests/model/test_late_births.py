"""A birth of an earlier process that comes late, to a collector whose ledger was lost."""

from pathlib import Path

from tests.model.machine import forget_file
from tests.model.world import World


def test_a_birth_that_came_too_late_is_made_good_by_asking(tmp_path: Path) -> None:
    world = World(tmp_path)
    agent, district = world.agent(0), world.district
    world.exchange()
    old = world.broker.retained[agent.uplink.presence.topic]
    district.crash()
    forget_file(district.ledger_path)
    district.start()
    agent.crash()
    agent.start()
    agent.connect()
    world.exchange()
    world.broker.up["state"].append(old)
    world.exchange()
    birth = district.books.live.state(agent.who).birth
    assert birth is not None
    assert birth.epoch != agent.spool.epoch

    world.settle()
    birth = district.books.live.state(agent.who).birth
    assert birth is not None
    assert birth.epoch == agent.spool.epoch
