"""A receipt that names a batch with another crc, to an agent of the model."""

from pathlib import Path

import pytest

from core import messages
from core.messages import Receipt
from tests.model.ghost import held_keys
from tests.model.world import World


@pytest.mark.parametrize("part", ["got", "refused", "conflict"])
def test_a_receipt_for_other_bytes_leaves_the_batch_on_its_way(part: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    agent = world.agent(0)
    world.take(agent, "good", seal=True)
    agent.turn()
    [(key, crc)] = [held for held in held_keys(agent) if held[0].lane == "readings"]
    births, epoch, sent = agent.uplink.presence.births, agent.spool.epoch, agent.broker.up
    readings = list(sent["readings"])

    keys = {"readings": {key.epoch: [(key.seq, messages.crc_text(crc ^ 1))]}}
    receipt = Receipt(collector="d1", time=1, **{part: keys})  # type: ignore[arg-type]
    world.hear(agent, messages.encode(receipt))
    assert (key, crc) in held_keys(agent)
    assert key in agent.uplink.delivery.out
    assert sent["readings"] == readings
    assert (agent.uplink.presence.births, agent.spool.epoch) == (births, epoch)

    world.exchange()
    assert held_keys(agent) == []
