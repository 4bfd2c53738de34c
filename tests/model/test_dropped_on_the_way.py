"""An agent of the model whose full spool drops what is on its way."""

from pathlib import Path

from tests.model.ghost import held_keys
from tests.model.world import World


def test_what_was_dropped_on_its_way_takes_no_place_in_the_window(tmp_path: Path) -> None:
    world = World(tmp_path, max_bytes=600)
    agent = world.agent(0)
    world.exchange()
    delivery = agent.uplink.delivery
    for _ in range(30):
        world.take(agent, "good", seal=True)
        world.turn(agent)
        world.broker.up["readings"].clear()
    assert agent.spool.dropped_batches
    held = {key for key, _ in held_keys(agent)}
    assert {key for key in delivery.out if key.lane == "readings"} <= held
    assert delivery.out
