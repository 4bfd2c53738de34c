"""What leaves the sensor: attackers by name, nobody else, and times that machines can read."""

import json
from dataclasses import replace

from agent.sensor.incidents import Incident, Party
from agent.sensor.telling import as_event, as_json, subject_of

ATTACKER = Party(b"\xc0\x00\x02\x09", b"\x02\0\0\0\0\x09", 0, "inside")
SERVER = Party(b"\xc0\x00\x02\x01", b"\x02\0\0\0\0\x01", 22, "gateway")
SCAN = Incident(
    *("port_scan", "k", 1_790_000_000.25, 1_790_000_059.5, ATTACKER, SERVER, 120, 0.912),
    *({"ports": 120, "per_s": 2.5}, (3, 9, 400), 7, 60.0),
)


def test_an_attack_names_who_did_it_and_whom_it_hit() -> None:
    event = as_event(SCAN, "begin", "eth0", "abc")
    assert (event.kind, event.target, event.subject, event.active) == (
        *("port_scan", "eth0", "abc", True),
    )
    assert event.at == 1_790_000_000_250_000_000
    assert event.severity is None
    assert event.details == {
        "source": {"address": "192.0.2.9", "mac": "02:00:00:00:00:09", "role": "inside"},
        "target": {
            "address": "192.0.2.1",
            "mac": "02:00:00:00:00:01",
            "role": "gateway",
            "port": 22,
        },
        "count": 120,
        "confidence": 0.91,
        "evidence": {"ports": 120, "per_s": 2.5},
        "began": 1_790_000_000_250_000_000,
        "vlan": 7,
    }


def test_an_attack_ends_when_it_was_last_seen() -> None:
    begun, updated, ended = (as_event(SCAN, s, "eth0", "a") for s in ("begin", "update", "end"))
    assert (begun.active, updated.active, ended.active) == (True, True, False)
    assert begun.at < updated.at == ended.at == 1_790_000_059_500_000_000


def test_what_is_no_attack_names_no_machine_that_may_be_a_persons() -> None:
    event = as_event(replace(SCAN, kind="ip_conflict"), "begin", "eth0", "abc")
    assert event.details["source"] == {"role": "inside"}
    assert event.details["target"]["address"] == "192.0.2.1"
    unknown = replace(SCAN, kind="ip_conflict", source=replace(ATTACKER, role=""))
    assert as_event(unknown, "begin", "eth0", "abc").details["source"] == {}


def test_a_subject_is_the_same_for_the_same_attack_and_says_nothing_of_it() -> None:
    keyed = replace(SCAN, key=(ATTACKER.address, "port"))
    one = subject_of(keyed, b"secret")
    assert one == subject_of(replace(keyed, count=9), b"secret")
    assert len({one, subject_of(SCAN, b"secret"), subject_of(keyed, b"other")}) == 3
    assert len(one) == 10
    assert int(one, 16)


def test_who_has_the_capture_reads_every_address_and_what_is_unknown_is_left_out() -> None:
    flapping = replace(SCAN, kind="mac_flapping", target=Party(), vlan=0)
    assert json.loads(json.dumps(as_json(flapping))) == {
        "code": "EV-SYS-FLAP",
        "kind": "mac_flapping",
        "category": "设备设施故障/技术故障",
        "severity": "P3",
        "start": "2026-09-21T14:13:20.250000Z",
        "end": "2026-09-21T14:14:19.500000Z",
        "source": {"address": "192.0.2.9", "mac": "02:00:00:00:00:09", "role": "inside"},
        "target": {},
        "count": 120,
        "confidence": 0.91,
        "evidence": {"ports": 120, "per_s": 2.5},
        "packets": [3, 9, 400],
    }
