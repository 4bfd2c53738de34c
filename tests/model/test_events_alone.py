"""An agent of the model that has events to send and no readings."""

from pathlib import Path

from agent.delivery import EVENTS_PER_READINGS
from tests.model.ghost import held_keys
from tests.model.world import World


def test_events_wait_for_no_readings(tmp_path: Path) -> None:
    world = World(tmp_path)
    agent = world.agent(0)
    for _ in range(EVENTS_PER_READINGS + 3):
        agent.connect()
        world.exchange()
        assert held_keys(agent) == []
