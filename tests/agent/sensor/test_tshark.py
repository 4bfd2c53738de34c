"""Tshark reads of every frame what we read of it: addresses, ports, options, prefixes and names."""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.sensor.facts import (
    Advert,
    Arp,
    Dhcp,
    Dhcp6,
    Dns,
    Fact,
    Frame,
    Icmp,
    Neighbour,
    Snmp,
    Tcp,
)
from tests.agent.sensor.reading import read
from tests.agent.sensor.test_fuzz import ENDS, WHOLE
from tests.agent.sensor.test_links import SYN
from tests.packets import dhcp, dns, ndp, snmp
from tests.packets import frames as make
from tests.packets.captures import COOKED, COOKED_2, ETHERNET
from tests.packets.cooked import cooked, cooked_2
from tests.packets.pcapng import write_pcapng
from tests.real import tshark

pytestmark = pytest.mark.real("tshark")

ONE, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"
FRAMES = [
    *WHOLE,
    SYN,
    make.arp(2, ONE, "192.0.2.1", OTHER, "192.0.2.2"),
    make.over(ONE, OTHER, make.tcp("192.0.2.1", 1, "192.0.2.2", 22, make.RST | make.ACK), (7,)),
    make.over(ONE, OTHER, make.icmp("192.0.2.1", "192.0.2.2", 8, 0, bytes(40))),
    dhcp.asks(OTHER, dhcp.DISCOVER, transaction=0xDEADBEEF),
    dhcp.answers(
        *(ONE, "192.0.2.1", OTHER, dhcp.ACK),
        yours="192.0.2.77",
        relay="192.0.2.3",
        routers=("192.0.2.1", "192.0.2.4"),
        resolvers=("192.0.2.53", "192.0.2.54"),
        identifier="192.0.2.5",
    ),
    dhcp.asks_6(OTHER, "fe80::2"),
    dhcp.answers_6(ONE, "fe80::1", OTHER, 7, resolvers=("2001:db8::53", "2001:db8::54")),
    ndp.router_advert(
        ONE,
        "fe80::1",
        prefixes=("2001:db8:1::/64", "2001:db8:2::/48"),
        servers=("2001:db8::53", "2001:db8::54"),
        lifetime=0,
        preference=ndp.LOW,
    ),
    ndp.neighbour_solicit(OTHER, "fe80::2", "fe80::1"),
    ndp.neighbour_solicit(OTHER, "::", "fe80::2"),
    ndp.neighbour_advert(ONE, "fe80::1", router=True),
    dns.asked("Long-Name.of.a.School.example", dns.TXT, **ENDS),
    dns.answered("nowhere.test", code=dns.NXDOMAIN, **ENDS),
    make.over(
        *(ONE, OTHER),
        make.udp("192.0.2.9", 4000, "192.0.2.1", 161, snmp.message("k7Qx", snmp.V1)),
    ),
]


def text(address: bytes) -> str:
    return str(ip_address(address))


def several(addresses: tuple[bytes, ...]) -> list[str]:
    return [text(address) for address in addresses]


def frame(fact: Frame) -> dict[str, list[str]]:
    vlan = {"vlan.id": [str(fact.vlan)]} if fact.vlan else {}
    return {"frame.len": [str(fact.size)], **vlan}


def arp(fact: Arp) -> dict[str, list[str]]:
    return {
        "arp.opcode": [str(fact.operation)],
        "arp.src.hw_mac": [fact.sender_mac.hex(":")],
        "arp.src.proto_ipv4": [text(fact.sender)],
        "arp.dst.hw_mac": [fact.target_mac.hex(":")],
        "arp.dst.proto_ipv4": [text(fact.target)],
    }


def tcp(fact: Tcp) -> dict[str, list[str]]:
    return {
        "tcp.srcport": [str(fact.source_port)],
        "tcp.dstport": [str(fact.target_port)],
        "tcp.flags": [f"0x{fact.flags:04x}"],
        "tcp.seq_raw": [str(fact.sequence)],
        "tcp.len": [str(fact.payload)],
    }


def icmp(fact: Icmp) -> dict[str, list[str]]:
    name = "icmp.type" if len(fact.source) == 4 else "icmpv6.type"
    kinds = {"icmp.type": ("8", "3"), "icmpv6.type": ("128", "1")}[name]
    inner = {"udp.dstport": [str(fact.inner_port)]} if fact.inner_port else {}
    return {name: [kinds[fact.kind != "echo"]], **inner}


def dhcp_4(fact: Dhcp) -> dict[str, list[str]]:
    return {
        "dhcp.option.dhcp": [str(fact.message)],
        "dhcp.id": [f"0x{fact.transaction:08x}"],
        "dhcp.hw.mac_addr": [fact.client.hex(":")],
        "dhcp.ip.your": [text(fact.yours)],
        "dhcp.ip.relay": [text(fact.relay)],
        "dhcp.option.dhcp_server_id": several((fact.server,) if fact.server else ()),
        "dhcp.option.router": several(fact.routers),
        "dhcp.option.domain_name_server": several(fact.resolvers),
    }


def dhcp_6(fact: Dhcp6) -> dict[str, list[str]]:
    duids = [duid.hex() for duid in (fact.server, fact.client) if duid]
    return {"dhcpv6.duid.bytes": duids, "dhcpv6.dns_server": several(fact.resolvers)}


def advert(fact: Advert) -> dict[str, list[str]]:
    return {
        "ipv6.hlim": [str(fact.hops)],
        "icmpv6.nd.ra.router_lifetime": [str(fact.lifetime)],
        "icmpv6.nd.ra.flag.prf": [{0: "0", 1: "1", -1: "3"}[fact.preference]],
        "icmpv6.opt.linkaddr": [fact.link.hex(":")],
        "icmpv6.opt.prefix": [text(prefix) for prefix, _, _ in fact.prefixes],
        "icmpv6.opt.prefix.length": [str(length) for _, length, _ in fact.prefixes],
        "icmpv6.opt.prefix.valid_lifetime": [str(valid) for _, _, valid in fact.prefixes],
        "icmpv6.opt.rdnss": several(fact.resolvers),
    }


def neighbour(fact: Neighbour) -> dict[str, list[str]]:
    return {
        f"icmpv6.nd.{'na' if fact.advert else 'ns'}.target_address": [text(fact.target)],
        "icmpv6.opt.linkaddr": [fact.link.hex(":")] if fact.link else [],
    }


def dns_message(fact: Dns) -> dict[str, list[str]]:
    return {
        "dns.qry.name": [fact.name],
        "dns.qry.type": [str(fact.kind)],
        "dns.count.answers": [str(fact.answers)],
    }


def snmp_message(fact: Snmp) -> dict[str, list[str]]:
    return {"snmp.version": [str(fact.version)]}


WORDS: dict[type[Fact], Callable[..., dict[str, list[str]]]] = {
    Frame: frame,
    Arp: arp,
    Tcp: tcp,
    Icmp: icmp,
    Dhcp: dhcp_4,
    Dhcp6: dhcp_6,
    Advert: advert,
    Neighbour: neighbour,
    Dns: dns_message,
    Snmp: snmp_message,
}


ENCLOSING = ("vlan.id", "ip.src", "ipv6.src")
"""Of two tags, and of what an ICMP message encloses, tshark tells both; ours is the first."""


def expected(facts: list[Fact]) -> dict[int, dict[str, list[str]]]:
    """What tshark has to say of each packet, by its number."""
    found: dict[int, dict[str, list[str]]] = {}
    for fact in facts:
        told = found.setdefault(fact.number, {})
        told |= {name: values for name, values in WORDS[type(fact)](fact).items() if values}
        if not isinstance(fact, Frame | Arp):
            told["ip.src" if len(fact.source) == 4 else "ipv6.src"] = [text(fact.source)]
    return found


def said(packet: dict[str, list[str]], name: str) -> list[str]:
    values = packet.get(name, [])
    if name == "vlan.id":
        values = packet.get("ieee8021ad.id", []) + values
    return [value.lower() for value in (values[:1] if name in ENCLOSING else values)]


@pytest.mark.parametrize(
    ("wrap", "link"),
    [(bytes, ETHERNET), (cooked, COOKED), (cooked_2, COOKED_2)],
    ids=["ethernet", "cooked", "cooked 2"],
)
def test_tshark_reads_the_same(wrap: Callable[[bytes], bytes], link: int, tmp_path: Path) -> None:
    tshark.need()
    frames = [(1_790_000_000.0 + number, wrap(one)) for number, one in enumerate(FRAMES)]
    facts, malformed = read(frames, link)
    assert malformed == {}
    assert {type(fact) for fact in facts} == set(WORDS)
    ours = expected(facts)
    names = sorted({name for told in ours.values() for name in told})
    capture = write_pcapng(tmp_path / "a.pcapng", frames, link)
    theirs = tshark.fields(capture, [*names, "ieee8021ad.id"])
    assert {
        number: {name: said(theirs[number - 1], name) for name in told}
        for number, told in ours.items()
    } == ours
    # And it finds nothing of DHCP that we left out.
    for number, told in ours.items():
        assert {name for name in theirs[number - 1] if name.startswith("dhcp")} <= set(told)
