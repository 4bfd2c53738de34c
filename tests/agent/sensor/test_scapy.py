"""What scapy writes is read as it was meant: it knows nothing of our readers and builders."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.config import conf
from scapy.layers import dhcp, dhcp6, dns, inet, inet6, l2
from scapy.packet import Packet, Raw

from agent.sensor.facts import Advert, Arp, Dhcp, Dhcp6, Dns, Fact, Frame, Neighbour, Tcp
from agent.sensor.packets import facts_of
from tests.chance import examples

quick = settings(max_examples=examples(120), deadline=None)
ETHER = l2.Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")

ipv4s = st.integers(1, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
ipv6s = st.integers(1, 2**128 - 1).map(lambda number: str(IPv6Address(number)))
macs = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))
labels = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-_", min_size=1, max_size=63)
names = st.lists(labels, min_size=1, max_size=6).map(".".join).filter(lambda name: len(name) < 250)


@pytest.fixture(autouse=True, scope="module")
def whole() -> None:
    if conf.layers.filtered:
        conf.layers.unfilter()


def fact_of(packet: Packet) -> Fact:
    malformed: dict[str, int] = {}
    frame, *facts = facts_of(bytes(packet), 1.0, 1, malformed=malformed)
    assert isinstance(frame, Frame)
    assert malformed == {}
    [fact] = facts
    return fact


def packed(text: str) -> bytes:
    return ip_address(text).packed


def several(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(map(packed, texts))


@quick
@given(macs, ipv4s, macs, ipv4s, st.integers(1, 4094))
def test_arp_in_two_tags(one: str, sender: str, other: str, target: str, vlan: int) -> None:
    operation = 1 + vlan % 2
    tags = l2.Dot1AD(vlan=vlan) / l2.Dot1Q(vlan=9)
    said = l2.ARP(op=operation, hwsrc=one, psrc=sender, hwdst=other, pdst=target)
    fact = fact_of(ETHER / tags / said)
    assert isinstance(fact, Arp)
    assert (fact.vlan, fact.operation) == (vlan, operation)
    assert (fact.sender_mac.hex(":"), fact.sender) == (one, packed(sender))
    assert (fact.target_mac.hex(":"), fact.target) == (other, packed(target))


@quick
@given(st.binary(max_size=40), st.integers(1, 65_535), st.integers(0, 2**32 - 1), st.data())
def test_tcp_with_options_behind_ip_with_options(
    payload: bytes, port: int, sequence: int, data: st.DataObject
) -> None:
    options = data.draw(
        st.lists(st.sampled_from([("MSS", 1460), ("WScale", 7), ("SAckOK", b""), ("NOP", None)]))
    )
    segment = inet.TCP(dport=port, flags="S", seq=sequence, options=options[:6]) / Raw(payload)
    four = inet.IP(src="192.0.2.1", dst="192.0.2.2", options=[inet.IPOption_NOP()] * 3)
    six = inet6.IPv6(src="fe80::1", dst="fe80::2") / inet6.IPv6ExtHdrHopByHop()
    six = six / inet6.IPv6ExtHdrDestOpt() / inet6.IPv6ExtHdrFragment(m=1)
    for network in (four, six):
        fact = fact_of(ETHER / network / segment)
        assert isinstance(fact, Tcp)
        assert (fact.target_port, fact.sequence, fact.payload) == (port, sequence, len(payload))


@quick
@given(
    st.sampled_from(["offer", "ack", "nak"]),
    st.lists(ipv4s, min_size=1, max_size=5),
    st.lists(ipv4s, min_size=1, max_size=5),
    ipv4s,
    st.integers(0, 2**32 - 1),
)
def test_dhcp(
    message: str, routers: list[str], resolvers: list[str], server: str, transaction: int
) -> None:
    options: list[Any] = [
        ("message-type", message),
        ("server_id", server),
        ("hostname", b"not kept"),
        "pad",
        ("router", *routers),
        ("name_server", *resolvers),
        "end",
    ]
    head = dhcp.BOOTP(op=2, chaddr=b"\2\0\0\0\0\7", xid=transaction, yiaddr=server)
    udp = inet.IP(src=server, dst="255.255.255.255") / inet.UDP(sport=67, dport=68)
    fact = fact_of(ETHER / udp / head / dhcp.DHCP(options=options))
    assert isinstance(fact, Dhcp)
    assert fact.message == {"offer": 2, "ack": 5, "nak": 6}[message]
    assert (fact.server, fact.yours) == (packed(server), packed(server))
    assert (fact.client, fact.transaction) == (b"\2\0\0\0\0\7", transaction)
    # Option 5 is IEN 116's; resolvers are 6, which scapy calls "name_server"
    assert fact.routers == several(routers)
    assert fact.resolvers == several(resolvers)


duids = st.one_of(
    macs.map(lambda mac: dhcp6.DUID_LL(lladdr=mac)),
    macs.map(lambda mac: dhcp6.DUID_LLT(lladdr=mac, timeval=7)),
    st.binary(min_size=1, max_size=100).map(lambda raw: dhcp6.DUID_EN(enterprisenum=9, id=raw)),
    st.just(dhcp6.DUID_UUID()),
)


@quick
@given(duids, duids, st.lists(ipv6s, max_size=4), st.integers(0, 3))
def test_dhcp_for_ipv6(server: Packet, client: Packet, resolvers: list[str], relays: int) -> None:
    said: Packet = dhcp6.DHCP6_Advertise() / dhcp6.DHCP6OptServerId(duid=server)
    said = said / dhcp6.DHCP6OptIA_NA() / dhcp6.DHCP6OptClientId(duid=client)
    if resolvers:
        said = said / dhcp6.DHCP6OptDNSServers(dnsservers=resolvers)
    for _ in range(relays):
        relay = dhcp6.DHCP6_RelayReply() / dhcp6.DHCP6OptIfaceId(ifaceid=b"port 7")
        said = relay / dhcp6.DHCP6OptRelayMsg(message=said)
    udp = inet6.IPv6(src="fe80::1", dst="fe80::2") / inet.UDP(sport=547, dport=546)
    fact = fact_of(ETHER / udp / said)
    assert isinstance(fact, Dhcp6)
    assert fact.message == (13 if relays else 2)
    assert (fact.server, fact.client) == (bytes(server), bytes(client))
    assert fact.resolvers == several(resolvers)


advert_options = st.lists(
    st.one_of(
        st.builds(
            lambda prefix, length, valid: inet6.ICMPv6NDOptPrefixInfo(
                prefix=prefix, prefixlen=length, validlifetime=valid
            ),
            *(ipv6s, st.integers(0, 128), st.integers(0, 2**32 - 1)),
        ),
        st.lists(ipv6s, min_size=1, max_size=3).map(
            lambda found: inet6.ICMPv6NDOptRDNSS(dns=found)
        ),
        st.integers(1280, 9000).map(lambda mtu: inet6.ICMPv6NDOptMTU(mtu=mtu)),
        st.just(inet6.ICMPv6NDOptDNSSL(searchlist=["school.test"])),
        st.just(inet6.ICMPv6NDOptRouteInfo(prefix="2001:db8::", plen=48)),
    ),
    max_size=8,
)


@quick
@given(advert_options, st.sampled_from([0, 1, 3]), st.integers(0, 65_535), macs)
def test_router_advertisements(
    options: list[Packet], preference: int, lifetime: int, link: str
) -> None:
    said: Packet = inet6.ICMPv6ND_RA(prf=preference, routerlifetime=lifetime, M=1, O=1)
    for option in (*options, inet6.ICMPv6NDOptSrcLLAddr(lladdr=link)):
        said = said / option.copy()
    fact = fact_of(ETHER / inet6.IPv6(src="fe80::1", dst="ff02::1", hlim=255) / said)
    assert isinstance(fact, Advert)
    assert (fact.lifetime, fact.hops, fact.link.hex(":")) == (lifetime, 255, link)
    assert fact.preference == {0: 0, 1: 1, 3: -1}[preference]
    infos = [one for one in options if isinstance(one, inet6.ICMPv6NDOptPrefixInfo)]
    assert fact.prefixes == tuple(
        (packed(one.prefix), one.prefixlen, one.validlifetime) for one in infos
    )
    servers = [one.dns for one in options if isinstance(one, inet6.ICMPv6NDOptRDNSS)]
    assert fact.resolvers == several([text for some in servers for text in some])


@quick
@given(ipv6s, macs, st.booleans(), st.booleans())
def test_neighbours(owned: str, link: str, router: bool, override: bool) -> None:
    said = inet6.ICMPv6ND_NA(tgt=owned, R=router, O=override)
    said = said / inet6.ICMPv6NDOptDstLLAddr(lladdr=link)
    fact = fact_of(ETHER / inet6.IPv6(src="fe80::1", dst="ff02::1", hlim=255) / said)
    assert isinstance(fact, Neighbour)
    assert (fact.target, fact.link.hex(":")) == (packed(owned), link)
    assert (fact.router, fact.override) == (router, override)


@quick
@given(names, st.sampled_from([1, 16, 28, 255]), st.integers(0, 15), st.integers(0, 4))
def test_dns(name: str, kind: int, code: int, answers: int) -> None:
    records = [dns.DNSRR(rrname=name, type="A", rdata="192.0.2.7") for _ in range(answers)]
    message = dns.DNS(qr=1, rcode=code, qd=[dns.DNSQR(qname=name, qtype=kind)], an=records)
    udp = inet.IP(src="192.0.2.53", dst="192.0.2.9") / inet.UDP(sport=53, dport=4000)
    fact = fact_of(ETHER / udp / message)
    assert isinstance(fact, Dns)
    assert (fact.name, fact.kind, fact.code, fact.answers, fact.response) == (
        *(name.lower(), kind, code, answers, True),
    )
    assert fact.size == len(bytes(message))
