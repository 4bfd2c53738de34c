"""What several detectors have to know is learnt once."""

from collections import Counter

from agent.sensor.facts import Dns, Tcp
from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from agent.sensor.watching import Watching, watching
from tests.packets.addresses import packed

ROUTER, OWN, EDGE = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", b"\2\0\0\0\0\3"
CLIENT, RESOLVER = packed("10.2.0.9"), packed("10.1.0.2")


def all_at_work(told: list[Incident]) -> Watching:
    return watching(Network(), lambda incident, stage: told.append(incident))


def test_all_detectors_together_keep_one_of_each_table_that_they_share() -> None:
    found = Counter(type(one).__name__ for one in all_at_work([]).learners)
    assert found == {"Routers": 1, "Gateways": 1, "Contests": 1, "Contacts": 1}


def test_what_no_detector_asks_for_is_not_learnt() -> None:
    alone = watching(Network(), lambda *_: None, {"broadcast_storm": {}})
    assert list(alone.learners) == []


def test_a_router_seen_by_one_detectors_facts_is_known_to_the_others() -> None:
    """A client behind a router: its tunnel names it by address, never by the router's MAC."""
    for routed, mac in ((True, b""), (False, EDGE)):
        told: list[Incident] = []
        at_work = all_at_work(told)
        if routed:  # to three of the school's networks by one MAC
            for net in range(3):
                there = bytes((10, net + 5, 0, 1))
                at_work.take(Tcp(0.5, 1, 0, OWN, EDGE, RESOLVER, there, 5000, 22, 16, 9, 9, ""))
        for number in range(20):
            head = (1 + number, number + 2, 0, EDGE, ROUTER)
            name = f"data{number:028}.t.example.org"
            at_work.take(Dns(*head, CLIENT, RESOLVER, False, name, 10, 0, 90, number))
        assert [(one.kind, one.source.mac) for one in told[:1]] == [("dns_tunnel", mac)]
