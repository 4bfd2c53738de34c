"""What several detectors have to know is learnt once."""

from collections import Counter
from typing import Any

import pytest

from agent.sensor.facts import Arp, Dns, Tcp
from agent.sensor.incidents import Incident
from agent.sensor.network import Network
from agent.sensor.tables import Bounded
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


def test_every_table_is_asked_what_it_forgot(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Bounded[Any, Any]] = []
    begin = Bounded.__init__

    def noted(self: Bounded[Any, Any], *args: Any, **more: Any) -> None:
        made.append(self)
        begin(self, *args, **more)

    monkeypatch.setattr(Bounded, "__init__", noted)
    at_work = all_at_work([])
    assert len(made) > 40
    for number, table in enumerate(made, 1):
        table.lost += 1
        assert at_work.forgotten == number


def test_ordinary_traffic_pushes_nothing_out_and_made_up_machines_do() -> None:
    at_work = all_at_work([])
    for number in range(30_000):
        client, server = bytes((10, 0, 0, number % 200)), bytes((45, 9, number >> 8, number & 255))
        mac = b"\2\0\0\0\1" + client[3:]
        head = (number / 50, number, 0, mac, ROUTER)
        at_work.take(Tcp(*head, client, server, 1024 + number, 443, 2, number, 0, ""))
        at_work.take(Arp(*head[:4], b"\xff" * 6, 1, mac, client, bytes(6), bytes((10, 0, 0, 254))))
    assert at_work.forgotten == 0
    for number in range(30_000):
        mac, address = b"\2\1" + number.to_bytes(4), b"\x0a" + number.to_bytes(3)
        head = (700 + number / 500, number, 0, mac, b"\xff" * 6)
        at_work.take(Arp(*head, 1, mac, address, bytes(6), address))
    assert at_work.forgotten > 10_000


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
