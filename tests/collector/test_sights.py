"""What the collector shows the alert rules of itself and of the live picture."""

from collector.door import Door
from collector.picture import AgentView, Cause, Picture, SchoolView, State, Verdict
from collector.picturesight import sight_of
from collector.systemsight import SystemSight
from core.clock import SECOND
from core.types import Identity
from tests.collector.making import NOW, OTHER, WHO, Clock


def view(who: Identity, state: State, cause: Cause = "") -> AgentView:
    return AgentView(who, Verdict(state, cause, NOW - 9), NOW, "0.1.0", "", 0, 0.0, False)


def picture(*agents: AgentView, line: Verdict) -> Picture:
    schools = [SchoolView(a.who.region, a.who.school, "", True, line, (a,)) for a in agents]
    return Picture(NOW, "d1", True, tuple(schools))


def test_silence_and_a_will_are_told_and_a_stop_is_not() -> None:
    third = Identity(WHO.region, "school-3", "host")
    agents = view(WHO, "unknown", "silent"), view(OTHER, "unknown", "will"), view(third, "stopped")
    sight = sight_of(picture(*agents, line=Verdict("unknown", "silent", 0)))
    assert [(one.kind, one.place, one.since) for one in sight.wrong] == [
        ("agent_silent", str(WHO), NOW - 9),
        ("agent_silent", str(OTHER), NOW - 9),
    ]
    assert sight.unknown == set()


def test_where_the_collector_is_cut_off_nobody_is_silent_and_nobody_is_well() -> None:
    away = Verdict("unknown", "broker", NOW)
    sight = sight_of(picture(view(WHO, "unknown", "broker"), line=away))
    assert sight.wrong == []
    assert sight.unknown == {str(WHO), f"{WHO.region}/{WHO.school}"}


def test_a_line_that_is_down_is_told_with_the_school_as_its_place() -> None:
    sight = sight_of(picture(view(WHO, "up"), line=Verdict("down", "", NOW - 5)))
    assert [(one.kind, one.place, one.since) for one in sight.wrong] == [
        ("line_down", f"{WHO.region}/{WHO.school}", NOW - 5)
    ]


def test_troubles_of_the_collector_are_wrong_from_when_they_were_seen_first() -> None:
    clock = Clock()
    door = Door(clock)
    for channel in ("readings", "state"):
        door.connected(channel)
    system = SystemSight("d1", door)
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
    door.connected("readings")
    door.troubled("events", "")
    clock.at += 5 * SECOND
    healed = system.due(clock.at)
    assert healed is not None
    assert not healed.wrong
