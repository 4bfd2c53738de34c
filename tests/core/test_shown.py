"""What of a security event may be shown: the one function that decides it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kinds import KINDS
from core.securitykinds import SECURITY_KINDS
from core.shown import NO_MAC, is_attack, named, scrubbed, shown, shown_name, subnet_of

ADDRESS, MAC, V6 = "192.168.31.77", "de:ad:be:ef:00:77", "2001:db8:1:2:a:b:c:77"
FORMS = (MAC, MAC.upper(), MAC.replace(":", "-"), "dead.beef.0077", "deadbeef0077")
ATTACK: dict[str, Any] = {
    "source": {"address": ADDRESS, "mac": MAC, "role": "inside", "port": 4444},
    "target": {"address": V6, "mac": "", "role": "gateway"},
    "count": 12,
    "confidence": 0.9,
    "evidence": {"ports": 12, "per_s": 1.5},
    "began": 1_795_374_585_000_000_000,
    "vlan": 3,
}


def test_an_attack_shows_role_and_network_and_keeps_its_figures() -> None:
    assert shown("gateway_spoof", ATTACK) == {
        **ATTACK,
        "source": {"role": "inside", "subnet": "192.168.31.0/24", "port": 4444},
        "target": {"role": "gateway", "subnet": "2001:db8:1:2::/64"},
    }


def test_the_school_may_know_the_machines_of_an_attack_and_of_nothing_else() -> None:
    assert named("gateway_spoof", ATTACK) == {n: ATTACK[n] for n in ("source", "target")}
    assert named("new_device", ATTACK) == named("cleartext_login", ATTACK) == {}
    assert named("link_down", ATTACK) == {}


def test_every_kind_of_security_is_shown_without_addresses_and_others_are_left_alone() -> None:
    for kind in KINDS:
        said = json.dumps(shown(kind, ATTACK))
        is_shown = kind in {one.word for one in SECURITY_KINDS} or is_attack(kind)
        assert (ADDRESS in said) is not is_shown, kind


@pytest.mark.parametrize("mac", FORMS)
@pytest.mark.parametrize("where", ["why", "user", "list", "inner", "key"])
def test_an_address_is_found_wherever_it_stands(where: str, mac: str) -> None:
    text = f"refused {ADDRESS}:22 ({mac}) via {V6}%eth0"
    said: Any = {
        "why": text,
        "user": {"name": text},
        "list": [[text]],
        "inner": {"source": {"extra": text, "role": text}},
        "key": {text: 1},
    }[where]
    found = json.dumps(shown("logins_failed", {where: said}))
    assert not any(one in found for one in (ADDRESS, mac, V6))


@pytest.mark.parametrize(
    "text", ["12:34:56", "v1.2.3", "eth0.100", "a1b2c3d4e5", "16:9", "Port 8080, 3.5 s", "::"]
)
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert scrubbed(text) in (text, "::/64")


def test_a_subject_that_is_an_address_is_shown_as_its_network() -> None:
    assert shown_name("logins_failed", f"ssh {ADDRESS}") == "ssh 192.168.31.0/24"
    assert shown_name("logins_failed", MAC) == NO_MAC
    assert shown_name("link_down", ADDRESS) == ADDRESS


@given(st.ip_addresses(v=4), st.text(" ,;=()[]\"'", max_size=3))
def test_no_ipv4_address_survives(address: Any, around: str) -> None:
    text = str(address)
    network = subnet_of(text)
    assert scrubbed(f"{around}{text}{around}") == f"{around}{network}{around}"


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_survives(address: Any) -> None:
    assert scrubbed(f"from {address} to") == f"from {subnet_of(str(address))} to"
