"""What the collector shows the alert rules of itself."""

from alerts.match import small
from collector.door import Door
from collector.systemsight import SystemSight
from core.clock import SECOND
from tests.collector.making import Clock


def test_troubles_of_the_collector_are_wrong_from_when_they_were_seen_first() -> None:
    clock = Clock()
    door = Door(clock)
    for channel in ("readings", "state"):
        door.connected(channel)
    names = [f"第{n}实验小学" for n in range(1_000)]
    system = SystemSight("d1", door, lambda: names)
    first = system.due(clock.at)
    assert first is not None
    assert not first.wrong
    assert system.due(clock.at) is None, "not each time"

    door.troubled("events", "no space left")
    clock.at += 5 * SECOND
    began = clock.at
    assert system.due(clock.at) is not None
    clock.at += 60 * SECOND
    door.disconnected("readings")
    later = system.due(clock.at)
    assert later is not None
    assert [(one.kind, one.place, one.since) for one in later.wrong] == [
        ("audit_stopped", "collector/d1", began),
        ("broker_away", "", clock.at),
    ]
    away = later.wrong[-1].details
    assert away["count"] == 1_000
    assert 10 < len(away["schools"]) < 100
    assert small(away) is away, "not left out for its size"
    door.connected("readings")
    door.troubled("events", "")
    clock.at += 5 * SECOND
    healed = system.due(clock.at)
    assert healed is not None
    assert not healed.wrong
