"""kill -9 of each part at each time: what wire.md says must hold holds on real processes."""

from pathlib import Path

from tests.e2e.district import LOAD, make, running
from tests.real.brokers import RealBroker
from tests.waiting import until_sync


def test_a_killed_collector_replays_its_agents_backlog(
    tmp_path: Path, mosquitto: RealBroker
) -> None:
    district = make(tmp_path, mosquitto, LOAD)
    district.agent.fill(60, 30)
    with running(district):
        until_sync(lambda: district.agent.held() < 60, 60)
        district.collector.kill()
        assert district.broken() == []
        district.start_collector()
        (heard,) = district.prove()
        assert len(heard.left) >= 90
